/**
 * Commands: what a client sends.
 *
 * @module
 */

import { type Skip, skip } from "@protohost/protohost";
import { type Blob, isBlob, toBlob, Writer } from "./bytes.ts";
import { RespError, show } from "./error.ts";
import { parseCommand, splitWords } from "./notation.ts";
import { checkEnd, Type } from "./scanner.ts";
import type { RespSession } from "./session.ts";
import type { Command, CommandPart } from "./values.ts";

/** Reads a frame of a client: a command, the beginning of one, or a part. An empty one is no message. */
export function decodeCommand(frame: Uint8Array, session: RespSession): Command | CommandPart | Skip {
  const { commands: scanner, requests } = session;
  if (scanner.isPassing) {
    requests.sentPart();
    return decodePart(frame, session);
  }
  if (frame[0] !== Type.array) {
    const args = splitWords(frame);
    if (args.length === 0) return skip;
    requests.sent(args, args.length);
    return { args };
  }
  let at = 1;
  let count = 0;
  for (; frame[at] !== 0x0d; at++) count = count * 10 + frame[at] - 0x30;
  // "*0" and "*-1" ask for nothing, and get no answer.
  if (count === 0 || frame[1] === 0x2d) return skip;
  const args: Blob[] = [];
  readArgs(frame, at + 2, args);
  requests.sent(args, count);
  if (args.length === count) return { args };
  const bodyBytes = scanner.take(frame);
  const head: Command = { args, partial: true, count };
  if (bodyBytes !== undefined) head.bodyBytes = bodyBytes;
  return head;
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

function decodePart(frame: Uint8Array, session: RespSession): CommandPart {
  const { commands: scanner } = session;
  if (scanner.body > 0) return scanner.takeBody(frame);
  const args: Blob[] = [];
  readArgs(frame, 0, args);
  const bodyBytes = scanner.take(frame);
  const complete = !scanner.isPassing;
  return bodyBytes === undefined
    ? { part: "args", args, complete }
    : { part: "args", args, bodyBytes, complete };
}

/** Reads the strings from `at`, up to one that is only announced. */
function readArgs(frame: Uint8Array, at: number, args: Blob[]): void {
  const { length } = frame;
  while (at < length) {
    let size = 0;
    for (at++; frame[at] !== 0x0d; at++) size = size * 10 + frame[at] - 0x30;
    const begin = at + 2;
    at = begin + size + 2;
    if (at > length) return;
    checkEnd(frame, at);
    args.push(toBlob(frame.subarray(begin, begin + size)));
  }
}
