/**
 * The limits of a service with instances elsewhere: one instance's end. The supervisor counts; see
 * lib/supervisor/service_limits.ts.
 *
 * Room for connections comes in shares, so that accepting sends nothing as long as there is plenty. Once an instance waits
 * for room, `scarce` is said to all: each then returns what it does not use, at once and whenever one of its connections
 * ends. Addresses are asked for one by one, but never more than one question is under way: what comes meanwhile is the
 * next one.
 *
 * @module
 */

import { keysOf } from "./address_counts.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import type { Limits } from "../contract/limits.ts";
import { MAX_CLAIMS } from "../spec/message_limits.ts";
import type { PeerKeys, TooMany } from "../spec/peer_keys.ts";
import type { FromWorker, ToWorker } from "../spec/worker_messages.ts";

/** With room for fewer connections than this an instance asks for more before it must. */
const ASK_AHEAD = 64;
/** After the answer that there is no room, peers over UDP are not asked about for so long. */
const FULL_MS = 50;

type Claimed = (full: TooMany | undefined) => void;
type Answer = Extract<ToWorker, { type: "room" | "claimed" }>;

/** Asks the supervisor. */
export class SharedLimits implements ConnectionLimits {
  readonly #limits: Limits;
  readonly #post: (message: FromWorker) => void;
  #granted = 0;
  #taken = 0;
  #waiters: ((isRoom: boolean) => void)[] = [];
  /** Those who wait for the answer to a question for more room. */
  #asking: (() => void)[] = [];
  #isAsked = false;
  #isScarce = false;
  /** Whether the last answer was that there is no more to be had ahead. */
  #isAllGranted = false;
  #isOpen = false;
  #fullUntil = -Infinity;
  #claims: { keys: PeerKeys; claimed: Claimed }[] = [];
  #gone: PeerKeys[] = [];
  /** The claims that are asked for; undefined while no question is under way. */
  #asked: Claimed[] | undefined;

  constructor(limits: Limits, post: (message: FromWorker) => void) {
    this.#limits = limits;
    this.#post = post;
  }

  /** Takes an answer of the supervisor. */
  answer(message: Answer): void {
    if (message.type === "room") this.#answerRoom(message);
    else this.#answerClaims(message);
  }

  take(): boolean {
    if (this.#granted <= this.#taken) return false;
    this.#taken++;
    const left = this.#granted - this.#taken;
    if (left < ASK_AHEAD && left * 4 < this.#granted && !this.#isScarce && !this.#isAllGranted) this.#ask();
    return true;
  }

  async takeMore(): Promise<boolean> {
    if (this.take()) return true;
    if (performance.now() < this.#fullUntil) return false;
    const answered = new Promise<void>((resolve) => this.#asking.push(resolve));
    this.#ask();
    await answered;
    const isRoom = this.take();
    if (!isRoom) this.#fullUntil = performance.now() + FULL_MS;
    return isRoom;
  }

  wait(): Promise<boolean> {
    if (this.take()) return Promise.resolve(true);
    if (!this.#isOpen && this.#isScarce) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#waiters.push(resolve);
      // What is had ahead is for those who go on accepting.
      if (this.#isScarce || this.#isAsked || !this.#isOpen) this.#tellWaiting();
      else this.#ask();
    });
  }

  overtake(): void {
    this.#taken++;
  }

  give(): void {
    this.#taken--;
    // Where room is scarce, others may have waited for longer.
    if (!this.#isScarce && this.#serveWaiters()) this.#tellWaiting();
    this.#returnUnused();
  }

  claim(addr: Deno.Addr): undefined | Promise<TooMany | undefined> {
    const keys = keysOf(addr, this.#limits);
    if (keys === undefined) return undefined;
    return new Promise((claimed) => {
      this.#claims.push({ keys, claimed });
      this.#askClaims();
    });
  }

  release(addr: Deno.Addr): void {
    const keys = keysOf(addr, this.#limits);
    if (keys === undefined) return;
    this.#gone.push(keys);
    this.#askClaims();
  }

  open(): void {
    this.#isOpen = true;
  }

  dismiss(): void {
    this.#isOpen = false;
    this.#dismissWaiters();
    this.#returnUnused();
  }

  #answerRoom({ connections, scarce, answers }: Extract<Answer, { type: "room" }>): void {
    this.#granted += connections;
    this.#isScarce = scarce;
    this.#serveWaiters();
    this.#dismissWaiters();
    if (connections > 0) this.#isAllGranted = false;
    if (answers === true) {
      this.#isAllGranted = connections === 0;
      this.#isAsked = false;
      for (const answered of this.#asking.splice(0)) answered();
    }
    this.#returnUnused();
  }

  /** Returns whether one was served. */
  #serveWaiters(): boolean {
    const before = this.#waiters.length;
    while (this.#waiters.length > 0 && this.#granted > this.#taken) {
      this.#taken++;
      this.#waiters.shift()!(true);
    }
    return this.#waiters.length < before;
  }

  /** Once no more are accepted, those that were wait as long as there may be room, and not for others to leave. */
  #dismissWaiters(): void {
    if (this.#isOpen || !this.#isScarce || this.#waiters.length === 0) return;
    for (const waiter of this.#waiters.splice(0)) waiter(false);
    this.#tellWaiting();
  }

  #returnUnused(): void {
    const unused = this.#granted - this.#taken;
    if (unused <= 0 || this.#isOpen && !this.#isScarce || this.#asking.length > 0) return;
    this.#granted -= unused;
    this.#post({ type: "returned", connections: unused });
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#post({ type: "want", waiting: this.#waiters.length, more: true });
  }

  #tellWaiting(): void {
    this.#post({ type: "want", waiting: this.#waiters.length });
  }

  #askClaims(): void {
    if (this.#asked !== undefined) return;
    const claims = this.#claims.splice(0, MAX_CLAIMS);
    const gone = this.#gone.splice(0, MAX_CLAIMS);
    if (claims.length + gone.length === 0) return;
    this.#asked = claims.map(({ claimed }) => claimed);
    this.#post({ type: "claim", peers: claims.map(({ keys }) => keys), gone });
  }

  #answerClaims({ refused }: Extract<Answer, { type: "claimed" }>): void {
    const asked = this.#asked ?? [];
    this.#asked = undefined;
    asked.forEach((claimed, index) => claimed(refused.find((one) => one.index === index)?.full));
    this.#askClaims();
  }
}
