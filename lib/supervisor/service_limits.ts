/**
 * The limits of a service, counted over all its instances and generations. Pure.
 *
 * Each instance holds room for so many connections, so that all together hold at most `maxConnections`. It gets a share
 * of what is free and asks for more when that is nearly used, which is seldom. When nothing is free and an instance has a
 * peer waiting, room is scarce: every instance returns what it does not use, and those with peers waiting get it one by
 * one, in the order in which they asked. What an instance held is free again when it has ended, however it ended.
 *
 * @module
 */

import { AddressCounts } from "../service/address_counts.ts";
import type { AddressLimits, PeerKeys, TooMany } from "../spec/peer_keys.ts";
import type { ToWorker } from "../spec/worker_messages.ts";

/** An instance, as this sees it. */
export interface RoomHolder {
  post(message: Extract<ToWorker, { type: "room" | "claimed" }>): void;
}

/** What of a service's limits is counted here. */
export interface CountedLimits extends AddressLimits {
  maxConnections: number;
}

interface Held {
  granted: number;
  /** How many of its peers wait. */
  waiting: number;
  /** Its connections by what they are counted by, as JSON. */
  peers: Map<string, { keys: PeerKeys; count: number }>;
}

/** The connections of one service. */
export class ServiceLimits {
  readonly #held: Map<RoomHolder, Held> = new Map();
  /** Those with peers waiting, in the order in which they get room. */
  readonly #queue: Set<RoomHolder> = new Set();
  readonly #addresses: AddressCounts = new AddressCounts({
    maxConnectionsPerAddress: 0,
    maxConnectionsPerNetwork: 0,
  });
  #most = 0;
  #granted = 0;
  #isScarce = false;

  /** An instance begins to accept, under these limits: they hold from now on. */
  open(holder: RoomHolder, limits: CountedLimits): void {
    this.#most = limits.maxConnections;
    this.#addresses.limits = limits;
    if (!this.#held.has(holder)) this.#held.set(holder, { granted: 0, waiting: 0, peers: new Map() });
    if (this.#isScarce) holder.post({ type: "room", connections: 0, scarce: true });
    else this.#grant(holder, this.#share);
    this.#distribute();
  }

  /** So many peers of an instance wait for room; `more` asks for a share ahead. */
  want(holder: RoomHolder, waiting: number, { more = false }: { more?: boolean } = {}): void {
    const held = this.#held.get(holder);
    if (held === undefined) return;
    held.waiting = waiting;
    if (waiting === 0) this.#queue.delete(holder);
    else this.#queue.add(holder);
    this.#distribute();
    if (more) this.#grant(holder, this.#isScarce ? 0 : this.#share, { answers: true });
  }

  /** An instance needs room for so many connections no more. */
  returned(holder: RoomHolder, connections: number): void {
    const held = this.#held.get(holder);
    if (held === undefined) return;
    const count = Math.min(connections, held.granted);
    held.granted -= count;
    this.#granted -= count;
    this.#distribute();
  }

  /** Counts peers by their addresses, but for those whose addresses have too many; others are gone. */
  claim(holder: RoomHolder, peers: readonly PeerKeys[], gone: readonly PeerKeys[]): void {
    const held = this.#held.get(holder);
    if (held === undefined) return;
    for (const keys of gone) this.#release(held, keys);
    const refused: { index: number; full: TooMany }[] = [];
    peers.forEach((keys, index) => {
      const full = this.#addresses.claim(keys);
      if (full !== undefined) return refused.push({ index, full });
      const name = JSON.stringify([keys.address, keys.network]);
      const known = held.peers.get(name);
      if (known === undefined) held.peers.set(name, { keys, count: 1 });
      else known.count++;
    });
    holder.post({ type: "claimed", refused });
  }

  /** An instance is gone, with all its connections. */
  forget(holder: RoomHolder): void {
    const held = this.#held.get(holder);
    if (held === undefined) return;
    this.#held.delete(holder);
    this.#queue.delete(holder);
    for (const { keys, count } of held.peers.values()) {
      for (let left = count; left > 0; left--) this.#addresses.release(keys);
    }
    this.#granted -= held.granted;
    this.#distribute();
  }

  get #free(): number {
    return this.#most - this.#granted;
  }

  /** What an instance gets ahead: of what is free, a part that leaves more for each other one. */
  get #share(): number {
    if (this.#free <= 0) return 0;
    return Math.max(1, Math.floor(this.#free / (2 * Math.max(2, this.#held.size))));
  }

  #release({ peers }: Held, keys: PeerKeys): void {
    const name = JSON.stringify([keys.address, keys.network]);
    const known = peers.get(name);
    // Only what it has claimed is its own to release.
    if (known === undefined) return;
    if (--known.count === 0) peers.delete(name);
    this.#addresses.release(known.keys);
  }

  #distribute(): void {
    for (const holder of this.#queue) {
      if (this.#free <= 0) break;
      const held = this.#held.get(holder)!;
      // To the end of the queue, if it has more peers waiting.
      this.#queue.delete(holder);
      if (--held.waiting > 0) this.#queue.add(holder);
      this.#grant(holder, 1);
    }
    const isScarce = this.#queue.size > 0 || this.#isScarce && this.#free < this.#held.size;
    if (isScarce === this.#isScarce) return;
    this.#isScarce = isScarce;
    for (const holder of this.#held.keys()) holder.post({ type: "room", connections: 0, scarce: isScarce });
  }

  #grant(holder: RoomHolder, connections: number, { answers = false }: { answers?: boolean } = {}): void {
    if (connections === 0 && !answers) return;
    this.#held.get(holder)!.granted += connections;
    this.#granted += connections;
    holder.post({ type: "room", connections, scarce: this.#isScarce, ...(answers ? { answers } : {}) });
  }
}
