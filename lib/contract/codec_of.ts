/**
 * Which codec a direction of a protocol goes by.
 *
 * @module
 */

import type { AnyProtocol, Codec, Direction } from "./protocol.ts";

/** The codec of what goes this way: the protocol itself, or from server to client its `reply`, if it has one. */
export function codecOf(
  protocol: Pick<AnyProtocol, "reply"> & Codec<unknown>,
  direction: Direction,
  // deno-lint-ignore no-explicit-any
): Codec<any, any> {
  return direction === "in" ? protocol : protocol.reply ?? protocol;
}
