/**
 * A value for each command's name, made when the name is first seen. Clients choose names, so the cache is bounded.
 *
 * @module
 */

/** The most names that are remembered. */
export const MAX_NAMES = 1024;
/** Longer names are not remembered: a thousand of them would take a lot of memory. */
const MAX_NAME_LENGTH = 256;

/** Remembers a value for each of the names seen last: at least the last 512, at most 1024. */
export class NameCache<T extends object | null> {
  readonly #make: (name: string) => T;
  #young: Map<string, T> = new Map();
  #old: Map<string, T> = new Map();

  /** @param make Makes the value of a name that is not remembered. */
  constructor(make: (name: string) => T) {
    this.#make = make;
  }

  /** How many names are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The value of a name. */
  get(name: string): T {
    const known = this.#young.get(name);
    if (known !== undefined) return known;
    const before = this.#old.get(name);
    if (before === undefined && name.length > MAX_NAME_LENGTH) return this.#make(name);
    const own = ownCopy(name);
    const value = before === undefined ? this.#make(own) : before;
    if (this.#young.size >= MAX_NAMES / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#old.delete(own);
    this.#young.set(own, value);
    return value;
  }
}

/** Copies a name: a substring keeps the whole string in memory, and a name is mostly part of a message. */
function ownCopy(name: string): string {
  return (" " + name).slice(1);
}
