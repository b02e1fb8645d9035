/**
 * Lines of text in UTF-8.
 *
 *     +----------------+------------+
 *     | text, no \n    | \n or \r\n |
 *     +----------------+------------+
 *
 * A message is a line without its end. What is sent ends with \n. A last line that the stream's end cuts off is a
 * message too. Its first word is its command.
 *
 * @module
 */

import { line, type Protocol, text as decodeText } from "@protohost/protohost";

const lines = line();

/** White space at the start of a line is this or below. */
const SPACE = 0x20;

/** Lines. A message is a string without a line break. */
const text: Protocol<string> = {
  name: "text",
  input: lines,
  decode: lines.decoder((line) => line),
  // Throws if there is a line break in the message: the peer would read two.
  encode: (message) => lines.wrap(message),
  command: firstWord,
  parse: (notation) => notation,
  end: (rest) => decodeText(rest),
};

export default text;

/** Messages to check the protocol with. */
export const samples: string[] = ["hello", "", "HELO example.org", "tab\tand \r inside", "naïve ✓ 😀", " x "];

/** What stands before the first blank or tab; the whole line if there is none. */
function firstWord(line: string): string {
  const words = line.charCodeAt(0) <= SPACE ? line.trimStart() : line;
  const blank = words.indexOf(" ");
  const word = blank < 0 ? words : words.slice(0, blank);
  const tab = word.indexOf("\t");
  return tab < 0 ? word : word.slice(0, tab);
}
