/**
 * A protocol as a relay uses it: a direction that no hook looks at is skimmed, not decoded.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import type { AnyProtocol, Codec, Direction } from "../contract/protocol.ts";

/** The protocol, with `skim` in place of `decode` in the directions that are not observed and have one. */
export function skimming(
  protocol: AnyProtocol,
  observed: Readonly<Record<Direction, boolean>>,
): AnyProtocol {
  const skimmed: AnyProtocol = Object.create(protocol);
  let isSame = true;
  for (const direction of ["in", "out"] as const) {
    const codec = codecOf(protocol, direction);
    if (observed[direction] || codec.skim === undefined) continue;
    isSame = false;
    if (direction === "in") {
      skimmed.decode = codec.skim;
      // A protocol of one codec would skim the other direction too.
      skimmed.reply ??= protocol;
    } else skimmed.reply = skimmingCodec(codec);
  }
  return isSame ? protocol : skimmed;
}

function skimmingCodec(codec: Codec<unknown>): Codec<unknown> {
  const skimmed: Codec<unknown> = Object.create(codec);
  skimmed.decode = codec.skim!;
  return skimmed;
}
