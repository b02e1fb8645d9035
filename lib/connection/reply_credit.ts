/**
 * How much may be sent in answer to a datagram: its sender's address may be forged, and then somebody else gets the
 * answers. One datagram always; more of them up to a multiple of the bytes received, headers counted on both sides. Pure.
 *
 * @module
 */

import { DATAGRAM_OVERHEAD } from "../transport/datagram_transport.ts";

/** What may be sent before the next datagram, while one is being answered. */
export class ReplyCredit {
  readonly #factor: number;
  /** Bytes left; undefined while nothing is being answered, when anything may be sent. */
  #left: number | undefined;
  #isFirst = false;
  #isTold = false;

  /** @param factor How many times the bytes received may be sent; 0 for no bound. */
  constructor(factor: number) {
    this.#factor = factor;
  }

  /** A datagram of so many bytes is about to be answered. */
  begin(bytes: number): void {
    if (this.#factor === 0) return;
    this.#left = this.#factor * (bytes + DATAGRAM_OVERHEAD);
    this.#isFirst = true;
    this.#isTold = false;
  }

  /** It is answered. */
  end(): void {
    this.#left = undefined;
  }

  /** Whether a datagram of so many bytes may be sent, which then counts. */
  spend(bytes: number): boolean {
    if (this.#left === undefined) return true;
    const left = this.#left - bytes - DATAGRAM_OVERHEAD;
    if (left < 0 && !this.#isFirst) return false;
    this.#left = left;
    this.#isFirst = false;
    return true;
  }

  /** Whether a refusal is the first since {@linkcode begin}, the others being no news. */
  get isNews(): boolean {
    const isNews = !this.#isTold;
    this.#isTold = true;
    return isNews;
  }
}
