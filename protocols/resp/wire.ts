/**
 * The smallest pieces of the wire format: type bytes, lengths, line ends.
 *
 * Commands are read as strictly as redis reads them, and nothing is read that redis could take for something else. Replies
 * are read as loosely as they can be framed: what a server says is for its client to judge.
 *
 * @module
 */

import { CR, LF } from "./bytes.ts";
import { badBytes, type RespError } from "./error.ts";

/** The first byte of each type. */
export const Type = {
  simple: 0x2b, // +
  error: 0x2d, // -
  integer: 0x3a, // :
  bulk: 0x24, // $
  array: 0x2a, // *
  null: 0x5f, // _
  boolean: 0x23, // #
  double: 0x2c, // ,
  bignumber: 0x28, // (
  bulkerror: 0x21, // !
  verbatim: 0x3d, // =
  map: 0x25, // %
  set: 0x7e, // ~
  attribute: 0x7c, // |
  push: 0x3e, // >
} as const;

/** What a length may be. */
export interface LengthRule {
  max: number;
  /** Which negative numbers are read, as -1. */
  negative: "none" | "-1" | "any";
  /** What redis calls another one. */
  protocolError: string;
}

/** The most elements that a header may announce: 2^31 - 1, as in redis. */
const MAX_COUNT = 2_147_483_647;
/** Lengths of strings are bounded by the server's `proto-max-bulk-len` alone, which can be any. */
const MAX_BULK_BYTES = Number.MAX_SAFE_INTEGER;

const COUNT = { max: MAX_COUNT, protocolError: "invalid multibulk length" };
const BULK = { max: MAX_BULK_BYTES, protocolError: "invalid bulk length" };

/** The lengths of headers. */
export const Length = {
  /** Of a command: a negative one announces nothing. */
  command: { ...COUNT, negative: "any" },
  argument: { ...BULK, negative: "none" },
  /** -1 is RESP2's null. */
  array: { ...COUNT, negative: "-1" },
  aggregate: { ...COUNT, negative: "none" },
  bulk: { ...BULK, negative: "-1" },
  blob: { ...BULK, negative: "none" },
} satisfies Record<string, LengthRule>;

/** The longest inline command, as in redis. */
export const MAX_INLINE_BYTES = 64 * 1024;
/** What {@linkcode readLength} answers while the header is not all there. */
export const INCOMPLETE = -2;

const MAX_DIGITS = 15;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Where the line ends that {@linkcode readLength} has read last. */
export let lineEnd = 0;

/**
 * Reads a decimal number and its \r\n, without plus or leading zeros. Sets {@linkcode lineEnd}.
 *
 * @throws {RespError} At the first byte that cannot belong to one.
 */
export function readLength(buffer: Uint8Array, first: number, rule: LengthRule): number {
  const { length } = buffer;
  let value = 0;
  for (let at = first; at < length; at++) {
    const digit = buffer[at] - ZERO;
    if (digit >= 0 && digit <= 9) {
      if ((value === 0 && at > first) || at - first === MAX_DIGITS) throw badLength(buffer, first, rule);
      value = value * 10 + digit;
      continue;
    }
    if (at === first && buffer[at] === MINUS) return readNegative(buffer, first, rule);
    if (buffer[at] !== CR || at === first) throw badLength(buffer, first, rule);
    if (at + 1 === length) return INCOMPLETE;
    if (buffer[at + 1] !== LF) throw badLength(buffer, first, rule);
    if (value > rule.max) {
      throw badBytes(`a length is ${value}, wanted at most ${rule.max}`, rule.protocolError);
    }
    lineEnd = at + 2;
    return value;
  }
  return INCOMPLETE;
}

/** The same of a number below 0, which stands for -1. */
function readNegative(buffer: Uint8Array, first: number, rule: LengthRule): number {
  const { length } = buffer;
  if (rule.negative === "none") throw badLength(buffer, first, rule);
  const most = rule.negative === "-1" ? 1 : MAX_DIGITS;
  let at = first + 1;
  for (; at < length && buffer[at] !== CR; at++) {
    const digit = buffer[at] - ZERO;
    const isFirst = at === first + 1;
    const fits = digit >= (isFirst ? 1 : 0) && digit <= (most === 1 ? 1 : 9) && at - first <= most;
    if (!fits) throw badLength(buffer, first, rule);
  }
  if (at === length) return INCOMPLETE;
  if (at === first + 1) throw badLength(buffer, first, rule);
  if (at + 1 === length) return INCOMPLETE;
  if (buffer[at + 1] !== LF) throw badLength(buffer, first, rule);
  lineEnd = at + 2;
  return -1;
}

/** Where an inline command ends, its \n included; 0 if that is not there. No \n stands before `search`. */
export function inlineEnd(buffer: Uint8Array, search: number): number {
  const end = buffer.indexOf(LF, search) + 1;
  if ((end === 0 ? buffer.length : end) <= MAX_INLINE_BYTES) return end;
  throw badBytes(`an inline command is longer than ${MAX_INLINE_BYTES} bytes`, "too big inline request");
}

/** Where a line of a reply ends, its \r\n included; 0 if that is not there. No \n stands before `search`. */
export function replyLineEnd(buffer: Uint8Array, at: number, search: number): number {
  for (;;) {
    const end = buffer.indexOf(LF, search) + 1;
    if (end === 0 || (end - 2 > at && buffer[end - 2] === CR)) return end;
    search = end;
  }
}

/**
 * Makes sure that a string ends with \r\n, whatever it holds.
 *
 * @throws {RespError} If something else stands there. Redis skips whatever two bytes it finds.
 */
export function checkEnd(buffer: Uint8Array, end: number): void {
  if (buffer[end - 2] !== CR || buffer[end - 1] !== LF) {
    throw badBytes("a string does not end where its length says, wanted \\r\\n there", "invalid bulk length");
  }
}

/** A byte for an error message: `"x"`, `byte 10`. */
export function showByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte ${byte}`;
}

function badLength(buffer: Uint8Array, at: number, rule: LengthRule): RespError {
  const found = Array.from(buffer.subarray(at, at + MAX_DIGITS + 1), (byte) => String.fromCharCode(byte));
  return badBytes(
    `a length reads ${JSON.stringify(found.join(""))}, wanted a decimal number and \\r\\n`,
    rule.protocolError,
  );
}
