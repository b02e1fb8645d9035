import { assertEquals } from "@std/assert";
import { TransportDuplex } from "../../lib/transport/duplex.ts";
import type { Transport } from "../../lib/transport/transport.ts";

const ADDRESS: Deno.Addr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };

/** A transport whose reads are counted and answered by the test. */
class Source implements Transport {
  readonly localAddr = ADDRESS;
  readonly remoteAddr = ADDRESS;
  reads = 0;
  #settle: ((count: number) => void) | undefined;

  read(): Promise<number> {
    this.reads++;
    return new Promise((resolve) => this.#settle = resolve);
  }

  /** Answers the pending read. */
  async give(bytes: number): Promise<void> {
    this.#settle!(bytes);
    await settled();
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}
}

/** Settles once the stream has done what it does in later turns. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a duplex that is full reads nothing, and makes up for it by one read when there is room", async () => {
  const source = new Source();
  const duplex = new TransportDuplex(source);
  let isFull = true;
  duplex.pauseWhile(() => isFull);
  let received = 0;
  duplex.on("data", (chunk: Uint8Array) => received += chunk.length);
  await settled();
  assertEquals(source.reads, 0);
  duplex.resumeReading();
  await settled();
  assertEquals(source.reads, 0, "it is full still");
  isFull = false;
  duplex.resumeReading();
  duplex.resumeReading();
  await settled();
  assertEquals(source.reads, 1);
  await source.give(5);
  assertEquals([received, source.reads], [5, 2]);
  duplex.resumeReading();
  await settled();
  assertEquals(source.reads, 2, "nothing was held back");
  duplex.destroy();
});
