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
 * A request that a proxy answers itself is withdrawn. Where it is not, more is known to be asked than the server will
 * answer: confirmations name their channel, and from that the next place in the order is found again.
 *
 * @module
 */

import type { Blob } from "./bytes.ts";
import { Subscriptions } from "./subscriptions.ts";
import type { Value } from "./values.ts";

const MESSAGES: ReadonlySet<unknown> = new Set(["message", "pmessage", "smessage"]);
const MONITOR_LINE = /^\d+\.\d+ \[/;
/** First letters of the commands that {@linkcode Requests} minds, by the length of their names: most others have neither. */
const SPECIAL_INITIALS = ["", "", "", "", "e", "mhr", "c", "md", "r", "s", "ps", "u", "ps"] as const;

/** What commands have set, a bit each. */
const Mode = {
  /** `CLIENT REPLY OFF`. */
  silent: 1,
  /** `CLIENT REPLY SKIP`, for the next command. */
  skipsNext: 2,
  /** Between `MULTI` and its end. */
  multi: 4,
  /** `MONITOR`. */
  monitors: 8,
  /** `RESET`, until it is confirmed. */
  resets: 16,
  /** `HELLO`. */
  greets: 32,
} as const;

/** The requests of one connection. */
export class Requests {
  /** Whether the command received last gets a reply. */
  asks = true;
  /** Whether the reply received last completed the oldest open request. */
  completes = false;
  #asked = 0;
  #answered = 0;
  #modes = 0;
  /** What they were before the command received last. */
  #modesBefore = 0;
  readonly #subscriptions: Subscriptions = new Subscriptions();
  /** Whether the reply that is passing in parts completes a request. */
  #willComplete = false;

  /** A command, or the head of one, has come; `count` is how many arguments all of it has. */
  sent(args: Blob[], count: number): void {
    const [name] = args;
    this.#modesBefore = this.#modes;
    this.asks = !this.#is(Mode.silent) && !this.#is(Mode.skipsNext);
    this.#unset(Mode.skipsNext);
    const isSpecial = typeof name === "string" && name.length > 0 &&
      SPECIAL_INITIALS[name.length]?.includes(name[0].toLowerCase());
    if (isSpecial) this.#sentSpecial(name.toUpperCase(), args, count);
    if (!this.asks) return;
    this.#asked++;
    if (!isSpecial || this.#is(Mode.multi)) return;
    const kind = name.toLowerCase();
    if (Subscriptions.isAnswered(kind)) this.#subscriptions.request(this.#asked, kind, { args, count });
  }

  /** The command received last goes no further. */
  withdrawn(): void {
    this.#modes = this.#modesBefore;
    if (!this.asks) return;
    this.asks = false;
    this.#subscriptions.withdrawn(this.#asked--);
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
        return this.#is(Mode.monitors) && typeof value.value === "string" && MONITOR_LINE.test(value.value);
      case "array":
        return this.#subscriptions.hasArrays && this.#subscriptions.isAny &&
          MESSAGES.has(value.value?.[0]?.value);
      default:
        return false;
    }
  }

  #sentSpecial(name: string, args: Blob[], count: number): void {
    switch (name) {
      case "CLIENT":
        if (count === 3 && !this.#is(Mode.multi) && upper(args[1]) === "REPLY") {
          this.#setReply(upper(args[2]));
        }
        return;
      case "MULTI":
        this.#set(Mode.multi);
        return;
      case "EXEC":
      case "DISCARD":
        this.#unset(Mode.multi);
        return;
      case "MONITOR":
        this.#set(Mode.monitors);
        return;
      case "HELLO":
        this.#set(Mode.greets);
        return;
      case "RESET":
        this.#unset(Mode.multi | Mode.silent);
        this.#set(Mode.resets);
        this.asks = true;
        return;
      case "REPLCONF":
        if (upper(args[1]) === "ACK") this.asks = false;
        return;
      default:
        // Without a channel only an end of subscriptions is confirmed; the rest is an error, which can be silenced.
        if (this.#is(Mode.multi) || !Subscriptions.isAnswered(name.toLowerCase())) return;
        if (count > 1 || name.includes("UNSUB")) this.asks = true;
    }
  }

  #setReply(mode: string): void {
    if (mode === "ON") {
      this.#unset(Mode.silent);
      this.asks = true;
    } else if (mode === "OFF") {
      this.#set(Mode.silent);
      this.asks = false;
    } else if (mode === "SKIP") {
      if (!this.#is(Mode.silent)) this.#set(Mode.skipsNext);
      this.asks = false;
    }
  }

  #is(mode: number): boolean {
    return (this.#modes & mode) !== 0;
  }

  #set(modes: number): void {
    this.#modes |= modes;
  }

  #unset(modes: number): void {
    this.#modes &= ~modes;
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
        if (this.#is(Mode.resets) && value.value === "RESET") this.#reset();
        return !this.isPush(value);
      default:
        return true;
    }
  }

  /** Whether a confirmation completes its request; undefined if it is no confirmation. */
  #confirms(values: Value[], isPush: boolean): boolean | undefined {
    if (!Subscriptions.isConfirmation(values)) return undefined;
    const subscriptions = this.#subscriptions;
    const isKnown = this.#asked > 0 && !subscriptions.hasForgotten;
    if (!isPush && isKnown && !subscriptions.isWaiting && !subscriptions.isAny) return undefined;
    subscriptions.hasArrays = !isPush;
    const { completed, isWanted } = subscriptions.confirm(values);
    if (!isWanted) return !isKnown;
    this.#answered = Math.max(this.#answered, completed - 1);
    return completed > 0;
  }

  #count(): void {
    this.#subscriptions.answered(++this.#answered);
    if (this.#answered >= this.#asked) this.#subscriptions.hasForgotten = false;
  }

  /** `HELLO` changes how messages of channels come. */
  #noticeGreeting(first: Value | undefined, isArray: boolean): void {
    if (this.#is(Mode.greets) && first?.value === "server") this.#subscriptions.hasArrays = isArray;
  }

  #reset(): void {
    this.#unset(Mode.resets | Mode.monitors);
    this.#subscriptions.reset();
  }
}

function upper(word: Blob | undefined): string {
  return typeof word === "string" ? word.toUpperCase() : "";
}
