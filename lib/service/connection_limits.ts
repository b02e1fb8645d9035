/**
 * How many connections a service may have: together, and from one address or network.
 *
 * @module
 */

import { AddressCounts, keysOf } from "./address_counts.ts";
import type { Limits } from "../contract/limits.ts";
import type { TooMany } from "../spec/peer_keys.ts";

/** Counts the connections of a service, wherever that is done. */
export interface ConnectionLimits {
  /** Takes room for one connection; returns whether there was any. */
  take(): boolean;
  /** The same after asking for more room, where that may be had; never waits for another connection to end. */
  takeMore(): Promise<boolean>;
  /** Waits until there is room for one connection and takes it; false once there is none after {@linkcode dismiss}. */
  wait(): Promise<boolean>;
  /** Takes room that there is not: another connection is about to give way. */
  overtake(): void;
  /** A connection that took room is gone. */
  give(): void;
  /** Counts a connection for its address, unless that has too many: then returns of what. */
  claim(addr: Deno.Addr): TooMany | undefined | Promise<TooMany | undefined>;
  /** A connection that was counted for its address is gone. */
  release(addr: Deno.Addr): void;
  /** Accepting begins. */
  open(): void;
  /** Accepting ends: nobody waits any longer for other connections to end. */
  dismiss(): void;
}

/** The limits of a service that has one instance, and counts in it. */
export class OwnConnectionLimits implements ConnectionLimits {
  readonly #limits: Limits;
  readonly #addresses: AddressCounts;
  #taken = 0;
  #waiters: ((isRoom: boolean) => void)[] = [];

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#addresses = new AddressCounts(limits);
  }

  take(): boolean {
    if (this.#taken >= this.#limits.maxConnections) return false;
    this.#taken++;
    return true;
  }

  takeMore(): Promise<boolean> {
    return Promise.resolve(this.take());
  }

  wait(): Promise<boolean> {
    return this.take() ? Promise.resolve(true) : new Promise((resolve) => this.#waiters.push(resolve));
  }

  overtake(): void {
    this.#taken++;
  }

  give(): void {
    this.#taken--;
    if (this.#waiters.length > 0 && this.take()) this.#waiters.shift()!(true);
  }

  claim(addr: Deno.Addr): TooMany | undefined {
    return this.#addresses.claim(keysOf(addr, this.#limits));
  }

  release(addr: Deno.Addr): void {
    this.#addresses.release(keysOf(addr, this.#limits));
  }

  open(): void {}

  dismiss(): void {
    for (const waiter of this.#waiters.splice(0)) waiter(false);
  }
}
