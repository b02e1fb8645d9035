/**
 * SMTP on the wire, both directions (RFC 5321), with STARTTLS (3207), AUTH (4954), SIZE (1870), PIPELINING (2920),
 * 8BITMIME (6152), SMTPUTF8 (6531), CHUNKING (3030) and ENHANCEDSTATUSCODES (2034). It serves nothing by itself.
 *
 *     verb [SP arguments] CR LF               a command; its name is the verb in upper case
 *     BASE64 CR LF                            answers a 334; its name is RESPONSE
 *     lines, dot-stuffed,                     the content that follows a 354, in parts named HEADER, EOH (the end of
 *     ... "." CR LF                           the header, once in every content, see {@linkcode LinesPart}) and BODY
 *     bytes                                   follow BDAT n, in parts named CHUNK
 *
 *     code SP text CR LF                      a reply, of one line or several; its name is its code, so that 5* is a
 *                                             pattern for refusals
 *
 * Lines end with CR LF. A bare CR or LF is refused in commands, content and replies, and so is what follows DATA, AUTH
 * and STARTTLS before their reply: nothing can be smuggled past.
 *
 * @module
 */

import { concat } from "@protohost/protohost";
import { codec, type Said, type SmtpProtocol } from "./codec.ts";
import { readCommand } from "./command.ts";
import type { ContentPart } from "./content.ts";
import { readReply, type Reply } from "./reply.ts";

export { SmtpError } from "./error.ts";
export type { SmtpErrorCode } from "./error.ts";
export { formatReply, reply } from "./reply.ts";
export type { Reply } from "./reply.ts";
export { SmtpSession } from "./session.ts";
export type { Awaited, ContentState, SmtpState } from "./session.ts";
export type { Said, SmtpProtocol } from "./codec.ts";
export { plainCommand } from "./command.ts";
export type { Command, CommandFault, Credentials } from "./command.ts";
export { canonicalAddress, foldCase } from "./address.ts";
export { refusalOfFault } from "./ambiguous.ts";
export { completed, linesOf } from "./content.ts";
export type { ChunkPart, ContentPart, LinesPart } from "./content.ts";
export { lastWord } from "./last_word.ts";

/** SMTP. A client sends commands and content, a server replies. */
const smtp: SmtpProtocol = codec;

export default smtp;

/** What a client says, to check the protocol with. */
export const samples: Said[] = [
  ...[
    "EHLO client.example",
    "MAIL FROM:<> SIZE=1000 BODY=8BITMIME",
    'RCPT TO:<"a <b"@example.org>',
    "RCPT TO:<naïve@exämple.org>",
    "NOOP",
    "VRFY somebody",
    "RSET",
    "BDAT 5",
  ].map(readCommand),
  { part: "chunk", bytes: new TextEncoder().encode("a\n.\r\n"), last: true },
  ...["BDAT 0 LAST", "XUNKNOWN with  words", "QUIT"].map(readCommand),
];

/** What a server says, to check the protocol with. */
export const replySamples: Reply[] = [
  "220 mail.example ESMTP",
  "250-mail.example\n250-SIZE 1000\n250 HELP",
  "250 2.1.0 Sender ok",
  "550-5.7.1 no\n550 5.7.1 never",
  "550-5.7.1 one\n550 5.1.1 other",
  "250 5.7.1 of another class",
  "252 2.0.0",
  "221",
].map(readReply);

/** What is the same however the client's bytes were split: parts of one kind, joined. */
export function join(messages: Said[]): Said[] {
  const joined: Said[] = [];
  for (const message of messages) {
    const before = joined.at(-1);
    const goesOn = "part" in message && before !== undefined && "part" in before &&
      before.part === message.part && !before.last;
    if (goesOn) {
      joined[joined.length - 1] = {
        part: before.part,
        bytes: concat([before.bytes, message.bytes]),
        last: message.last,
      } as ContentPart;
    } else if ("part" in message && message.part !== "chunk") {
      const { continues: _, unfinished: __, ...whole } = message;
      joined.push(whole);
    } else joined.push(message);
  }
  return joined;
}
