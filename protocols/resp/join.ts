/**
 * Whole messages out of heads and parts.
 *
 * @module
 */

import { bytes, concat } from "@protohost/protohost";
import { decodeCommand, encodeCommand } from "./command.ts";
import { decodeReply, encodeReply } from "./reply.ts";
import { RespSession } from "./session.ts";
import type { Command, CommandPart, Reply } from "./values.ts";

/**
 * Puts messages of one direction together that came in parts, so that they are the same however they were cut. Whole
 * ones stay as they are; one that is not complete is left out.
 */
export function join(messages: (Command | CommandPart | Reply)[]): unknown[] {
  const joined: unknown[] = [];
  let pieces: Uint8Array[] = [];
  let isCommand = false;
  for (const message of messages) {
    if (!("part" in message)) {
      isCommand = "args" in message;
      pieces = [];
      if (!("partial" in message)) {
        joined.push(message);
        continue;
      }
    }
    const made = isCommand ? encodeCommand(message as Command | CommandPart) : encodeReply(message as Reply);
    pieces.push(typeof made === "string" ? bytes(made) : made);
    if (!("part" in message && message.complete)) continue;
    const frame = concat(pieces);
    joined.push((isCommand ? decodeCommand : decodeReply)(frame, new RespSession()));
  }
  return joined;
}
