/**
 * Commands: what a client sends.
 *
 * @module
 */

import { type Skip, skip } from "@protohost/protohost";
import { type Blob, CR, isBlob, toBlob, Writer } from "./bytes.ts";
import { RespError, show } from "./error.ts";
import { splitWords } from "./inline.ts";
import { parseCommand } from "./notation.ts";
import type { RespSession } from "./session.ts";
import type { Command, CommandPart } from "./values.ts";
import { checkEnd, Type } from "./wire.ts";

/** So many arguments tell what the server is going to answer. */
const TELLING_ARGUMENTS = 3;
const MINUS = 0x2d;
const ZERO = 0x30;

/** Reads a frame of a client: a command, the beginning of one, or a part. An empty one is no message. */
export function decodeCommand(frame: Uint8Array, session: RespSession): Command | CommandPart | Skip {
  return decode(frame, session, Infinity);
}

/** The same where nobody reads the message: it has no more than the first arguments. */
export function skimCommand(frame: Uint8Array, session: RespSession): Command | CommandPart | Skip {
  return decode(frame, session, TELLING_ARGUMENTS);
}

function decode(frame: Uint8Array, session: RespSession, most: number): Command | CommandPart | Skip {
  const { commands: scanner, requests } = session;
  if (scanner.isPassing) {
    requests.sentPart();
    return decodePart(frame, session, most);
  }
  if (frame[0] !== Type.array) {
    const args = splitWords(frame);
    if (args.length === 0) return skip;
    requests.sent(args, args.length);
    return { args };
  }
  // "*0", "*-1" and below ask for nothing, and get no answer.
  if (frame[1] === MINUS) return skip;
  let at = 1;
  let count = 0;
  for (; frame[at] !== CR; at++) count = count * 10 + frame[at] - ZERO;
  if (count === 0) return skip;
  const args: Blob[] = [];
  const isWhole = readArgs(frame, at + 2, most, args) === count;
  requests.sent(args, count);
  if (isWhole) return { args };
  const bodyBytes = scanner.take(frame);
  const head: Command = { args, partial: true, count };
  if (bodyBytes !== undefined) head.bodyBytes = bodyBytes;
  return head;
}

/** The command that a message is, which may be given as text. */
export function commandOf(message: Command | CommandPart | string): Command {
  if (typeof message === "string") return parseCommand(message);
  if (isMessage(message) && !("part" in message)) return message;
  throw new RespError(`Cannot send ${show(message)} in the place of a command: wanted a command`);
}

/**
 * Makes the bytes of a command or of a part of one. A string is read as {@linkcode parseCommand} does.
 *
 * @throws {RespError} If it is none, or an argument is neither a string nor bytes.
 */
export function encodeCommand(message: Command | CommandPart | string): Uint8Array | string {
  if (typeof message === "string") return encodeCommand(parseCommand(message));
  if (!isMessage(message)) {
    throw new RespError(
      `Cannot write a command: found ${show(message)}, wanted one such as { args: ["SET", "key", "1"] }, ` +
        `or a text such as "SET key 1"`,
    );
  }
  const writer = new Writer();
  if ("part" in message) {
    if (message.part === "body") {
      writer.blob(message.bytes);
      if (message.last) writer.text("\r\n");
      return writer.finish();
    }
  } else {
    const count = message.count ?? message.args.length;
    if (count === 0) {
      throw new RespError("Cannot write a command: it has no arguments, wanted at least a name");
    }
    writer.text(`*${count}\r\n`);
  }
  for (const [index, arg] of message.args.entries()) {
    if (!isBlob(arg)) {
      throw new RespError(
        `Cannot write a command: args[${index}] is ${show(arg)}, wanted a string or bytes`,
      );
    }
    writer.bulk("$", arg);
  }
  if (message.bodyBytes !== undefined) writer.text(`$${message.bodyBytes}\r\n`);
  return writer.finish();
}

function isMessage(message: unknown): boolean {
  if (typeof message !== "object" || message === null) return false;
  return "args" in message ? Array.isArray(message.args) : "part" in message && message.part === "body";
}

function decodePart(frame: Uint8Array, session: RespSession, most: number): CommandPart {
  const { commands: scanner } = session;
  if (scanner.body > 0) {
    const last = scanner.takeBody(frame);
    const bytes = frame.slice(0, last ? -2 : undefined);
    return { part: "body", bytes, last, complete: !scanner.isPassing };
  }
  const args: Blob[] = [];
  readArgs(frame, 0, most, args);
  const bodyBytes = scanner.take(frame);
  const complete = !scanner.isPassing;
  return bodyBytes === undefined
    ? { part: "args", args, complete }
    : { part: "args", args, bodyBytes, complete };
}

/** Reads strings from `at`, at most so many, up to one that is only announced. Answers how many there are. */
function readArgs(frame: Uint8Array, at: number, most: number, into: Blob[]): number {
  const { length } = frame;
  let count = 0;
  while (at < length) {
    let size = 0;
    for (at++; frame[at] !== CR; at++) size = size * 10 + frame[at] - ZERO;
    const begin = at + 2;
    at = begin + size + 2;
    if (at > length) break;
    checkEnd(frame, at);
    if (count++ < most) into.push(toBlob(frame.subarray(begin, begin + size)));
  }
  return count;
}
