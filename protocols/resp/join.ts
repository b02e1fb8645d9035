/**
 * Joins heads and parts into whole messages.
 *
 * @module
 */

import { bytes, concat } from "@protohost/protohost";
import { decodeCommand, encodeCommand } from "./command.ts";
import { decodeReply } from "./reply.ts";
import { encodeReply } from "./reply_writer.ts";
import { RespSession } from "./session.ts";
import type { Command, CommandPart, Reply } from "./values.ts";

/**
 * Joins the messages of one direction that came in parts, so that the result does not depend on how they were cut. Whole
 * messages stay as they are; an incomplete one is left out.
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
