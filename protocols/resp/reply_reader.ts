/**
 * From bytes to values.
 *
 * What is framed as a value is read, whatever it says: a line that is not what its type promises becomes an `opaque`
 * value with its bytes, and so does what is nested too deep.
 *
 * @module
 */

import { text } from "@protohost/protohost";
import { type Blob, CR, LF, toBlob } from "./bytes.ts";
import { badBytes } from "./error.ts";
import type { Pair, Value } from "./values.ts";
import { checkEnd, replyLineEnd, Type } from "./wire.ts";

/** How deep values are read; deeper ones are opaque. */
export const MAX_DEPTH = 128;

/** Longer numbers would take long to read. */
const MAX_NUMBER_LENGTH = 4096;
const MINUS = 0x2d;
const ZERO = 0x30;
/** The format of a verbatim string. */
export const FORMAT: RegExp = /^[!-~]{3}$/;
const INTEGER = /^[+-]?\d+$/;
const DOUBLE = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const INFINITE = /^([+-]?)inf(inity)?$/i;
const NOT_A_NUMBER = /^[+-]?nan$/i;

/** What stands for a reply of which nothing but attributes came so far. */
const NOTHING: Value = { type: "null", value: null };

/**
 * Reads exactly one value.
 *
 * @throws {RespError} If the bytes are anything else, or a part of the value would be opaque.
 */
export function decodeValue(frame: Uint8Array): Value {
  const reader = new Reader(frame, true);
  const value = reader.value(0);
  if (value === undefined || reader.ranOut) throw badBytes("the value is cut short");
  return value;
}

/** Reads as much of one value as is there; `whole` says whether that is all of it. */
export function readValue(frame: Uint8Array): { value: Value; whole: boolean } {
  const reader = new Reader(frame, false);
  const value = reader.value(0) ?? NOTHING;
  return { value, whole: !reader.ranOut };
}

class Reader {
  /** Whether the bytes ended before the value did. */
  ranOut = false;
  readonly #frame: Uint8Array;
  readonly #isStrict: boolean;
  #at = 0;

  constructor(frame: Uint8Array, isStrict: boolean) {
    this.#frame = frame;
    this.#isStrict = isStrict;
  }

  /** The next value, as far as it is there; undefined if nothing is. */
  value(depth: number): Value | undefined {
    const begin = this.#at;
    const type = this.#frame[begin];
    switch (type) {
      case undefined:
        this.ranOut = true;
        return undefined;
      case Type.simple:
      case Type.error: {
        const line = this.#line();
        if (line.includes(CR) || line.includes(LF)) return this.#opaque(begin);
        return { type: type === Type.simple ? "simple" : "error", value: toBlob(line) };
      }
      case Type.bulk: {
        const size = this.#length();
        return { type: "bulk", value: size < 0 ? null : this.#string(size) };
      }
      case Type.bulkerror:
        return { type: "bulkerror", value: this.#string(this.#length()) };
      case Type.verbatim:
        return this.#verbatim();
      case Type.array:
      case Type.map:
      case Type.set:
      case Type.push:
      case Type.attribute:
        return depth < MAX_DEPTH ? this.#aggregate(type, depth) : this.#opaqueTree(begin);
      default:
        return this.#scalar(type) ?? this.#opaque(begin);
    }
  }

  #aggregate(type: number, depth: number): Value {
    switch (type) {
      case Type.array: {
        const count = this.#length();
        return { type: "array", value: count < 0 ? null : this.#values(count, depth) };
      }
      case Type.map:
        return { type: "map", value: this.#pairs(this.#length(), depth) };
      case Type.set:
        return { type: "set", value: this.#values(this.#length(), depth) };
      case Type.push:
        return { type: "push", value: this.#values(this.#length(), depth) };
      default:
        return this.#attributed(depth);
    }
  }

  #values(count: number, depth: number): Value[] {
    const values: Value[] = [];
    while (values.length < count && !this.ranOut) {
      const value = this.value(depth + 1);
      if (value !== undefined) values.push(value);
    }
    return values;
  }

  #pairs(count: number, depth: number): Pair[] {
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
    const begin = this.#at;
    const size = this.#length();
    const content = this.#at;
    this.#skipString(size);
    if (this.ranOut) return { type: "verbatim", format: "", value: "" };
    const format = text(this.#frame.subarray(content, content + 3));
    if (size < 4 || this.#frame[content + 3] !== 0x3a || !FORMAT.test(format)) return this.#opaque(begin);
    return { type: "verbatim", format, value: toBlob(this.#frame.subarray(content + 4, content + size)) };
  }

  #scalar(type: number): Value | undefined {
    const line = this.#line();
    return line.length <= MAX_NUMBER_LENGTH ? toScalar(type, text(line)) : undefined;
  }

  /** What stands from there to here. */
  #opaque(begin: number): Value {
    const bytes = this.#frame.subarray(begin, this.#at);
    if (this.#isStrict) {
      throw badBytes(`${JSON.stringify(text(bytes.subarray(0, 40)))} is not what its type says`);
    }
    return { type: "opaque", value: toBlob(bytes) };
  }

  /** A value that is not looked into, with all that is nested in it. */
  #opaqueTree(begin: number): Value {
    if (this.#isStrict) throw badBytes(`values stand in one another more than ${MAX_DEPTH} deep`);
    for (let outstanding = 1; outstanding > 0 && !this.ranOut; outstanding--) {
      const type = this.#frame[this.#at];
      if (type === undefined) this.ranOut = true;
      else if (type === Type.bulk) this.#skipString(this.#length());
      else if (type === Type.bulkerror || type === Type.verbatim) this.#skipString(this.#length());
      else if (type === Type.array) outstanding += Math.max(0, this.#length());
      else if (type === Type.map) outstanding += 2 * this.#length();
      else if (type === Type.attribute) outstanding += 2 * this.#length() + 1;
      else if (type === Type.set || type === Type.push) outstanding += this.#length();
      else this.#line();
    }
    return this.#opaque(begin);
  }

  /** The string of so many bytes; an empty one if only its length is there. */
  #string(size: number): Blob {
    const begin = this.#at;
    this.#skipString(size);
    return this.ranOut ? "" : toBlob(this.#frame.subarray(begin, begin + size));
  }

  /** Goes behind the string of so many bytes; null has none. */
  #skipString(size: number): void {
    if (size < 0) return;
    const end = this.#at + size + 2;
    this.ranOut = end > this.#frame.length;
    this.#at = this.ranOut ? this.#frame.length : end;
    if (!this.ranOut) checkEnd(this.#frame, end);
  }

  /** The number of a header, which `input` has found to be one. */
  #length(): number {
    const frame = this.#frame;
    let at = this.#at + 1;
    let value = 0;
    const isNegative = frame[at] === MINUS;
    for (; at < frame.length && frame[at] !== CR; at++) value = value * 10 + frame[at] - ZERO;
    this.#at = at + 2;
    return isNegative ? -1 : value;
  }

  /** The line behind a type byte, without its end. */
  #line(): Uint8Array {
    const begin = this.#at;
    const end = replyLineEnd(this.#frame, begin, begin);
    if (end === 0) throw badBytes("a line is cut short");
    this.#at = end;
    return this.#frame.subarray(begin + 1, end - 2);
  }
}

/** The value of a type whose values are lines; undefined if the line is none. */
function toScalar(type: number, line: string): Value | undefined {
  switch (type) {
    case Type.integer:
      return INTEGER.test(line) ? { type: "integer", value: toInteger(line) } : undefined;
    case Type.null:
      return line === "" ? { type: "null", value: null } : undefined;
    case Type.boolean:
      return line === "t" || line === "f" ? { type: "boolean", value: line === "t" } : undefined;
    case Type.double: {
      const value = toDouble(line);
      return value === undefined ? undefined : { type: "double", value };
    }
    case Type.bignumber:
      return INTEGER.test(line) ? { type: "bignumber", value: BigInt(line.replace("+", "")) } : undefined;
    default:
      throw badBytes(`a value begins with byte ${type}`);
  }
}

function toInteger(line: string): number | bigint {
  const number = Number(line);
  // Adding 0 makes 0 of -0.
  return Number.isSafeInteger(number) ? number + 0 : BigInt(line.replace("+", ""));
}

function toDouble(line: string): number | undefined {
  if (DOUBLE.test(line)) return Number(line);
  const infinite = INFINITE.exec(line);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return NOT_A_NUMBER.test(line) ? NaN : undefined;
}
