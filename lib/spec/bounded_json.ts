/**
 * Any value as a JSON value of bounded size. Pure.
 *
 * @module
 */

import { toErrorRecord } from "../base/error_record.ts";

/** The longest string, in UTF-16 units. */
const MAX_STRING = 16_384;
/** The longest name of a property. */
const MAX_NAME = 200;
const MAX_DEPTH = 6;
/** The most entries of one object or array. */
const MAX_ENTRIES = 100;
/** The most values and characters of the whole: shared parts are written out each time. */
const MAX_VALUES = 2_000;
const MAX_CHARACTERS = 65_536;

/** The closest JSON value to any value. What is longer, deeper or more than the bounds is cut. */
export function boundedJson(value: unknown): unknown {
  return new Builder().build(value, []);
}

/** The part of a text that fits, with `...` where something is missing. */
export function cut(text: string, maxLength: number): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}...` : text;
}

class Builder {
  #values = MAX_VALUES;
  #characters = MAX_CHARACTERS;

  build(value: unknown, above: readonly unknown[]): unknown {
    if (--this.#values < 0) return "[...]";
    switch (typeof value) {
      case "string":
        return this.#text(value, MAX_STRING);
      case "number":
        return Number.isFinite(value) ? value : String(value);
      case "boolean":
        return value;
      case "undefined":
        return null;
      case "object":
        return value === null ? null : this.#object(value, above);
      default:
        return this.#text(String(value), MAX_STRING);
    }
  }

  #object(value: object, above: readonly unknown[]): unknown {
    if (value instanceof Error) return this.#entries(Object.entries(toErrorRecord(value)), above);
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (above.includes(value)) return "[circular]";
    if (above.length >= MAX_DEPTH) return "[...]";
    const inner = [...above, value];
    if (Array.isArray(value)) return value.slice(0, MAX_ENTRIES).map((one) => this.build(one, inner));
    if (value instanceof Set) return [...value].slice(0, MAX_ENTRIES).map((one) => this.build(one, inner));
    return this.#entries(value instanceof Map ? [...value] : Object.entries(value), inner);
  }

  #entries(entries: [unknown, unknown][], above: readonly unknown[]): Record<string, unknown> {
    return Object.fromEntries(
      entries.slice(0, MAX_ENTRIES).map((
        [name, value],
      ) => [this.#text(String(name), MAX_NAME), this.build(value, above)]),
    );
  }

  #text(text: string, maxLength: number): string {
    const shown = cut(text, Math.min(maxLength, Math.max(0, this.#characters)));
    this.#characters -= shown.length;
    return shown;
  }
}
