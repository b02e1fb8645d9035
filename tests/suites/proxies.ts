/**
 * Proxies that see every message both ways, made as they are asked for.
 *
 * @module
 */

import { defineHooks, listen, type MiddleOptions, on, type Server } from "@protohost/protohost";
import { fromFileUrl } from "@std/path";

const FIXTURES = fromFileUrl(new URL("../fixtures/tls/", import.meta.url));

/** Has every message decoded, and every hook run. */
const WATCHING = defineHooks([on(() => true, () => {}, { direction: "both" })]);

/** One proxy for each server. */
export class Proxies implements AsyncDisposable {
  readonly #protocol: string;
  readonly #proxies: Map<string, Promise<Server>> = new Map();
  readonly #broker: Deno.TcpListener = Deno.listen({ hostname: "127.0.0.1", port: 0 });

  /** Proxies of a bundled protocol. */
  constructor(protocol: string) {
    this.#protocol = protocol;
    this.#answer();
  }

  /** Where a suite in another process asks for proxies: `{"port":P,"tls":B}`, a line, is answered by a port. */
  get brokerPort(): number {
    return this.#broker.addr.port;
  }

  /** The port of the proxy before the server at a port. */
  async before(port: number, options: { tls?: boolean } = {}): Promise<number> {
    const key = `${port} ${options.tls ?? false}`;
    let proxy = this.#proxies.get(key);
    if (proxy === undefined) {
      const inside = options.tls ? "+tls" : "";
      const behind: MiddleOptions = {
        upstream: `${options.tls ? "tls" : "tcp"}://127.0.0.1:${port}`,
        upstreamTls: { verify: false },
        hooks: WATCHING,
      };
      proxy = listen(`${this.#protocol}${inside}://127.0.0.1:0`, {
        ...behind,
        tls: { cert: `${FIXTURES}one.crt`, key: `${FIXTURES}one.key` },
      });
      this.#proxies.set(key, proxy);
    }
    return (await proxy).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#broker.close();
    for (const proxy of this.#proxies.values()) await (await proxy).close({ immediate: true });
  }

  async #answer(): Promise<void> {
    for await (const conn of this.#broker) {
      this.#answerOne(conn).catch(() => {}).finally(() => {
        try {
          conn.close();
        } catch { /* closed by its stream */ }
      });
    }
  }

  async #answerOne(conn: Deno.Conn): Promise<void> {
    const room = new Uint8Array(1024);
    const count = await conn.read(room) ?? 0;
    const { port, tls } = JSON.parse(new TextDecoder().decode(room.subarray(0, count)));
    await conn.write(new TextEncoder().encode(String(await this.before(port, { tls }))));
  }
}
