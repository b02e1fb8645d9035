/**
 * How much of what was published waits for a worker. Its answers to pings acknowledge all that was sent to it before
 * the ping: messages are handled in order. Pure.
 *
 * @module
 */

/** At most so much waits for one worker, in UTF-16 units; what would be more is dropped. */
export const MAX_WAITING = 16 * 1024 ** 2;
/** After so much, and at the first of it, an acknowledgement is worth a ping. */
const PING_EACH = 1024 ** 2;
/** Pings that are remembered; older ones acknowledge nothing. */
const MAX_PINGS = 100;

/** What was sent to one worker and is not acknowledged. */
export class DeliveryWindow {
  readonly #maxWaiting: number;
  #sent = 0;
  #acknowledged = 0;
  /** How much had been sent at the latest ping. */
  #sentAtPing = 0;
  /** Ids of pings, ascending, with what had been sent before each. */
  readonly #pings: [id: number, sent: number][] = [];

  constructor(maxWaiting: number = MAX_WAITING) {
    this.#maxWaiting = maxWaiting;
  }

  /** What waits. */
  get waiting(): number {
    return this.#sent - this.#acknowledged;
  }

  /** Whether a ping would be worth its while. */
  get wantsPing(): boolean {
    return this.#sent - this.#sentAtPing >= PING_EACH;
  }

  /** Takes what is about to be sent; returns false if it is to be dropped. A single one always fits. */
  send(size: number): boolean {
    if (this.waiting > 0 && this.waiting + size > this.#maxWaiting) return false;
    this.#sent += size;
    return true;
  }

  /** A ping leaves. */
  pinged(id: number): void {
    this.#sentAtPing = this.#sent;
    if (this.#pings.at(-1)?.[1] === this.#sent) return;
    this.#pings.push([id, this.#sent]);
    if (this.#pings.length > MAX_PINGS) this.#pings.shift();
  }

  /** A ping was answered. */
  answered(id: number): void {
    while (this.#pings.length > 0 && this.#pings[0][0] <= id) this.#acknowledged = this.#pings.shift()![1];
  }
}
