/**
 * Subscriptions of one connection, and which of their confirmations is the last.
 *
 * A subscription is confirmed channel by channel; `UNSUBSCRIBE` without channels is confirmed for each that was
 * subscribed, or once if none was. A confirmation names its channel: requests that never reached the server are told by
 * that, and passed over.
 *
 * @module
 */

import type { Blob } from "./bytes.ts";
import type { Value } from "./values.ts";

/** Confirmations by their first word, with the family whose count they carry. */
const CONFIRMATIONS: ReadonlyMap<string, Family> = new Map([
  ["subscribe", "channels"],
  ["unsubscribe", "channels"],
  ["psubscribe", "patterns"],
  ["punsubscribe", "patterns"],
  ["ssubscribe", "shards"],
  ["sunsubscribe", "shards"],
]);
/** So many subscriptions may wait for their confirmation; of more nothing is remembered. */
const MAX_PENDING = 1024;
/** How much of a channel's name is looked at. */
const FINGERPRINT_LENGTH = 32;

type Family = "channels" | "patterns" | "shards";

/** A subscription that waits for its confirmations. */
interface Pending {
  /** Which of all requests it is, from 1. */
  number: number;
  kind: string;
  /** The first channel's; undefined if it names none. */
  fingerprint: number | undefined;
  /** Confirmations still to come; 0 if that is not known, because it names no channel. */
  left: number;
  begun: boolean;
}

/** What a confirmation is of: the number of the request that it completes, or 0 if it completes none. */
export interface Confirmation {
  completed: number;
  /** Whether a request that waits was found for it. */
  isWanted: boolean;
}

/** The subscriptions of one connection. */
export class Subscriptions {
  /** Whether messages of channels come as arrays (RESP2), as far as is known. */
  hasArrays = false;
  /** Whether more requests were pending than are remembered. */
  hasForgotten = false;
  #counts: Record<Family, number> = { channels: 0, patterns: 0, shards: 0 };
  #pending: Pending[] | undefined;

  /** Whether any channel, pattern or shard channel is subscribed. */
  get isAny(): boolean {
    const { channels, patterns, shards } = this.#counts;
    return channels + patterns + shards > 0;
  }

  /** Whether a request waits for its confirmations. */
  get isWaiting(): boolean {
    return this.#pending !== undefined && this.#pending.length > 0;
  }

  /** Whether a command, by its name in lower case, is answered by confirmations. */
  static isAnswered(name: string): boolean {
    return CONFIRMATIONS.has(name);
  }

  /** Whether values are those of a confirmation; a script can answer with an array that looks the same. */
  static isConfirmation(values: Value[]): boolean {
    return values.length === 3 && CONFIRMATIONS.has(values[0].value as string) &&
      values[2].type === "integer";
  }

  /** Takes in a request: its number, its name in lower case, its arguments, and how many it has in all. */
  request(number: number, kind: string, { args, count }: { args: Blob[]; count: number }): void {
    const pending = this.#pending ??= [];
    if (pending.length >= MAX_PENDING) {
      pending.length = 0;
      this.hasForgotten = true;
    }
    const fingerprint = args.length > 1 ? fingerprintOf(args[1]) : undefined;
    pending.push({ number, kind, fingerprint, left: count - 1, begun: false });
  }

  /** Takes in a confirmation. */
  confirm([{ value: kind }, { value: channel }, { value: count }]: Value[]): Confirmation {
    const family = CONFIRMATIONS.get(kind as string)!;
    this.#count(family, Number(count));
    const pending = this.#find(kind as string, channel as Blob | null);
    if (pending === undefined) return { completed: 0, isWanted: false };
    pending.begun = true;
    const isLast = pending.left === 0 ? this.#counts[family] === 0 : --pending.left === 0;
    if (isLast) this.#pending!.shift();
    return { completed: isLast ? pending.number : 0, isWanted: true };
  }

  /** So many requests are answered: what waits among them was refused. */
  answered(number: number): void {
    const pending = this.#pending;
    while (pending !== undefined && pending.length > 0 && pending[0].number <= number) pending.shift();
  }

  /** The request of this number, the last, is not made. */
  withdrawn(number: number): void {
    if (this.#pending?.at(-1)?.number === number) this.#pending.pop();
  }

  /** `RESET` has ended all. */
  reset(): void {
    this.hasArrays = false;
    this.#counts = { channels: 0, patterns: 0, shards: 0 };
  }

  /** Channels and patterns are counted together on the wire, so that one follows from the other. */
  #count(family: Family, count: number): void {
    const counts = this.#counts;
    const other = family === "channels" ? counts.patterns : family === "patterns" ? counts.channels : 0;
    counts[family] = Math.max(0, count - other);
  }

  /** The oldest request that a confirmation can belong to. Older ones were never made. */
  #find(kind: string, channel: Blob | null): Pending | undefined {
    const fingerprint = fingerprintOf(channel ?? "");
    const waiting = this.#pending ?? [];
    const at = waiting.findIndex((pending) =>
      pending.kind === kind &&
      (pending.begun || pending.fingerprint === undefined || pending.fingerprint === fingerprint)
    );
    if (at < 0) return undefined;
    waiting.splice(0, at);
    return waiting[0];
  }
}

/** A number that two different channels seldom share, whatever their length. */
function fingerprintOf(channel: Blob): number {
  const { length } = channel;
  let hash = length;
  for (let i = Math.max(0, length - FINGERPRINT_LENGTH); i < length; i++) {
    const unit = typeof channel === "string" ? channel.charCodeAt(i) : channel[i];
    hash = (Math.imul(hash, 31) + unit) | 0;
  }
  return hash;
}
