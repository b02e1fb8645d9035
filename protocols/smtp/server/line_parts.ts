/**
 * From content in pieces of any size to parts of lines, as they are sent after `DATA`. Pure.
 *
 * @module
 */

import type { LinesPart } from "@protohost/protohost/protocols/smtp/codec";
import type { SmtpContent } from "./handler.ts";

const CR = 0x0d;
const LF = 0x0a;
const CRLF = Uint8Array.of(CR, LF);

/** Content as parts of lines, a piece of which may end within one; the last line gets its end if it has none. */
export async function* linesOf(content: SmtpContent): AsyncGenerator<LinesPart, void> {
  let isMidLine = false;
  let holdsCr = false;
  for await (const bytes of content) {
    if (bytes.length === 0) continue;
    // A CR stays with its LF.
    const endsWithCr = bytes.at(-1) === CR;
    const piece = endsWithCr ? bytes.subarray(0, bytes.length - 1) : bytes;
    const lines = holdsCr ? joined(piece) : piece;
    holdsCr = endsWithCr;
    if (lines.length === 0) continue;
    const isUnfinished = lines.at(-1) !== LF;
    yield part(lines, { isMidLine, isUnfinished });
    isMidLine = isUnfinished;
  }
  if (isMidLine || holdsCr) yield part(CRLF, { isMidLine, isUnfinished: false });
}

function joined(piece: Uint8Array): Uint8Array {
  const lines = new Uint8Array(piece.length + 1);
  lines[0] = CR;
  lines.set(piece, 1);
  return lines;
}

function part(
  bytes: Uint8Array,
  { isMidLine, isUnfinished }: Record<"isMidLine" | "isUnfinished", boolean>,
): LinesPart {
  return {
    part: "body",
    bytes,
    ...isMidLine ? { continues: true } : {},
    ...isUnfinished ? { unfinished: true } : {},
    last: false,
  };
}
