/**
 * The requests of one connection that are not answered yet, in their order. Pure.
 *
 * Clients may send requests without waiting for the answers to earlier ones. Hooks that look at both directions then need
 * to know which reply answers what.
 *
 * @module
 */

/** A request, as hooks on its reply see it. */
export interface HookRequest<M = unknown> {
  /** As it came. */
  readonly message: M;
  /** Its command. */
  readonly command: string;
}

/** At most this many requests are open; what comes then waits. */
export const MAX_OPEN = 1_024;
/** At most this many bytes may have come since the oldest open request; what comes then waits, so that memory is bounded. */
export const MAX_OPEN_BYTES = 1024 ** 2;

interface OpenRequest extends HookRequest {
  /** How much the connection had received when it came. */
  bytesRead: number;
}

/** Requests that wait for their answers. */
export class OpenRequests {
  readonly #requests: (OpenRequest | undefined)[] = [];
  /** The index of the oldest; those before it are answered. */
  #oldest = 0;
  /** What waits for requests to be answered, and for what. */
  #waiting: { isReady: () => boolean; resolve: () => void } | undefined;

  /** How many there are. */
  get size(): number {
    return this.#requests.length - this.#oldest;
  }

  /** The one that is answered next. */
  get oldest(): HookRequest | undefined {
    return this.#requests[this.#oldest];
  }

  /** Whether the next request has to wait, given how many bytes the connection has received. */
  isFull(bytesRead: number): boolean {
    const oldest = this.#requests[this.#oldest];
    return oldest !== undefined &&
      (this.size >= MAX_OPEN || bytesRead - oldest.bytesRead >= MAX_OPEN_BYTES);
  }

  /** A request goes on to what answers it. */
  add({ message, command }: HookRequest, bytesRead: number): void {
    this.#requests.push({ message, command, bytesRead });
  }

  /** The oldest one has been answered. */
  answered(): void {
    if (this.size === 0) return;
    this.#requests[this.#oldest++] = undefined;
    if (this.size === 0 || this.#oldest >= MAX_OPEN) {
      this.#requests.splice(0, this.#oldest);
      this.#oldest = 0;
    }
    if (this.#waiting?.isReady()) this.#release();
  }

  /** Settles once this is true, after an answer, or at the end of the connection. One at a time may wait. */
  until(isReady: () => boolean): Promise<void> {
    return new Promise((resolve) => this.#waiting = { isReady, resolve });
  }

  /** No more answers come. */
  end(): void {
    this.#requests.length = 0;
    this.#oldest = 0;
    this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve();
  }
}
