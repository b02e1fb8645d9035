/**
 * What a client hears for which no process has time: `unavailable` of the protocol, written once, by a process that has
 * the protocol, and said by the pool, which has none.
 *
 * @module
 */

import { ServiceConnection } from "../connection/service_connection.ts";
import { Clock } from "../connection/clock.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import { LINGER_BYTES } from "../connection/reader.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { concat } from "../framing/bytes.ts";
import type { Limits } from "../contract/limits.ts";
import { createStats } from "../contract/stats.ts";
import { closeQuietly, type Transport, writeAll } from "../transport/transport.ts";

/** It has so long to take what it is told. */
const SAY_MS = 1000;

/** The bytes of a protocol's `unavailable`; none if it has none, or if that cannot be said without a connection. */
export async function refusalOf(protocol: AnyProtocol, limits: Limits): Promise<Uint8Array> {
  if (protocol.unavailable === undefined) return new Uint8Array();
  const said = new Recorder();
  const connection = new ServiceConnection("", said, {
    kind: "tcp",
    host: {
      side: "server",
      protocol,
      handler: {},
      limits: Object.freeze({ ...limits, lingerTimeoutMs: 0 }),
      clock: new Clock(limits),
      stats: createStats(),
      report() {},
      closed() {},
      released() {},
    },
  });
  try {
    connection.close(
      protocol.unavailable(new ConnectionError("connection_closed", "Cannot serve: no process has time")),
    );
    await said.closed;
  } catch {
    connection.destroy();
    return new Uint8Array();
  }
  return said.bytes;
}

/** Says it, ends writing, and waits for the peer to end too, for a while. */
export async function refuse(transport: Transport, bytes: Uint8Array, lingerMs: number): Promise<void> {
  const timer = setTimeout(() => closeQuietly(transport), SAY_MS + lingerMs);
  try {
    await writeAll(transport, bytes);
    await transport.closeWrite();
    const room = new Uint8Array(4096);
    for (let heard = 0; lingerMs > 0 && heard < LINGER_BYTES;) {
      const count = await transport.read(room);
      if (count === null) break;
      heard += count;
    }
  } catch { /* the peer is gone, or time is over */ }
  clearTimeout(timer);
  closeQuietly(transport);
}

/** A transport that leads nowhere and keeps what is written. */
class Recorder implements Transport {
  readonly localAddr: Deno.Addr = { transport: "tcp", hostname: "0.0.0.0", port: 0 };
  readonly remoteAddr: Deno.Addr = this.localAddr;
  readonly #closed: PromiseWithResolvers<void> = Promise.withResolvers();
  bytes: Uint8Array = new Uint8Array();

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  read(): Promise<null> {
    return Promise.resolve(null);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.bytes = concat([this.bytes, bytes]);
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#closed.resolve();
  }
}
