/**
 * From bytes to values.
 *
 * @module
 */

import { text } from "@protohost/protohost";
import { type Blob, CR, LF, toBlob } from "./bytes.ts";
import { RespError } from "./error.ts";
import { checkEnd, Type } from "./scanner.ts";
import type { Pair, Value } from "./values.ts";

/** How deep values may stand in one another. */
export const MAX_DEPTH = 32;

const MIN_INTEGER = -(2n ** 63n);
const MAX_INTEGER = 2n ** 63n - 1n;
const INTEGER = /^[+-]?\d+$/;
const DOUBLE = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SPECIAL: Readonly<Record<string, number>> = {
  "inf": Infinity,
  "+inf": Infinity,
  "-inf": -Infinity,
  "nan": NaN,
  "-nan": NaN,
};

/** What stands for a reply of which nothing but attributes came so far. */
const NOTHING: Value = { type: "null", value: null };

/**
 * Reads one value.
 *
 * @throws {RespError} If the bytes are not exactly that.
 */
export function decodeValue(frame: Uint8Array): Value {
  const { value, whole } = readValue(frame);
  if (!whole) throw bad("the value is cut short");
  return value;
}

/** Reads as much of one value as is there; `whole` says whether that is all of it. */
export function readValue(frame: Uint8Array): { value: Value; whole: boolean } {
  const reader = new Reader(frame);
  const value = reader.value(0) ?? NOTHING;
  return { value, whole: !reader.ranOut };
}

class Reader {
  /** Whether the bytes ended before the value did. */
  ranOut = false;
  readonly #frame: Uint8Array;
  #at = 0;

  constructor(frame: Uint8Array) {
    this.#frame = frame;
  }

  /** The next value, as far as it is there; undefined if nothing is. */
  value(depth: number): Value | undefined {
    const type = this.#frame[this.#at];
    switch (type) {
      case undefined:
        this.ranOut = true;
        return undefined;
      case Type.simple:
        return { type: "simple", value: this.#blobLine() };
      case Type.error:
        return { type: "error", value: this.#blobLine() };
      case Type.integer:
        return { type: "integer", value: toInteger(this.#line()) };
      case Type.bulk: {
        const size = this.#length();
        return { type: "bulk", value: size < 0 ? null : this.#string(size) };
      }
      case Type.array: {
        const count = this.#length();
        return { type: "array", value: count < 0 ? null : this.#values(count, depth) };
      }
      case Type.null: {
        const line = this.#line();
        if (line !== "") throw bad(`a null reads ${JSON.stringify(line)}, wanted nothing`);
        return { type: "null", value: null };
      }
      case Type.boolean: {
        const line = this.#line();
        if (line !== "t" && line !== "f") throw bad(`a boolean reads ${JSON.stringify(line)}, wanted t or f`);
        return { type: "boolean", value: line === "t" };
      }
      case Type.double:
        return { type: "double", value: toDouble(this.#line()) };
      case Type.bignumber:
        return { type: "bignumber", value: toBigInt(this.#line()) };
      case Type.bulkerror:
        return { type: "bulkerror", value: this.#string(this.#length()) };
      case Type.verbatim:
        return this.#verbatim();
      case Type.map:
        return { type: "map", value: this.#pairs(this.#length(), depth) };
      case Type.set:
        return { type: "set", value: this.#values(this.#length(), depth) };
      case Type.push:
        return { type: "push", value: this.#values(this.#length(), depth) };
      case Type.attribute:
        return this.#attributed(depth);
      default:
        throw bad(`a value begins with byte ${type}`);
    }
  }

  #values(count: number, depth: number): Value[] {
    checkDepth(depth);
    const values: Value[] = [];
    while (values.length < count && !this.ranOut) {
      const value = this.value(depth + 1);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  #pairs(count: number, depth: number): Pair[] {
    checkDepth(depth);
    const pairs: Pair[] = [];
    while (pairs.length < count && !this.ranOut) {
      const key = this.value(depth + 1);
      const item = this.ranOut ? undefined : this.value(depth + 1);
      if (key !== undefined) pairs.push([key, item ?? NOTHING]);
    }
    return pairs;
  }

  #attributed(depth: number): Value {
    const attributes = this.#pairs(this.#length(), depth);
    const value = (this.ranOut ? undefined : this.value(depth + 1)) ?? NOTHING;
    return { ...value, attributes: [...attributes, ...value.attributes ?? []] };
  }

  #verbatim(): Value {
    const size = this.#length();
    const begin = this.#at;
    if (begin + size + 2 > this.#frame.length) {
      this.#string(size);
      return { type: "verbatim", format: "", value: "" };
    }
    if (size < 4 || this.#frame[begin + 3] !== 0x3a) {
      throw bad("a verbatim string has no format, wanted three letters and a colon");
    }
    this.#at += 4;
    const format = text(this.#frame.subarray(begin, begin + 3));
    return { type: "verbatim", format, value: this.#string(size - 4) };
  }

  /** The string of so many bytes; an empty one if only its length is there. */
  #string(size: number): Blob {
    const begin = this.#at;
    const end = begin + size + 2;
    if (end > this.#frame.length) {
      this.#at = this.#frame.length;
      this.ranOut = true;
      return "";
    }
    this.#at = end;
    checkEnd(this.#frame, end);
    return toBlob(this.#frame.subarray(begin, end - 2));
  }

  /** The number of a header, which `input` has found to be one. */
  #length(): number {
    const frame = this.#frame;
    let at = this.#at + 1;
    let value = 0;
    const negative = frame[at] === 0x2d;
    for (; at < frame.length && frame[at] !== CR; at++) value = value * 10 + frame[at] - 0x30;
    this.#at = at + 2;
    return negative ? -1 : value;
  }

  #lineView(): Uint8Array {
    const frame = this.#frame;
    const end = frame.indexOf(LF, this.#at);
    if (end < 0 || frame[end - 1] !== CR) throw bad("a line ends with \\n alone, wanted \\r\\n");
    const view = frame.subarray(this.#at + 1, end - 1);
    this.#at = end + 1;
    return view;
  }

  #line(): string {
    return text(this.#lineView());
  }

  #blobLine(): Blob {
    const view = this.#lineView();
    if (view.includes(CR)) throw bad("a line has \\r in it");
    return toBlob(view);
  }
}

function toInteger(line: string): number | bigint {
  if (line.length > 20 || !INTEGER.test(line)) throw badNumber("an integer", line);
  const number = Number(line);
  // Adding 0 makes 0 of -0.
  if (Number.isSafeInteger(number)) return number + 0;
  const exact = BigInt(line.replace("+", ""));
  if (exact < MIN_INTEGER || exact > MAX_INTEGER) throw badNumber("an integer of 64 bits", line);
  return exact;
}

function toDouble(line: string): number {
  const special = SPECIAL[line.toLowerCase()];
  if (special !== undefined) return special;
  if (!DOUBLE.test(line)) throw badNumber("a double", line);
  return Number(line);
}

function toBigInt(line: string): bigint {
  if (!INTEGER.test(line)) throw badNumber("a big number", line);
  return BigInt(line.replace("+", ""));
}

function checkDepth(depth: number): void {
  if (depth >= MAX_DEPTH) throw bad(`values stand in one another more than ${MAX_DEPTH} deep`);
}

function badNumber(what: string, line: string): RespError {
  return bad(`${JSON.stringify(line.slice(0, 40))} is not ${what}`);
}

function bad(what: string): RespError {
  return new RespError(`Cannot read RESP: ${what}`);
}
