/**
 * Which replies answer requests, and which requests get no reply.
 *
 * Redis answers in order, one reply for each command, except that
 *
 * - `CLIENT REPLY OFF` and `SKIP` silence commands, themselves too, but never the confirmations of subscriptions;
 * - a subscription is confirmed channel by channel: the last confirmation completes the request. `UNSUBSCRIBE` without
 *   channels is confirmed for each that was subscribed, or once if none was;
 * - pushes (RESP3), messages of subscribed channels (RESP2) and lines after `MONITOR` answer nothing.
 *
 * A client may be answered by a proxy before the server hears of a request: then more is known to be asked than the
 * server will answer. Confirmations name their channel, and from that the next place in the order is found again.
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
const MESSAGES: ReadonlySet<unknown> = new Set(["message", "pmessage", "smessage"]);
const MONITOR_LINE = /^\d+\.\d+ \[/;
/** The shortest name of a command that is looked at. */
const MIN_SPECIAL = 4;
/** So many subscriptions may wait for their confirmation; of more nothing is remembered. */
const MAX_PENDING = 1024;

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

/** The requests of one connection. */
export class Requests {
  /** Whether the command received last gets a reply. */
  asks = true;
  /** Whether the reply received last completed the oldest open request. */
  completes = false;
  #asked = 0;
  #answered = 0;
  #isSilent = false;
  #skipsNext = false;
  #isMulti = false;
  #monitors = false;
  #resets = false;
  #greets = false;
  #counts: Record<Family, number> = { channels: 0, patterns: 0, shards: 0 };
  /** Whether messages of channels come as arrays (RESP2), as far as is known. */
  #hasArrays = false;
  #pending: Pending[] | undefined;
  #hasForgotten = false;
  /** Whether the reply that is passing in parts completes a request. */
  #willComplete = false;

  /** A command, or the head of one, has come; `count` is how many arguments all of it has. */
  sent(args: Blob[], count: number): void {
    const [name] = args;
    this.asks = !this.#isSilent && !this.#skipsNext;
    this.#skipsNext = false;
    const isSpecial = typeof name === "string" && name.length >= MIN_SPECIAL;
    if (isSpecial) this.#sentSpecial(name.toUpperCase(), args, count);
    if (!this.asks) return;
    this.#asked++;
    if (!isSpecial || this.#isMulti) return;
    const kind = name.toLowerCase();
    if (CONFIRMATIONS.has(kind)) this.#await(kind, args, count);
  }

  /** A part of a command has come. */
  sentPart(): void {
    this.asks = false;
  }

  /** A reply, or the head of one, has come. */
  received(value: Value, whole: boolean): void {
    let completes = this.#decide(value);
    if (completes && this.#asked > 0 && this.#answered >= this.#asked) completes = false;
    this.completes = whole && completes;
    this.#willComplete = completes;
    if (this.completes) this.#count();
  }

  /** A part of a reply has come. */
  receivedPart(complete: boolean): void {
    this.completes = complete && this.#willComplete;
    if (this.completes) this.#count();
  }

  /** Whether a value comes beside the replies to requests. */
  isPush(value: Value): boolean {
    switch (value.type) {
      case "push":
        return true;
      case "simple":
        return this.#monitors && typeof value.value === "string" && MONITOR_LINE.test(value.value);
      case "array":
        return this.#hasArrays && this.#isSubscribed && MESSAGES.has(value.value?.[0]?.value);
      default:
        return false;
    }
  }

  get #isSubscribed(): boolean {
    const { channels, patterns, shards } = this.#counts;
    return channels + patterns + shards > 0;
  }

  #sentSpecial(name: string, args: Blob[], count: number): void {
    switch (name) {
      case "CLIENT":
        if (count === 3 && !this.#isMulti && upper(args[1]) === "REPLY") this.#setReply(upper(args[2]));
        return;
      case "MULTI":
        this.#isMulti = true;
        return;
      case "EXEC":
      case "DISCARD":
        this.#isMulti = false;
        return;
      case "MONITOR":
        this.#monitors = true;
        return;
      case "HELLO":
        this.#greets = true;
        return;
      case "RESET":
        this.#isMulti = this.#isSilent = false;
        this.#resets = this.asks = true;
        return;
      case "REPLCONF":
        if (upper(args[1]) === "ACK") this.asks = false;
        return;
      default:
        // Without a channel only an end of subscriptions is confirmed; the rest is an error, which can be silenced.
        if (this.#isMulti || !CONFIRMATIONS.has(name.toLowerCase())) return;
        if (count > 1 || name.includes("UNSUB")) this.asks = true;
    }
  }

  #setReply(mode: string): void {
    if (mode === "ON") {
      this.#isSilent = false;
      this.asks = true;
    } else if (mode === "OFF") {
      this.#isSilent = true;
      this.asks = false;
    } else if (mode === "SKIP") {
      this.#skipsNext = !this.#isSilent;
      this.asks = false;
    }
  }

  #await(kind: string, args: Blob[], count: number): void {
    const pending = this.#pending ??= [];
    if (pending.length >= MAX_PENDING) {
      pending.length = 0;
      this.#hasForgotten = true;
    }
    const fingerprint = args.length > 1 ? fingerprintOf(args[1]) : undefined;
    pending.push({ number: this.#asked, kind, fingerprint, left: count - 1, begun: false });
  }

  #decide(value: Value): boolean {
    switch (value.type) {
      case "push":
        return this.#confirms(value.value, true) ?? false;
      case "array":
        if (this.isPush(value)) return false;
        this.#noticeGreeting(value.value?.[0], true);
        return value.value === null ? true : this.#confirms(value.value, false) ?? true;
      case "map":
        this.#noticeGreeting(value.value[0]?.[0], false);
        return true;
      case "simple":
        if (this.#resets && value.value === "RESET") this.#reset();
        return !this.isPush(value);
      default:
        return true;
    }
  }

  /** Whether a confirmation completes its request; undefined if it is no confirmation. */
  #confirms(values: Value[], isPush: boolean): boolean | undefined {
    if (values.length !== 3) return undefined;
    const [{ value: kind }, channel, count] = values;
    const family = CONFIRMATIONS.get(kind as string);
    if (family === undefined || count.type !== "integer") return undefined;
    const waits = this.#pending !== undefined && this.#pending.length > 0;
    const isKnown = this.#asked > 0 && !this.#hasForgotten;
    // A script can answer with an array that looks the same.
    if (!isPush && isKnown && !waits && !this.#isSubscribed) return undefined;
    this.#hasArrays = !isPush;
    this.#countSubscriptions(family, Number(count.value));
    const pending = this.#find(kind as string, channel.value as Blob | null);
    if (pending === undefined) return !isKnown;
    pending.begun = true;
    const isLast = pending.left === 0 ? this.#counts[family] === 0 : --pending.left === 0;
    if (!isLast) return false;
    this.#pending!.shift();
    this.#answered = Math.max(this.#answered, pending.number - 1);
    return true;
  }

  /** Channels and patterns are counted together on the wire, so that one follows from the other. */
  #countSubscriptions(family: Family, count: number): void {
    const counts = this.#counts;
    const other = family === "channels" ? counts.patterns : family === "patterns" ? counts.channels : 0;
    counts[family] = Math.max(0, count - other);
  }

  /** The oldest subscription that a confirmation can belong to. Older ones were never made. */
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

  #count(): void {
    this.#answered++;
    const pending = this.#pending;
    // A subscription that was answered otherwise was refused.
    while (pending !== undefined && pending.length > 0 && pending[0].number <= this.#answered) {
      pending.shift();
    }
    if (this.#answered >= this.#asked) this.#hasForgotten = false;
  }

  /** `HELLO` changes how messages of channels come. */
  #noticeGreeting(first: Value | undefined, isArray: boolean): void {
    if (this.#greets && first?.value === "server") this.#hasArrays = isArray;
  }

  #reset(): void {
    this.#resets = this.#monitors = this.#hasArrays = false;
    this.#counts = { channels: 0, patterns: 0, shards: 0 };
  }
}

function upper(word: Blob | undefined): string {
  return typeof word === "string" ? word.toUpperCase() : "";
}

/** A number that two different channels seldom share, whatever their length. */
function fingerprintOf(channel: Blob): number {
  const { length } = channel;
  let hash = length;
  for (let i = Math.max(0, length - 32); i < length; i++) {
    const unit = typeof channel === "string" ? channel.charCodeAt(i) : channel[i];
    hash = (Math.imul(hash, 31) + unit) | 0;
  }
  return hash;
}
