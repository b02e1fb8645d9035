/**
 * What a codec calls a message.
 *
 * @module
 */

import type { Codec } from "./protocol.ts";
import type { Peer } from "./connection.ts";

/** The message's command; empty if the codec names none. */
// deno-lint-ignore no-explicit-any
export function commandOf(codec: Codec<any, any>, message: unknown, peer: Peer<any>): string {
  return codec.command?.(message, peer) ?? "";
}
