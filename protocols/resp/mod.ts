/**
 * RESP, the protocol of Redis: RESP2 and RESP3 (https://redis.io/docs/latest/develop/reference/protocol-spec/).
 *
 *     *2\r\n$3\r\nGET\r\n$1\r\na\r\n      a command: an array of strings
 *     GET a\r\n                           the same inline; blanks, quotes and escapes as redis takes them
 *
 *     +OK\r\n   -ERR no\r\n   :1\r\n      status, error, integer
 *     $5\r\nhello\r\n   $-1\r\n           string (any bytes), RESP2's null
 *     *2\r\n:1\r\n:2\r\n   *-1\r\n        array, RESP2's null array
 *     _\r\n   #t\r\n   ,1.5\r\n   (12\r\n null, boolean, double, big number
 *     !5\r\nERR x\r\n   =7\r\ntxt:hey\r\n error and text with a format, of any bytes
 *     %1\r\n+k\r\n:1\r\n   ~1\r\n:1\r\n   map, set
 *     |1\r\n+k\r\n:1\r\n   >2\r\n+a\r\n:1\r\n attributes of the value behind them, push
 *
 * A command's name is its first word in upper case, without a subcommand: `CONFIG SET` is `CONFIG` (its second word is
 * `args[1]`, in upper case {@linkcode subcommand}). A reply is named by its class: `ok` (a status of any text), `error`,
 * `push` (what answers no request: RESP3's pushes, messages of subscribed channels, lines of `MONITOR`), `value` (all
 * else). Parts have no name.
 *
 * A message that does not fit in `maxFrameBytes` comes as a head with `partial: true`, which has the command's name and
 * key or the reply's beginning, and as parts, the last of which is `complete`. Strings are strings where they are UTF-8,
 * else bytes. What a client sent inline is sent on as an array, unless its own bytes are.
 *
 * The stream that follows `SYNC` and `PSYNC` comes in parts without an end; what the replica sends is still commands. The
 * streamed types of the RESP3 draft (`$?`, `*?`) are not read.
 *
 * @module
 */

import type { Codec, Peer, Protocol } from "@protohost/protohost";
import { commandOf, decodeCommand, encodeCommand, skimCommand } from "./command.ts";
import { parseCommand, parseReply } from "./notation.ts";
import { refusalOf } from "./refusal.ts";
import { decodeReply, inputReply, skimReply } from "./reply.ts";
import { encodeReply } from "./reply_writer.ts";
import { doubtOf, upper } from "./names.ts";
import type { Blob } from "./bytes.ts";
import { RespSession } from "./session.ts";
import {
  array,
  bulk,
  type Command,
  type CommandPart,
  error,
  integer,
  type Pair,
  type Reply,
  simple,
} from "./values.ts";
import { Type } from "./wire.ts";

export { join } from "./join.ts";
export { RespError, type RespErrorOptions } from "./error.ts";
export { subcommand } from "./names.ts";
export { RespSession } from "./session.ts";
export type { Blob } from "./bytes.ts";
export { array, bulk, error, integer, plain, simple } from "./values.ts";
export type {
  ArgsPart,
  BodyPart,
  Command,
  CommandPart,
  Pair,
  Plain,
  Reply,
  ReplyHead,
  ReplyPart,
  StreamPart,
  Value,
  WirePart,
} from "./values.ts";

/** The protocol, with what a relay has to know beside the contract. */
export interface RespProtocol extends Protocol<Command | CommandPart, Reply, RespSession> {
  /** Server to client. */
  reply: Codec<Reply, RespSession>;
  /**
   * Whether the command just decoded opens a request that a reply will complete. A part does not, nor a command that
   * `CLIENT REPLY` silences.
   */
  asks(message: Command | CommandPart, connection: Peer<RespSession>): boolean;
}

/** RESP. A client sends commands, a server replies. */
const resp: RespProtocol = {
  name: "resp",
  session: () => new RespSession(),
  input: (buffer, { session, limits }, from) => session.commands.input(buffer, from, limits.maxFrameBytes),
  decode: (frame, { session }) => decodeCommand(frame, session),
  skim: (frame, { session }) => skimCommand(frame, session),
  encode: encodeCommand,
  command: (message) => "part" in message ? "" : upper(message.args[0]),
  parse: parseCommand,
  reply: {
    input: (buffer, connection, from) => inputReply(buffer, from, connection),
    decode: (frame, { session }) => decodeReply(frame, session),
    skim: (frame, { session }) => skimReply(frame, session),
    encode: encodeReply,
    command: nameReply,
    parse: parseReply,
  },
  asks: (_message, { session }) => session.requests.asks,
  withdrawn(_message, { session }) {
    const { instead, isAnswered } = session.requests.withdrawn();
    return instead === undefined ? { isAnswered } : { instead: { args: [instead] }, isAnswered };
  },
  replaced(_message, by, { session }) {
    const { args, count = args.length } = commandOf(by);
    session.requests.replaced(args, count);
  },
  ambiguous(message) {
    const words = "part" in message ? undefined : doubtOf(message);
    return words === undefined ? undefined : error(words);
  },
  answers: (_message, { session }) => session.requests.completes,
  unavailable: () => error("ERR upstream unavailable"),
  refusal: refusalOf,
};

function nameReply(reply: Reply, { session }: Peer<RespSession>): string {
  if ("part" in reply) return "";
  if (reply.type === "error" || reply.type === "bulkerror") return "error";
  if (reply.type === "opaque") return classOf(reply.value);
  if (session.requests.isPush(reply)) return "push";
  return reply.type === "simple" ? "ok" : "value";
}

/** The class of a value that is not read, by its type byte. */
function classOf([first]: Blob): string {
  if (first === "-" || first === Type.error) return "error";
  return first === "+" || first === Type.simple ? "ok" : "value";
}

export default resp;

/** Commands to check the protocol with. */
export const samples: Command[] = [
  { args: ["PING"] },
  { args: ["SET", "key", "hello"] },
  { args: ["SET", "naïve", "✓ \r\n \ufffd", ""] },
  { args: ["SET", "bytes", Uint8Array.of(0xff, 0x0d, 0x0a, 0)] },
  { args: ["MSET", ...Array.from({ length: 40 }, (_, i) => `${i}`)] },
  { args: ["SET", "long", "x".repeat(3000)] },
];

const ttl: Pair = [simple("ttl"), integer(3600)];

/** Replies to check the protocol with. */
export const replySamples: Reply[] = [
  simple("OK"),
  error("ERR refused"),
  integer(-7),
  integer(2n ** 63n - 1n),
  bulk("hello\r\n✓"),
  bulk(Uint8Array.of(0xfe, 0)),
  bulk(""),
  bulk(null),
  array([]),
  array([integer(1), array([bulk("a"), bulk(null), { type: "array", value: null }])]),
  { type: "array", value: null },
  { type: "null", value: null },
  { type: "boolean", value: true },
  { type: "double", value: -1.5e-7 },
  { type: "double", value: Infinity },
  { type: "bignumber", value: -3492890328409238509324850943850943825024385n },
  { type: "bulkerror", value: "SYNTAX invalid\r\nsyntax" },
  { type: "verbatim", format: "txt", value: "Some string" },
  { type: "verbatim", format: "mkd", value: "naïve ✓" },
  { type: "verbatim", format: "txt", value: Uint8Array.of(0xff, 0x0d, 0x0a) },
  { type: "map", value: [[simple("first"), integer(1)], [bulk("second"), array([integer(2)])]] },
  { type: "set", value: [bulk("a"), { type: "boolean", value: false }] },
  { type: "push", value: [bulk("message"), bulk("channel"), bulk("text")] },
  { type: "opaque", value: "#true\r\n" },
  { ...bulk("with attributes"), attributes: [ttl] },
  bulk("y".repeat(3000)),
];
