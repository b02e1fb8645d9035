/**
 * The wait for what an upstream still answers when the client's connection is to end from this side.
 *
 * What can fail: the upstream waits for more of a request that never comes (once it has been silent for `lingerTimeout` it
 * is told that nothing follows, by the end of what is written to it), it does not end then (`handlerTimeout` bounds the
 * whole), it is lost or the client leaves (the wait is over).
 *
 * @module
 */

import type { Ticking } from "../connection/clock.ts";
import type { ServiceConnection } from "../connection/service_connection.ts";

/** One such wait. Whoever counts answers ends it; otherwise it lasts until the upstream's end. */
export class LastAnswers implements Ticking {
  readonly #client: ServiceConnection;
  readonly #upstream: ServiceConnection;
  readonly #over: () => void;
  readonly #begunAt: number;
  /** When the upstream was last heard, and how many bytes had come by then. */
  #heardAt: number;
  #heardBytes: number;

  /**
   * @param options.counted Whether answers are counted. If not, the upstream is told at once that nothing follows.
   * @param options.over Called when the wait is over without the last answer: at the upstream's end, or when it takes too
   *   long.
   */
  constructor(
    client: ServiceConnection,
    upstream: ServiceConnection,
    options: { counted: boolean; over(): void },
  ) {
    this.#client = client;
    this.#upstream = upstream;
    this.#over = options.over;
    this.#begunAt = this.#heardAt = client.host.clock.now;
    this.#heardBytes = upstream.bytesRead;
    if (!options.counted) upstream.end();
    client.host.clock.add(this);
  }

  tick(now: number): void {
    const { limits } = this.#client.host;
    if (this.#client.phase !== "open") return this.stop();
    // While the client does not take what has come, the upstream is not read.
    if (this.#upstream.bytesRead !== this.#heardBytes || this.#client.queuedBytes > 0) {
      this.#heardAt = now;
      this.#heardBytes = this.#upstream.bytesRead;
    }
    if (now - this.#heardAt >= limits.lingerTimeoutMs) this.#upstream.end();
    if (limits.handlerTimeoutMs > 0 && now - this.#begunAt >= limits.handlerTimeoutMs) this.end();
  }

  /** The upstream says no more, or is not waited for any longer. */
  end(): void {
    this.stop();
    this.#over();
  }

  /** The client is closed or about to be. */
  stop(): void {
    this.#client.host.clock.delete(this);
  }
}
