/**
 * A bare client that sends and receives bytes, with a deadline on everything.
 *
 * @module
 */

import { assert } from "@std/assert";

const DEADLINE_MS = 20_000;

/** Settles as the promise does, or rejects after a generous time. */
export async function soon<T>(
  promise: Promise<T>,
  what = "what was awaited",
  deadlineMs: number = DEADLINE_MS,
): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} did not happen within ${deadlineMs} ms`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Settles once the condition holds; looks every few milliseconds. */
export async function until(condition: () => unknown, what = "the condition"): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!await condition()) {
    assert(performance.now() < end, `${what} did not hold within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A TCP or unix connection of a test. */
export class Wire implements Disposable {
  readonly conn: Deno.Conn;
  /** How long a read may take. */
  deadlineMs: number = DEADLINE_MS;
  #held = new Uint8Array(0);

  constructor(conn: Deno.Conn) {
    this.conn = conn;
  }

  static async open(to: number | string): Promise<Wire> {
    if (typeof to === "string") return new Wire(await Deno.connect({ transport: "unix", path: to }));
    const conn = await Deno.connect({ hostname: "127.0.0.1", port: to });
    conn.setNoDelay(true);
    return new Wire(conn);
  }

  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    for (let at = 0; at < bytes.length;) at += await this.conn.write(bytes.subarray(at));
  }

  /** Reads exactly so many bytes, as text. */
  async text(count: number): Promise<string> {
    return new TextDecoder().decode(await this.bytes(count));
  }

  /** Reads a line, without its end. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#held.indexOf(10);
      if (at >= 0) return (await this.text(at + 1)).slice(0, -1);
      if (!await this.#more()) throw new Error("The stream ended before a line did");
    }
  }

  async bytes(count: number): Promise<Uint8Array> {
    while (this.#held.length < count) {
      if (!await this.#more()) {
        throw new Error(`The stream ended after ${this.#held.length} of ${count} bytes`);
      }
    }
    const bytes = this.#held.slice(0, count);
    this.#held = this.#held.slice(count);
    return bytes;
  }

  /** Reads to the end of the stream, as text. */
  async rest(): Promise<string> {
    return new TextDecoder().decode(await this.restBytes());
  }

  /** Reads to the end of the stream. */
  async restBytes(): Promise<Uint8Array> {
    while (await this.#more());
    return await this.bytes(this.#held.length);
  }

  async #more(): Promise<boolean> {
    const room = new Uint8Array(65_536);
    const count = await soon(this.conn.read(room), "a read", this.deadlineMs);
    if (count === null) return false;
    const joined = new Uint8Array(this.#held.length + count);
    joined.set(this.#held);
    joined.set(room.subarray(0, count), this.#held.length);
    this.#held = joined;
    return true;
  }

  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch { /* closed by the test */ }
  }
}
