/**
 * Random choices that a seed repeats.
 *
 * @module
 */

/** A source of random numbers: 32 bits of state, a step by the golden ratio, a finalizer that mixes them. */
export class Random {
  #state: number;

  /** Starts from a seed; only its low 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 up to, not including, a limit. */
  below(limit: number): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return Math.floor(((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32 * limit);
  }

  /** One of several values. */
  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)];
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** Sizes of pieces, each from 1 to `most`, that add up to a length. */
  sizes(length: number, most: number): number[] {
    const sizes: number[] = [];
    for (let left = length; left > 0;) {
      const size = Math.min(left, 1 + this.below(most));
      sizes.push(size);
      left -= size;
    }
    return sizes;
  }

  /** Positions inside a length, ascending: all if there are few, else both ends and a random choice between them. */
  positions(length: number, most: number): number[] {
    const inside = Math.max(0, length - 1);
    if (inside <= most) return Array.from({ length: inside }, (_, i) => i + 1);
    const edge = Math.floor(most / 3);
    const chosen = new Set<number>();
    for (let i = 1; i <= edge; i++) chosen.add(i).add(length - i);
    for (let i = 0; i < edge; i++) chosen.add(1 + this.below(inside));
    return [...chosen].sort((a, b) => a - b);
  }
}
