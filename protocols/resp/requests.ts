/**
 * Which replies answer requests, and which requests get no reply.
 *
 * Redis answers in order, one reply for each command, except that
 *
 * - `CLIENT REPLY OFF` and `SKIP` silence commands, themselves too, but never the confirmations of subscriptions;
 * - a subscription is confirmed channel by channel: the last confirmation completes the request. `UNSUBSCRIBE` without
 *   channels is confirmed for each that was subscribed, or once if none was;
 * - pushes (RESP3), messages of subscribed channels (RESP2) and lines after `MONITOR` answer nothing;
 * - behind the answer to `SYNC` or `PSYNC` comes a stream that answers nothing any more.
 *
 * A request that a hook of a proxy answers is withdrawn. Confirmations name their channel, so that the place in the order
 * is found again if a request never reached the server.
 *
 * @module
 */

import type { Blob } from "./bytes.ts";
import { upper } from "./names.ts";
import { Mode, Modes } from "./modes.ts";
import { Subscriptions } from "./subscriptions.ts";
import { Transaction } from "./transaction.ts";
import type { Value } from "./values.ts";

const MESSAGES: ReadonlySet<unknown> = new Set(["message", "pmessage", "smessage"]);
const MONITOR_LINE = /^\d+\.\d+ \[/;
/** What a primary answers to PSYNC before it sends the stream. */
const STREAM_FOLLOWS = /^(FULLRESYNC|CONTINUE)\b/;
/** First two letters of the commands that {@linkcode Requests} looks at, by the length of their names. */
const SPECIAL: readonly (readonly number[] | undefined)[] = [
  ...Array(4),
  ...[["ex", "sy"], ["mu", "he", "re", "ps"], ["cl"], ["mo", "di"], ["re"], ["su"], ["ps", "ss"], ["un"], [
    "pu",
    "su",
  ]]
    .map((starts) => starts.map(startOf)),
];

/** What ends a transaction. */
const ENDS: ReadonlySet<string> = new Set(["EXEC", "DISCARD", "RESET"]);

/** What is sent in the place of a command so that the server refuses it: no server has a command of this name. */
const REFUSED = "PROTOHOST.REFUSED";
/** An answer that came in parts. */
const PARTED: Value = { type: "null", value: null };

/** What becomes of a command that is not sent. */
export interface Withdrawn {
  /** The command that is sent in its place; undefined if none is. */
  instead: string | undefined;
  /** Whether the client waits for an answer. */
  isAnswered: boolean;
}

/** The requests of one connection. */
export class Requests {
  /** Whether the command received last gets a reply. */
  asks = true;
  /** Whether the reply received last completed the oldest open request. */
  completes = false;
  /** What the server sends next is, or may be, the stream that follows `SYNC`. */
  stream: "awaited" | "begun" | undefined;
  #asked = 0;
  #answered = 0;
  readonly #modes: Modes = new Modes();
  /** The number of the last `SYNC` or `PSYNC`; 0 if there is none that may be granted. */
  #sync = 0;
  readonly #transaction: Transaction = new Transaction();
  readonly #subscriptions: Subscriptions = new Subscriptions();
  /** Whether the reply that is passing in parts completes a request. */
  #willComplete = false;
  /** The command received last, if it is one that is looked at, and what was before it. */
  #last = "";
  #askedBefore = 0;
  #syncBefore = 0;

  /** Whether what a reply says matters, beside its type. */
  get minds(): boolean {
    const subscriptions = this.#subscriptions;
    return this.#modes.has(Mode.monitors | Mode.resets | Mode.greets) || this.#sync > this.#answered ||
      this.#transaction.isOpen || subscriptions.isAny || subscriptions.isWaiting || this.#asked === 0;
  }

  /** A command, or the head of one, has come; `count` is how many arguments all of it has. */
  sent(args: Blob[], count: number): void {
    const [name] = args;
    this.#askedBefore = this.#asked;
    this.asks = this.#isHeard;
    this.#modes.begin();
    const isSpecial = typeof name === "string" && SPECIAL[name.length]?.includes(startOf(name));
    this.#last = isSpecial ? upper(name) : "";
    if (isSpecial) this.#sentSpecial(args, count);
    else if (this.asks) this.#asked++;
  }

  /** A part of a command has come. */
  sentPart(): void {
    this.asks = false;
  }

  /**
   * The command received last is not sent. Something else may have to be, so that the server is in the state that a
   * refusal of its own would leave.
   */
  withdrawn(): Withdrawn {
    const name = this.#last;
    this.#forget();
    const isAnswered = this.#isHeard;
    const isUntold = !this.#transaction.isOpen && !this.#modes.has(Mode.skipsNext);
    if (isUntold || this.stream === "begun") return { instead: undefined, isAnswered };
    // Redis discards a transaction whose EXEC it refuses. Where it refuses another command, it will refuse EXEC.
    const instead = this.#transaction.isOpen && name === "EXEC" ? "DISCARD" : REFUSED;
    this.sent([instead], 1);
    return { instead, isAnswered };
  }

  /** The command received last is not sent; this one is. */
  replaced(args: Blob[], count: number): void {
    this.#forget();
    this.sent(args, count);
  }

  /** A reply, or the head of one, has come. */
  received(value: Value, whole: boolean): void {
    let completes = this.#decide(value);
    if (completes && this.#asked > 0 && this.#answered >= this.#asked) completes = false;
    this.completes = whole && completes;
    this.#willComplete = completes;
    if (this.completes) this.#count(value);
  }

  /** A part of a reply has come. */
  receivedPart(complete: boolean): void {
    this.completes = complete && this.#willComplete;
    if (this.completes) this.#count(PARTED);
  }

  /** Whether a value comes beside the replies to requests. */
  isPush(value: Value): boolean {
    switch (value.type) {
      case "push":
        return true;
      case "simple":
        return this.#modes.has(Mode.monitors) && typeof value.value === "string" &&
          MONITOR_LINE.test(value.value);
      case "array":
        return this.#subscriptions.hasArrays && this.#subscriptions.isAny &&
          MESSAGES.has(value.value?.[0]?.value);
      default:
        return false;
    }
  }

  /** Whether the client hears an answer to its next command, unless that changes it. */
  get #isHeard(): boolean {
    return !this.#modes.has(Mode.silent | Mode.skipsNext) && this.stream !== "begun";
  }

  #sentSpecial(args: Blob[], count: number): void {
    const name = this.#last;
    this.#syncBefore = this.#sync;
    this.#transaction.save();
    this.asks = this.#modes.sent(name, args, { count, asks: this.asks }) && this.stream !== "begun";
    const number = this.asks ? ++this.#asked : 0;
    if (count === 1 && name === "MULTI") this.#transaction.begins(number);
    else if (count === 1 && ENDS.has(name)) this.#transaction.ends(number);
    if (this.asks && !this.#modes.has(Mode.multi)) this.#await(name, args, count);
  }

  /** Notes what answers a command, where that is more than one value. */
  #await(name: string, args: Blob[], count: number): void {
    const kind = name.toLowerCase();
    if (Subscriptions.isAnswered(kind)) this.#subscriptions.request(this.#asked, kind, { args, count });
    else if (name === "SYNC" || name === "PSYNC") {
      this.#sync = this.#asked;
      this.#lookForStream();
    }
  }

  /** Undoes what the command received last has changed. */
  #forget(): void {
    if (this.#last !== "") {
      this.#modes.restore();
      this.#transaction.restore();
      if (this.#sync !== this.#syncBefore && this.stream === "awaited") this.stream = undefined;
      this.#sync = this.#syncBefore;
    } else this.#modes.restoreSkip();
    if (this.asks) this.#subscriptions.withdrawn(this.#asked);
    this.#asked = this.#askedBefore;
    this.#last = "";
    this.asks = false;
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
        if (this.#modes.has(Mode.resets) && value.value === "RESET") this.#reset();
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

  #count(value: Value): void {
    const number = ++this.#answered;
    this.#subscriptions.answered(number);
    this.#transaction.answered(number, value);
    if (number >= this.#asked) this.#subscriptions.hasForgotten = false;
    if (this.#sync === 0) return;
    if (number === this.#sync) this.#syncAnswered(value);
    else this.#lookForStream();
  }

  #syncAnswered({ type, value }: Value): void {
    const isGranted = type === "simple" && typeof value === "string" && STREAM_FOLLOWS.test(value);
    this.stream = isGranted ? "begun" : undefined;
    this.#sync = 0;
  }

  /** When all before `SYNC` is answered, the stream may follow without another word. */
  #lookForStream(): void {
    if (this.#answered === this.#sync - 1) this.stream = "awaited";
  }

  /** `HELLO` changes how messages of channels come. */
  #noticeGreeting(first: Value | undefined, isArray: boolean): void {
    if (this.#modes.has(Mode.greets) && first?.value === "server") this.#subscriptions.hasArrays = isArray;
  }

  #reset(): void {
    this.#modes.end(Mode.resets | Mode.monitors);
    this.#subscriptions.reset();
  }
}

/** The first two letters, in lower case, as a number. */
function startOf(name: string): number {
  return ((name.charCodeAt(0) | 0x20) << 8) | (name.charCodeAt(1) | 0x20);
}
