/**
 * Lines of text in UTF-8.
 *
 *     +----------------+------------+
 *     | text, no \n    | \n or \r\n |
 *     +----------------+------------+
 *
 * A message is a line without its end; its first word is its command. A last line that the end of the stream cuts off is
 * a message too. What is sent ends with `\n`, or with `\r\n` where {@linkcode textProtocol} or the service's
 * `options: { ending: "\r\n" }` say so. A message that has a line end already does not get a second one.
 *
 * @module
 */

import { type Connection, type Handler, line, type Protocol, text as decodeText } from "@protohost/protohost";

/** How lines are sent. */
export interface TextOptions {
  /**
   * What a line that is sent ends with. Both are read.
   *
   * @default {"\n"}
   */
  ending?: "\n" | "\r\n";
}

/** White space at the start of a line is this or below. */
const SPACE = 0x20;

/**
 * Makes a protocol of lines. A message is a string without a line break.
 *
 * @throws {TypeError} If the ending is not one of the two.
 */
export function textProtocol(options: TextOptions = {}): Protocol<string> {
  const lines = line(options);
  return {
    name: "text",
    input: lines,
    decode: lines.decoder((line) => line),
    // Throws if there is a line break within the message: the peer would read two.
    encode: (message) => lines.wrap(message),
    command: firstWord,
    parse: (notation) => notation,
    end: (rest) => decodeText(rest),
    callbacks: [],
    service,
  };
}

/** Lines of text that end in LF or CRLF. */
const text: Protocol<string> = textProtocol();

export default text;

/** Messages to check the protocol with. */
export const samples: string[] = [
  "hello",
  "",
  "HELO example.org",
  "tab\tand \r inside",
  "\r at both ends\r",
  "naïve ✓ 😀",
  " x ",
];

/** The user's handler, on connections that end lines as the service's options say. */
function service(user: unknown, options: unknown): Handler<string> {
  const handler = user as Handler<string>;
  const { ending } = Object(options) as TextOptions;
  // Without a handler there is nothing to serve with, which is not for a protocol to tell.
  if (ending === undefined || user === undefined) return handler;
  const protocol = textProtocol({ ending });
  return Object.create(handler, {
    onConnect: {
      value(connection: Connection<string>) {
        connection.upgrade(protocol);
        return handler.onConnect?.(connection);
      },
    },
  });
}

/** What stands before the first blank or tab; the whole line if there is none. */
function firstWord(line: string): string {
  const words = line.charCodeAt(0) <= SPACE ? line.trimStart() : line;
  const blank = words.indexOf(" ");
  const word = blank < 0 ? words : words.slice(0, blank);
  const tab = word.indexOf("\t");
  return tab < 0 ? word : word.slice(0, tab);
}
