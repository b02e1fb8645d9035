/**
 * The messages of both directions, and short ways to make and to read them.
 *
 * @module
 */

import type { Blob } from "./bytes.ts";

/** What a client sends. */
export interface Command {
  /** The name as the client wrote it, then its arguments. */
  args: Blob[];
  /** Only the beginning of the command: it is longer than a frame may be, and {@linkcode CommandPart}s follow. */
  partial?: true;
  /** How many `args` the whole command has. Only where it is partial. */
  count?: number;
  /** The length of the next argument, whose bytes follow in parts of their own. Only where it is partial. */
  bodyBytes?: number;
}

/** A piece of an argument, or of a string in a reply, that is too long for a frame. */
export interface BodyPart {
  /** What this part is. */
  part: "body";
  /** A part has no type: `reply.type` tells values from parts. */
  type?: undefined;
  /** The string's next bytes. */
  bytes: Uint8Array;
  /** Whether the string ends here. */
  last: boolean;
  /** Whether the command or reply ends here. */
  complete: boolean;
}

/** More arguments of a command too long for a frame. */
export interface ArgsPart {
  /** What this part is. */
  part: "args";
  /** The arguments, in their order. */
  args: Blob[];
  /** The length of the argument behind these, whose bytes follow in parts of their own. */
  bodyBytes?: number;
  /** Whether the command ends here. */
  complete: boolean;
}

/** More elements of a reply too long for a frame, as they stand on the wire. */
export interface WirePart {
  /** What this part is. */
  part: "wire";
  /** A part has no type: `reply.type` tells values from parts. */
  type?: undefined;
  /** Headers and whole values. */
  bytes: Uint8Array;
  /** The length of the string whose header ends these bytes, and which follows in parts of its own. */
  bodyBytes?: number;
  /** Whether the reply ends here. */
  complete: boolean;
}

/** A piece of the stream from a server to its replica, which has no end. */
export interface StreamPart {
  /** What this part is. */
  part: "stream";
  /** A part has no type: `reply.type` tells values from parts. */
  type?: undefined;
  /** The next bytes. */
  bytes: Uint8Array;
  /** The stream has no end. */
  complete: false;
}

/** What follows a partial command. */
export type CommandPart = BodyPart | ArgsPart;

/** What follows a partial reply, and what a replica is sent. */
export type ReplyPart = BodyPart | WirePart | StreamPart;

/** A key and its value, in a map or in attributes. */
export type Pair = [Value, Value];

/** A value of RESP2 or RESP3 by its type. */
export type Plain =
  | { type: "simple" | "error"; value: Blob }
  /** A string; null is RESP2's null bulk string. */
  | { type: "bulk"; value: Blob | null }
  /** RESP2's null array is null. */
  | { type: "array"; value: Value[] | null }
  /** 64 bits, signed, though more are read; a bigint where a number is not exact. */
  | { type: "integer"; value: number | bigint }
  | { type: "null"; value: null }
  | { type: "boolean"; value: boolean }
  | { type: "double"; value: number }
  | { type: "bignumber"; value: bigint }
  | { type: "bulkerror"; value: Blob }
  /** A string with its format, three letters such as `txt` and `mkd`. */
  | { type: "verbatim"; format: string; value: Blob }
  | { type: "map"; value: Pair[] }
  | { type: "set" | "push"; value: Value[] }
  /**
   * A value that is framed and not read, as it stands on the wire: its line is not what its type says, such as `#true` or
   * an integer with a point, or it is nested too deep.
   */
  | { type: "opaque"; value: Blob };

/** A value, with the attributes that RESP3 may put before it. */
export type Value = Plain & { attributes?: Pair[] };

/**
 * The beginning of a reply that is longer than a frame may be; {@linkcode ReplyPart}s follow. Its `value` has what came
 * so far, with an empty string in place of one that follows.
 */
export type ReplyHead = Value & {
  partial: true;
  /** The bytes as they came, which are what is sent on. */
  wire: Uint8Array;
  /** The length of the string that follows in parts of its own, if one does. */
  bodyBytes?: number;
};

/** What a server sends. */
export type Reply = Value | ReplyHead | ReplyPart;

/** Makes a status reply, such as `OK`. */
export function simple(text: string): Value {
  return { type: "simple", value: text };
}

/** Makes an error reply; its text begins with a code such as `ERR`. */
export function error(text: string): Value {
  return { type: "error", value: text };
}

/** Makes an integer reply. */
export function integer(value: number | bigint): Value {
  return { type: "integer", value };
}

/** Makes a string reply, or RESP2's null. */
export function bulk(value: Blob | null): Value {
  return { type: "bulk", value };
}

/** Makes an array reply. */
export function array(value: Value[]): Value {
  return { type: "array", value };
}

/** A value without its types: what a program reads. Maps become arrays of pairs, an error its text. */
export function plain(value: Value): unknown {
  switch (value.type) {
    case "array":
    case "set":
    case "push":
      return value.value?.map(plain) ?? null;
    case "map":
      return value.value.map(([key, item]) => [plain(key), plain(item)]);
    default:
      return value.value;
  }
}
