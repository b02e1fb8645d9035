/**
 * What commands set for those behind them: whether they are answered, and by what.
 *
 * @module
 */

import type { Blob } from "./bytes.ts";
import { upper } from "./names.ts";
import { Subscriptions } from "./subscriptions.ts";

/** A bit for each mode. */
export const Mode = {
  /** `CLIENT REPLY OFF`. */
  silent: 1,
  /** `CLIENT REPLY SKIP`, for the next command. */
  skipsNext: 2,
  /** Between `MULTI` and its end, if the server takes both. */
  multi: 4,
  /** `MONITOR`. */
  monitors: 8,
  /** `RESET`, until it is confirmed. */
  resets: 16,
  /** `HELLO`. */
  greets: 32,
} as const;

/** The modes of one connection. */
export class Modes {
  #bits = 0;
  /** What they were before the command sent last. */
  #before = 0;

  /** Whether one of these modes is on. */
  has(modes: number): boolean {
    return (this.#bits & modes) !== 0;
  }

  /** Any command is sent: it uses a skip up. */
  begin(): void {
    this.#before = this.#bits;
    this.#bits &= ~Mode.skipsNext;
  }

  /** These modes are over. */
  end(modes: number): void {
    this.#bits &= ~modes;
  }

  /** They are again what they were before the command sent last. */
  restore(): void {
    this.#bits = this.#before;
  }

  /** The same of a command that has changed nothing else. */
  restoreSkip(): void {
    this.#bits |= this.#before & Mode.skipsNext;
  }

  /**
   * A command is sent that may change something. Answers whether it is answered itself; `asks` says whether it would be
   * by what is set before it.
   */
  sent(name: string, args: Blob[], { count, asks }: { count: number; asks: boolean }): boolean {
    switch (name) {
      case "CLIENT":
        if (count !== 3 || this.has(Mode.multi) || upper(args[1]) !== "REPLY") return asks;
        return this.#setReply(upper(args[2]), asks);
      case "MULTI":
        if (count === 1) this.#bits |= Mode.multi;
        return asks;
      case "EXEC":
      case "DISCARD":
        if (count === 1) this.#bits &= ~Mode.multi;
        return asks;
      case "MONITOR":
        this.#bits |= Mode.monitors;
        return asks;
      case "HELLO":
        this.#bits |= Mode.greets;
        return asks;
      case "RESET":
        if (count > 1) return asks;
        this.#bits = this.#bits & ~(Mode.multi | Mode.silent) | Mode.resets;
        return true;
      case "REPLCONF":
        return asks && upper(args[1]) !== "ACK";
      default:
        if (this.has(Mode.multi) || !Subscriptions.isAnswered(name.toLowerCase())) return asks;
        // Confirmations are not silenced. Without a channel only an end of subscriptions is one, the rest is an error.
        return asks || count > 1 || name.includes("UNSUB");
    }
  }

  #setReply(mode: string, asks: boolean): boolean {
    switch (mode) {
      case "ON":
        this.#bits &= ~Mode.silent;
        return true;
      case "OFF":
        this.#bits |= Mode.silent;
        return false;
      case "SKIP":
        if (!this.has(Mode.silent)) this.#bits |= Mode.skipsNext;
        return false;
      default:
        return asks;
    }
  }
}
