/**
 * Replies: writing what a server sends.
 *
 * @module
 */

import { bytes } from "@protohost/protohost";
import { type Blob, Writer } from "./bytes.ts";
import { checkValue } from "./check.ts";
import { RespError } from "./error.ts";
import { parseReply } from "./notation.ts";
import { FORMAT } from "./reply_reader.ts";
import { Scanner } from "./scanner.ts";
import type { Pair, Reply, Value } from "./values.ts";

/**
 * Makes the bytes of a reply or of a part of one. A string is read as {@linkcode parseReply} does.
 *
 * @throws {RespError} If it is none, or its `value` is not of its type.
 */
export function encodeReply(reply: Reply | string): Uint8Array | string {
  if (typeof reply === "string") return encodeReply(parseReply(reply));
  const writer = new Writer();
  if (typeof reply !== "object" || reply === null) checkValue(reply);
  else if ("part" in reply) {
    writer.blob(reply.bytes);
    if (reply.part === "body" && reply.last) writer.text("\r\n");
  } else if ("wire" in reply) writer.blob(reply.wire);
  else write(reply, writer);
  return writer.finish();
}

function write(reply: Value, writer: Writer): void {
  checkValue(reply);
  if (reply.attributes !== undefined) {
    writer.text(`|${reply.attributes.length}\r\n`);
    writePairs(reply.attributes, writer);
  }
  switch (reply.type) {
    case "simple":
      return writeLine("+", reply.value, writer);
    case "error":
      return writeLine("-", reply.value, writer);
    case "integer":
      return writer.text(`:${reply.value}\r\n`);
    case "bulk":
      return reply.value === null ? writer.text("$-1\r\n") : writer.bulk("$", reply.value);
    case "array":
      return reply.value === null ? writer.text("*-1\r\n") : writeValues("*", reply.value, writer);
    case "null":
      return writer.text("_\r\n");
    case "boolean":
      return writer.text(reply.value ? "#t\r\n" : "#f\r\n");
    case "double":
      return writer.text(`,${formatDouble(reply.value)}\r\n`);
    case "bignumber":
      return writer.text(`(${reply.value}\r\n`);
    case "bulkerror":
      return writer.bulk("!", reply.value);
    case "verbatim":
      return writeVerbatim(reply.format, reply.value, writer);
    case "map":
      writer.text(`%${reply.value.length}\r\n`);
      return writePairs(reply.value, writer);
    case "set":
      return writeValues("~", reply.value, writer);
    case "push":
      return writeValues(">", reply.value, writer);
    case "opaque":
      return writeOpaque(reply.value, writer);
    default:
      reply satisfies never;
  }
}

function writeValues(marker: string, values: Value[], writer: Writer): void {
  writer.text(`${marker}${values.length}\r\n`);
  for (const value of values) write(value, writer);
}

function writePairs(pairs: Pair[], writer: Writer): void {
  for (const [key, value] of pairs) {
    write(key, writer);
    write(value, writer);
  }
}

function writeLine(marker: string, line: Blob, writer: Writer): void {
  const isBroken = typeof line === "string"
    ? line.includes("\n") || line.includes("\r")
    : line.includes(10) || line.includes(13);
  if (isBroken) throw new RespError("Cannot write a status or an error: there is a line break in it");
  writer.text(marker);
  writer.blob(line);
  writer.text("\r\n");
}

function writeVerbatim(format: string, value: Blob, writer: Writer): void {
  if (!FORMAT.test(format)) {
    throw new RespError(`Cannot write a verbatim string: its format is "${format}", wanted three letters`);
  }
  if (typeof value === "string") return writer.bulk("=", `${format}:${value}`);
  writer.text(`=${value.length + 4}\r\n${format}:`);
  writer.blob(value);
  writer.text("\r\n");
}

function writeOpaque(value: Blob, writer: Writer): void {
  const wire = typeof value === "string" ? bytes(value) : value;
  if (new Scanner("replies").input(wire, 0, Infinity) !== wire.length || wire.length === 0) {
    throw new RespError("Cannot write an opaque value: its bytes are not one value of RESP");
  }
  writer.blob(wire);
}

function formatDouble(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return Object.is(value, -0) ? "-0" : String(value);
}
