/**
 * What a server says (RFC 5321, section 4.2; RFC 2034 for enhanced codes in the text).
 *
 *     code "-" [enhanced SP] text CR LF      every line but the last
 *     code SP [enhanced SP] text CR LF       the last line; without the blank it is read too
 *
 * @module
 */

import { SmtpError } from "./error.ts";
import { CR, LF, lineEnd, oneLine, readText, shown, writeText } from "./lines.ts";

/** A reply, of one line or several. */
export interface Reply {
  /** From 200 to 599. */
  code: number;
  /** The enhanced status code (RFC 3463) that all lines begin with, such as `5.7.1`. */
  enhanced?: string;
  /** The text, at least one line; without the codes. */
  lines: string[];
}

const DASH = 0x2d;
const LINE = /^([2-5]\d\d)(?:([ -])(.*))?$/s;
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?: (.*))?$/s;

/** Makes a reply: `reply("550 5.7.1 no")`; further texts are further lines. */
export function reply(notation: string, ...more: string[]): Reply {
  const first = readReply(notation);
  return more.length === 0 ? first : { ...first, lines: [...first.lines, ...more] };
}

/**
 * Finds the end of a reply; 0 if its last line is not there yet. A blank line before a reply is a frame of its own.
 *
 * @throws {SmtpError} If there is a bare CR or LF, or the reply is longer than `max` bytes.
 */
export function replyEnd(buffer: Uint8Array, { from, max }: { from: number; max: number }): number {
  if (isBlank(buffer)) return 2;
  // Of the lines that are complete in what was seen, none was the last. Where the line under way began is looked up when
  // it ends: it may be long.
  let at = buffer[from - 1] === LF ? from : 0;
  for (;;) {
    const end = lineEnd(buffer, { at, from: Math.max(at, from), max: max - at, what: "a reply" });
    if (end === 0) return 0;
    const begin = buffer.lastIndexOf(LF, end - 2) + 1;
    if (buffer[begin + 3] !== DASH) return end;
    at = end;
  }
}

/** Whether a buffer begins with an empty line. Some servers send one; clients pass over it. */
export function isBlank(buffer: Uint8Array): boolean {
  return buffer[0] === CR && buffer[1] === LF;
}

/**
 * Reads a whole reply.
 *
 * @throws {SmtpError} If a line has no code, or another one than the first.
 */
export function decodeReply(frame: Uint8Array): Reply {
  return readReply(readText(frame).slice(0, -2));
}

/**
 * Reads of a whole reply what forwarding it takes: the code of its last line, and the texts. Undefined if that line has no
 * code: clients pass over it.
 */
export function skimReply(frame: Uint8Array): Reply | undefined {
  const lines = readText(frame).slice(0, -2).split("\r\n");
  const code = /^[2-5]\d\d/.exec(lines.at(-1)!)?.[0];
  return code === undefined ? undefined : { code: Number(code), lines: lines.map((line) => line.slice(4)) };
}

/**
 * Reads a reply as one types it: `550 5.7.1 no`; its lines, if there are several, as they stand on the wire.
 *
 * @throws {SmtpError} If it is not a reply.
 */
export function readReply(notation: string): Reply {
  const lines = notation.split(/\r?\n/);
  const texts: string[] = [];
  let code = "";
  for (const [index, line] of lines.entries()) {
    const match = LINE.exec(line);
    const isLast = index === lines.length - 1;
    const isWrong = match === null || (match[2] === "-") === isLast || (index > 0 && match[1] !== code);
    if (isWrong) throw badReply(line, code);
    code = match[1];
    texts.push(match[3] ?? "");
  }
  return { code: Number(code), ...takeEnhanced(texts, code) };
}

/**
 * Takes a reply, or its notation.
 *
 * @throws {SmtpError} If it is a text that is not a reply.
 * @throws {TypeError} If it is neither.
 */
export function asReply(message: unknown): Reply {
  if (typeof message === "string") return readReply(message.replace(/\r?\n$/, ""));
  const { code, lines } = (message ?? {}) as Partial<Reply>;
  if (typeof code === "number" && Array.isArray(lines)) return message as Reply;
  throw new TypeError(
    `Cannot send ${shown(message)} as a reply: wanted a text such as "452 4.5.3 Too many", or ` +
      `{ code: 452, enhanced: "4.5.3", lines: ["Too many"] }`,
  );
}

/** Writes a reply. */
export function encodeReply(reply: Reply): string | Uint8Array {
  return writeText(formatReply(reply));
}

/**
 * A reply's lines as they stand on the wire.
 *
 * @throws {SmtpError} If there is a line break in one, or the code is out of range.
 */
export function formatReply({ code, enhanced, lines }: Reply): string {
  if (!Number.isInteger(code) || code < 200 || code > 599) {
    throw new SmtpError(
      "bad_syntax",
      `Cannot send a reply with the code ${code}, wanted one from 200 to 599`,
    );
  }
  const said = lines.length === 0 ? [""] : lines;
  let wire = "";
  for (const [index, line] of said.entries()) {
    const text = enhanced === undefined ? line : line === "" ? enhanced : `${enhanced} ${line}`;
    const mark = index < said.length - 1 ? "-" : " ";
    wire += `${code}${mark}${oneLine(text)}\r\n`;
  }
  return wire;
}

/** The enhanced code is taken out only if all lines begin with it and it is of the reply's class. */
function takeEnhanced(lines: string[], code: string): Pick<Reply, "enhanced" | "lines"> {
  const [enhanced] = ENHANCED.exec(lines[0])?.slice(1) ?? [];
  if (enhanced === undefined || enhanced[0] !== code[0]) return { lines };
  const texts: string[] = [];
  for (const line of lines) {
    const match = ENHANCED.exec(line);
    if (match?.[1] !== enhanced) return { lines };
    texts.push(match[2] ?? "");
  }
  return { enhanced, lines: texts };
}

function badReply(line: string, code: string): SmtpError {
  const wanted = code === ""
    ? "a code and a text"
    : `the code ${code}, and a dash on every line but the last`;
  return new SmtpError("bad_syntax", `Cannot read ${shown(line)} as a line of a reply: wanted ${wanted}`);
}
