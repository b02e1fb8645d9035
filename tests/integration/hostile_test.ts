/**
 * Clients that mean ill or know no better, against a server in a process of its own: each gets its documented outcome,
 * the server's memory stays flat and another client is answered throughout.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { fromSource, Program, TempFolder } from "../support/program.ts";
import { resetAfter, resetAtOnce } from "../support/reset.ts";
import { soon, until, Wire } from "../support/wire.ts";

const MIB = 1024 * 1024;
const handler = new URL("../fixtures/services/big_answers.ts", import.meta.url).pathname;

const configuration = `
log: { format: json, level: debug }
control: false
services:
  hostile:
    handler: ${JSON.stringify(handler)}
    limits: { sendTimeout: 1s, frameTimeout: 60s }
`;

/** A server and a client of it that asks all the time. */
class Bystander implements AsyncDisposable {
  readonly port: number;
  readonly program: Program;
  readonly #folder: TempFolder;
  #asking = true;
  readonly #asked: Promise<number>;

  private constructor(program: Program, folder: TempFolder, port: number) {
    [this.program, this.#folder, this.port] = [program, folder, port];
    this.#asked = this.#ask();
    this.#asked.catch(() => {});
  }

  static async start(): Promise<Bystander> {
    const folder = new TempFolder();
    await folder.write({ "protohost.yaml": configuration });
    const program = new Program(fromSource, ["serve"], folder.path);
    const [, port] = await program.until(/text:\/\/127\.0\.0\.1:(\d+)/);
    return new Bystander(program, folder, Number(port));
  }

  /** Resident memory of the server in bytes; 0 where there is no `ps`. */
  async memory(): Promise<number> {
    if (Deno.build.os === "windows") return 0;
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "rss=", "-p", `${this.program.pid}`] })
      .output();
    return Number(new TextDecoder().decode(stdout)) * 1024;
  }

  /** Waits for a log record with this code. */
  logged(code: string): Promise<unknown> {
    return this.program.until(new RegExp(`"code":"${code}"`));
  }

  async #ask(): Promise<number> {
    using wire = await Wire.open(this.port);
    let count = 0;
    for (; this.#asking; count++) {
      await wire.write(`ask ${count}\n`);
      assertEquals(await wire.line(), `ask ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#asking = false;
    try {
      await this.#asked;
    } finally {
      await this.program[Symbol.asyncDispose]();
      await this.#folder[Symbol.asyncDispose]();
    }
  }
}

Deno.test("a line of 100 MB without an end is refused at maxFrameBytes", async () => {
  await using server = await Bystander.start();
  const before = await server.memory();
  using wire = await Wire.open(server.port);
  const writing = wire.write(new Uint8Array(100_000_000).fill(97)).catch(() => {});
  await server.logged("frame_too_large");
  // The server discards 1 MiB more, then closes on what still comes.
  await soon(writing);
  assertEquals(await wire.rest().catch(() => ""), "");
  assertLess(await server.memory() - before, 48 * MIB);
});

Deno.test("a message that comes byte by byte is answered", async () => {
  await using server = await Bystander.start();
  using wire = await Wire.open(server.port);
  const line = "byte by byte ".repeat(200);
  for (const byte of `${line}\n`) await wire.write(byte);
  assertEquals(await wire.line(), line);
});

Deno.test("a client that never reads is held back, and cut after sendTimeout", async () => {
  await using server = await Bystander.start();
  const before = await server.memory();
  using wire = await Wire.open(server.port);
  const writing = wire.write("big\n".repeat(1_000_000)).catch(() => {});
  let most = 0;
  let cut = false;
  server.logged("send_timeout").then(() => cut = true);
  await until(async () => {
    most = Math.max(most, await server.memory());
    return cut;
  });
  await soon(writing);
  assertLess(most - before, 96 * MIB);
});

Deno.test("a reset in the middle of a frame ends that connection alone", async () => {
  await using server = await Bystander.start();
  await resetAfter(server.port, "half a li", () => new Promise((resolve) => setTimeout(resolve, 50)));
  await server.logged("connection_reset");
});

Deno.test("a bad frame behind an 8 MiB reply: the reply arrives whole, then the end", async () => {
  await using server = await Bystander.start();
  using wire = await Wire.open(server.port);
  await wire.write("big\n");
  const writing = wire.write(new Uint8Array(1.5 * MIB).fill(97));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const reply = await wire.rest();
  assertEquals(reply.length, 8 * MIB);
  await soon(writing);
  await server.logged("frame_too_large");
});

Deno.test("half-closed connections are answered in full", async () => {
  await using server = await Bystander.start();
  await Promise.all(Array.from({ length: 100 }, async (_, index) => {
    using wire = await Wire.open(server.port);
    await wire.write(`${index}\n${index}\nrest`);
    await wire.conn.closeWrite();
    assertEquals(await wire.rest(), `${index}\n${index}\nrest\n`);
  }));
});

Deno.test("10,000 idle connections all stay, and one message more on each is answered", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using server = await Bystander.start();
  const wires: Wire[] = [];
  try {
    while (wires.length < 10_000) {
      wires.push(...await Promise.all(Array.from({ length: 100 }, () => Wire.open(server.port))));
    }
    for (let round = 0; round < 2; round++) {
      for (const [index, wire] of wires.entries()) {
        await wire.write(`${round} ${index}\n`);
        assertEquals(await wire.line(), `${round} ${index}`);
      }
    }
  } finally {
    for (const wire of wires) wire[Symbol.dispose]();
  }
});

Deno.test("clients that reset their connections before they are accepted keep nobody from being accepted", async () => {
  await using bystander = await Bystander.start();
  for (let round = 0; round < 10; round++) {
    // Many at once: most are gone before their turn to be accepted.
    await Promise.all(Array.from({ length: 50 }, () => resetAtOnce(bystander.port)));
    using wire = await Wire.open(bystander.port);
    await wire.write("1\n");
    await wire.line();
  }
  assertEquals(/Cannot accept/.exec(bystander.program.output), null);
});
