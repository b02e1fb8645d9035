/**
 * Replies: reading what a server sends.
 *
 * @module
 */

import { type Peer, type Skip, skip } from "@protohost/protohost";
import { LF } from "./bytes.ts";
import { readValue } from "./reply_reader.ts";
import type { RespSession } from "./session.ts";
import type { Reply, ReplyHead, ReplyPart, Value } from "./values.ts";
import { Type } from "./wire.ts";

/** What a frame says to who only counts answers, by its first byte. */
const GLIMPSES: ReadonlyMap<number, Value> = new Map<number, Value>([
  [Type.simple, { type: "simple", value: "" }],
  [Type.error, { type: "error", value: "" }],
  [Type.integer, { type: "integer", value: 0 }],
  [Type.bulk, { type: "bulk", value: null }],
  [Type.array, { type: "array", value: null }],
  [Type.null, { type: "null", value: null }],
  [Type.boolean, { type: "boolean", value: false }],
  [Type.double, { type: "double", value: 0 }],
  [Type.bignumber, { type: "bignumber", value: 0n }],
  [Type.bulkerror, { type: "bulkerror", value: "" }],
  [Type.verbatim, { type: "verbatim", format: "txt", value: "" }],
  [Type.map, { type: "map", value: [] }],
  [Type.set, { type: "set", value: [] }],
  [Type.push, { type: "push", value: [] }],
]);

const UNREAD = new Uint8Array(0);

/** Reads a frame of a server: a value, the beginning of one, or a part. */
export function decodeReply(frame: Uint8Array, session: RespSession): Reply | Skip {
  const { replies: scanner, requests } = session;
  if (scanner.isPassing || requests.stream !== undefined) {
    const part = decodePart(frame, session, copy);
    if (part !== undefined) return part;
  }
  const { value, whole } = readValue(frame);
  requests.received(value, whole);
  if (whole) return value;
  const bodyBytes = scanner.take(frame);
  const head: ReplyHead = { ...value, partial: true, wire: frame.slice() };
  if (bodyBytes !== undefined) head.bodyBytes = bodyBytes;
  return head;
}

/** The same where nobody reads the message: it has no more than its type, or whether a part is the last. */
export function skimReply(frame: Uint8Array, session: RespSession): Reply | Skip {
  const { replies: scanner, requests } = session;
  if (scanner.isPassing || requests.stream !== undefined) {
    const part = decodePart(frame, session, leaveOut);
    if (part !== undefined) return part;
  }
  const glimpse = GLIMPSES.get(frame[0]);
  if (glimpse === undefined || requests.minds || !scanner.isWhole(frame)) return decodeReply(frame, session);
  requests.received(glimpse, true);
  return glimpse;
}

/** The length of the next frame of a server; see {@linkcode Scanner.input}. */
export function inputReply(buffer: Uint8Array, from: number, { session, limits }: Peer<RespSession>): number {
  const { replies: scanner, requests: { stream } } = session;
  if (stream !== undefined && isOfStream(buffer, stream)) {
    return stream === "begun" || buffer[0] === Type.bulk ? Math.min(buffer.length, limits.maxFrameBytes) : 1;
  }
  return scanner.input(buffer, from, limits.maxFrameBytes);
}

/** Whether bytes belong to the stream that follows SYNC, or to its preparation, in which a server sends line ends. */
function isOfStream(bytes: Uint8Array, stream: "awaited" | "begun"): boolean {
  return stream === "begun" || bytes[0] === LF || bytes[0] === Type.bulk;
}

/**
 * A part of a reply, or of the stream; undefined if it is neither.
 *
 * @param bytesOf Makes what a part keeps of its frame.
 */
function decodePart(
  frame: Uint8Array,
  session: RespSession,
  bytesOf: (view: Uint8Array) => Uint8Array,
): ReplyPart | Skip | undefined {
  const { replies: scanner, requests } = session;
  const { stream } = requests;
  if (stream !== undefined && isOfStream(frame, stream)) {
    if (stream === "awaited" && frame[0] === LF) return skip;
    requests.stream = "begun";
    return { part: "stream", bytes: bytesOf(frame), complete: false };
  }
  if (!scanner.isPassing) return undefined;
  let part: ReplyPart;
  if (scanner.body > 0) {
    const last = scanner.takeBody(frame);
    const content = last ? frame.subarray(0, -2) : frame;
    part = { part: "body", bytes: bytesOf(content), last, complete: !scanner.isPassing };
  } else {
    const bodyBytes = scanner.take(frame);
    part = { part: "wire", bytes: bytesOf(frame), complete: !scanner.isPassing };
    if (bodyBytes !== undefined) part.bodyBytes = bodyBytes;
  }
  requests.receivedPart(part.complete);
  return part;
}

function copy(view: Uint8Array): Uint8Array {
  return view.slice();
}

function leaveOut(): Uint8Array {
  return UNREAD;
}
