/**
 * Lines that end with CR LF and hold neither byte alone (RFC 5321, section 2.3.8).
 *
 * Servers that took a bare LF or CR for the end of a line disagreed with those that did not about where a message ends
 * (CVE-2023-51764, CVE-2023-51765, CVE-2023-51766). Here both are refused wherever they stand, so that nothing behind
 * this one can be told another story.
 *
 * @module
 */

import { SmtpError } from "./error.ts";

export const LF = 0x0a;
export const CR = 0x0d;
export const DOT = 0x2e;

/** What a search for the end of a line is bounded by, and called in errors. */
export interface LineOptions {
  /** Which byte the line begins at. @default {0} */
  at?: number;
  /** How many bytes an earlier search has seen. @default {0} */
  from?: number;
  /** The longest line, its end included. */
  max: number;
  /** Such as `a command line`. */
  what: string;
}

/**
 * Finds the end of a line: answers the position behind its CR LF, or 0 if that is not there yet.
 *
 * @throws {SmtpError} If there is a bare LF or CR before it, or the line is too long.
 */
export function lineEnd(buffer: Uint8Array, { at = 0, from = 0, max, what }: LineOptions): number {
  // The last byte that was seen can be a CR whose LF is the first that was not.
  const begin = Math.max(at, from - 1);
  const lf = buffer.indexOf(LF, begin);
  const cr = buffer.indexOf(CR, begin);
  const end = lf < 0 ? buffer.length : lf + 1;
  if (end - at > max) {
    throw new SmtpError("frame_too_large", `Cannot take ${what}: it is longer than ${max} bytes`);
  }
  if (cr >= 0 && cr < (lf < 0 ? end - 1 : lf - 1)) {
    throw new SmtpError("bare_cr", `Cannot take ${what}: there is a CR without LF in it, wanted CR LF`);
  }
  if (lf < 0) return 0;
  // An LF that the line begins with has no CR before it: that would have been waiting here with it.
  if (lf === at || cr !== lf - 1) {
    throw new SmtpError("bare_lf", `Cannot take ${what}: it ends with a bare LF, wanted CR LF`);
  }
  return end;
}

/** A line without its end. */
export function withoutEnd(line: Uint8Array): Uint8Array {
  return line.subarray(0, line.length - 2);
}

/**
 * Makes sure that a text is one line.
 *
 * @throws {SmtpError} If there is a CR or an LF in it, which would make two of it.
 */
export function oneLine(text: string): string {
  if (!/[\r\n]/.test(text)) return text;
  const shown = JSON.stringify(text.slice(0, 80));
  throw new SmtpError("bad_syntax", `Cannot send ${shown} as a line: there is a line break in it`);
}

/** Any value in a few words, for errors. */
export function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // It is too odd to be shown.
  }
  return (text ?? String(value)).slice(0, 80);
}
