/**
 * SMTP, both directions (RFC 5321), with STARTTLS (3207), AUTH (4954), SIZE (1870), PIPELINING (2920), 8BITMIME (6152),
 * SMTPUTF8 (6531), CHUNKING (3030) and ENHANCEDSTATUSCODES (2034).
 *
 *     verb [SP arguments] CR LF               a command; its name is the verb in upper case
 *     BASE64 CR LF                            what answers a 334; its name is RESPONSE
 *     lines, a dot more where one begins      the content behind a 354, in parts named HEADER, EOH (the blank line
 *     with one ... "." CR LF                  behind the header) and BODY
 *     bytes                                   behind BDAT n, in parts named CHUNK
 *
 *     code SP text CR LF                      a reply, of one line or several; its name is its code, so that 5* is a
 *                                             pattern for refusals
 *
 * Lines end with CR LF. A bare CR or LF is refused wherever it stands, in commands, content and replies, and so is what
 * comes behind DATA, AUTH and STARTTLS before their reply: nothing can be smuggled past.
 *
 * @module
 */

import type { Codec, Protocol } from "@protohost/protohost";
import {
  type Command,
  type Credentials,
  decodeCommand,
  decodeCredentials,
  encodeCommand,
  encodeCredentials,
  MAX_AUTH_BYTES,
  maxCommandBytes,
  readCommand,
} from "./command.ts";
import { type ContentPart, decodeChunk, decodeLines, encodePart, partEnd } from "./content.ts";
import { SmtpError } from "./error.ts";
import { lineEnd } from "./lines.ts";
import { decodeReply, encodeReply, readReply, type Reply, replyEnd } from "./reply.ts";
import { SmtpSession } from "./session.ts";

export { SmtpError } from "./error.ts";
export type { SmtpErrorCode } from "./error.ts";
export { reply } from "./reply.ts";
export { SmtpSession } from "./session.ts";
export type { Awaited, SmtpState } from "./session.ts";
export type { Command, ContentPart, Credentials, Reply };
export type { ChunkPart, LinesPart } from "./content.ts";

/** What a client sends. */
export type Said = Command | Credentials | ContentPart;

/** SMTP's protocol. */
export interface SmtpProtocol extends Protocol<Said, Reply, SmtpSession> {
  /** What a server sends. */
  reply: Codec<Reply, SmtpSession>;
}

/** SMTP. A client sends commands and content, a server replies. */
const smtp: SmtpProtocol = {
  name: "smtp",
  session: () => new SmtpSession(),
  input(buffer, { session, limits }, from) {
    const { state } = session;
    switch (state.stream) {
      case "content":
        return partEnd(buffer, { inHeader: state.inHeader, from, max: limits.maxFrameBytes });
      case "chunk":
        return Math.min(state.left, buffer.length, limits.maxFrameBytes);
      case "credentials":
        return lineEnd(buffer, { from, max: MAX_AUTH_BYTES, what: "credentials" });
      case "command":
        if (session.awaited !== undefined) throw early(session.awaited);
        return lineEnd(buffer, { from, max: maxCommandBytes(buffer), what: "a command line" });
      default:
        return state satisfies never;
    }
  },
  decode(frame, { session }) {
    const { stream } = session.state;
    switch (stream) {
      case "content":
        return decodeLines(frame, session);
      case "chunk":
        return decodeChunk(frame, session);
      case "credentials":
        session.commandDecoded("AUTH");
        return decodeCredentials(frame);
      case "command": {
        const command = decodeCommand(frame);
        session.commandDecoded(command.verb);
        if (command.size !== undefined) session.chunkBegins(command.size);
        return command;
      }
      default:
        return stream satisfies never;
    }
  },
  encode(message, { session }) {
    if ("part" in message) return encodePart(message);
    const isCommand = "verb" in message;
    const line = isCommand ? encodeCommand(message) : encodeCredentials(message);
    session.commandEncoded(isCommand ? message.verb : "AUTH");
    return line;
  },
  command(message) {
    if ("part" in message) return message.part.toUpperCase();
    return "verb" in message ? message.verb : "RESPONSE";
  },
  parse,
  reply: {
    input: (buffer, _connection, from) => replyEnd(buffer, from),
    decode(frame, { session }) {
      const reply = decodeReply(frame);
      session.replyDecoded(reply.code);
      return reply;
    },
    encode(reply, { session }) {
      const lines = encodeReply(reply);
      session.replyEncoded(reply.code);
      return lines;
    },
    command: ({ code }) => String(code),
    parse: readReply,
  },
  upgrade: (message, direction, { session }) =>
    direction === "out" && session.startsTls && (message as Reply).code === 220 ? "tls" : undefined,
  answers: (_reply, { session }) => session.completes,
  unavailable: () => ({ code: 421, lines: ["Service not available, try again later"] }),
};

/** Reads a command; or, if there is a line break in it, lines of content. */
function parse(notation: string): Said {
  if (!/[\r\n]/.test(notation)) return readCommand(notation);
  const lines = notation.replace(/\r?\n/g, "\r\n").replace(/(\r\n)?$/, "\r\n");
  return { part: "body", bytes: new TextEncoder().encode(lines), last: false };
}

function early(verb: string): SmtpError {
  return new SmtpError("out_of_turn", `Cannot take what follows ${verb}: it came before the reply to that`);
}

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
    if (!goesOn) joined.push(message);
    else {
      const bytes = new Uint8Array(before.bytes.length + message.bytes.length);
      bytes.set(before.bytes);
      bytes.set(message.bytes, before.bytes.length);
      joined[joined.length - 1] = { ...before, bytes, last: message.last } as ContentPart;
    }
  }
  return joined;
}
