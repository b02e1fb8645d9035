/**
 * Line ends of content that comes by `BDAT`, where a bare LF ends nothing but a line. As in Postfix, a bare LF becomes
 * CR LF and a bare CR a blank: some senders use `BDAT` for just such mail, and would bounce what is refused.
 *
 * @module
 */

import { concat } from "@protohost/protohost";

const LF = 0x0a;
const CR = 0x0d;
const CRLF = Uint8Array.of(CR, LF);
const BLANK = Uint8Array.of(0x20);
const NOTHING = new Uint8Array();

/** Makes every line end CR LF, in content that comes in pieces. */
export class NewlineNormalizer {
  /** Whether the last piece ended with a CR, which is held back: an LF may follow. */
  #holdsCr = false;

  /** Takes a piece; answers what is to be kept so far. It is the piece itself where nothing is to be changed. */
  push(bytes: Uint8Array): Uint8Array {
    if (bytes.length === 0) return bytes;
    const pieces: Uint8Array[] = [];
    let begin = 0;
    if (this.#holdsCr) {
      this.#holdsCr = false;
      pieces.push(bytes[0] === LF ? CRLF : BLANK);
      if (bytes[0] === LF) begin = 1;
    }
    for (let at = begin; at < bytes.length; at++) {
      const byte = bytes[at];
      if (byte === CR && bytes[at + 1] === LF) at++;
      else if (byte === CR || byte === LF) {
        pieces.push(bytes.subarray(begin, at));
        begin = at + 1;
        if (byte === LF) pieces.push(CRLF);
        else if (begin < bytes.length) pieces.push(BLANK);
        else this.#holdsCr = true;
      }
    }
    if (pieces.length === 0) return bytes;
    pieces.push(bytes.subarray(begin));
    return concat(pieces);
  }

  /** There is no more; answers what was held back. */
  end(): Uint8Array {
    return this.#holdsCr ? BLANK : NOTHING;
  }
}
