/**
 * Helpers for bytes: search, compare, join, and conversion to and from strings (UTF-8).
 *
 * @module
 */

import { Buffer } from "node:buffer";

const encoder = new TextEncoder();
// A byte order mark is part of the data: `bytes(text(x))` must give `x` back.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// Measured: below 12 bytes a loop over ASCII is fastest, up to 200 bytes `utf8Slice`, above that TextDecoder.
const LOOP_BYTES = 12;
const SLICE_BYTES = 200;

type Utf8Slice = (this: Uint8Array, start: number, end: number) => string;
const utf8Slice = (Buffer.prototype as unknown as { utf8Slice: Utf8Slice }).utf8Slice;

/** Decodes bytes as UTF-8. Never throws: invalid bytes become U+FFFD. A byte order mark is kept. */
export function text(bytes: Uint8Array): string {
  return textBetween(bytes, 0, bytes.length);
}

/** Decodes the bytes from `start` to `end` as UTF-8, without making a view. */
export function textBetween(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > SLICE_BYTES) {
    return decoder.decode(length === bytes.length ? bytes : bytes.subarray(start, end));
  }
  if (length > LOOP_BYTES) return utf8Slice.call(bytes, start, end);
  let string = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte > 0x7f) return utf8Slice.call(bytes, start, end);
    string += String.fromCharCode(byte);
  }
  return string;
}

/** Encodes a string as UTF-8 into new bytes. */
export function bytes(string: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(string);
}

/**
 * Finds bytes in the buffer that `input` is given. Pass `from` on, and a frame that arrives byte by byte costs linear
 * time: bytes that an earlier call has seen are not searched again, except those that a match across `from` can begin in.
 *
 * @param buffer Where to search.
 * @param wanted A byte, bytes, or a string (its UTF-8). Empty bytes are never found.
 * @param from How many bytes an earlier search has seen: the `from` of `input`. To search from an exact position,
 *   search a `subarray`.
 * @returns Where the first match begins, or -1.
 */
export function indexOf(buffer: Uint8Array, wanted: Uint8Array | string | number, from = 0): number {
  if (typeof wanted === "number") return buffer.indexOf(wanted, from);
  const needle = typeof wanted === "string" ? needleOf(wanted) : wanted;
  const { length } = needle;
  if (length === 0) return -1;
  const last = buffer.length - length;
  let at = Math.max(0, from - (length - 1));
  while (at <= last) {
    at = buffer.indexOf(needle[0], at);
    if (at < 0 || at > last) return -1;
    let matched = 1;
    while (matched < length && buffer[at + matched] === needle[matched]) matched++;
    if (matched === length) return at;
    at++;
  }
  return -1;
}

/** Whether two byte arrays have the same content. */
export function equals(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Joins byte arrays into a new one. */
export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

// A protocol searches for the same few strings again and again.
const needles = new Map<string, Uint8Array>();
const MAX_NEEDLES = 64;

function needleOf(string: string): Uint8Array {
  let needle = needles.get(string);
  if (needle === undefined) {
    if (needles.size >= MAX_NEEDLES) needles.clear();
    needles.set(string, needle = encoder.encode(string));
  }
  return needle;
}
