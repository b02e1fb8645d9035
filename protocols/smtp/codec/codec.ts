/**
 * The wire format, both directions, without what serves it.
 *
 * @module
 */

import { type Codec, type LimitsInput, type Protocol, skip, text } from "@protohost/protohost";
import {
  type Command,
  type Credentials,
  decodeCommand,
  decodeCredentials,
  encodeCommand,
  encodeCredentials,
  MAX_AUTH_BYTES,
  readCommand,
} from "./command.ts";
import {
  completed,
  type ContentPart,
  decodeChunk,
  decodeLines,
  encodePart,
  partEnd,
  skimContent,
} from "./content.ts";
import { SmtpError } from "./error.ts";
import { withoutTls } from "./ehlo.ts";
import { plainForm, refusalOfAmbiguous } from "./ambiguous.ts";
import { proxiedLastWord } from "./last_word.ts";
import { lineEnd, shown } from "./lines.ts";
import {
  asReply,
  decodeReply,
  encodeReply,
  isBlank,
  readReply,
  type Reply,
  replyEnd,
  skimReply,
} from "./reply.ts";
import { isAwaited, SmtpSession } from "./session.ts";

/** What a client sends. */
export type Said = Command | Credentials | ContentPart;

/** SMTP's protocol. */
export interface SmtpProtocol extends Protocol<Said, Reply, SmtpSession> {
  /** What a server sends. */
  reply: Codec<Reply, SmtpSession>;
}

/** The longest verb of a command that nothing may follow, and one byte more. */
const MAX_AWAITED_VERB = "STARTTLS".length + 1;

/**
 * How long to wait for a peer (RFC 5321, section 4.5.3.2): five minutes for the rest of a line, and as long as a client
 * waits for the answer to its content, ten minutes, for who makes that answer.
 */
const LIMITS: LimitsInput = { frameTimeout: "5m", handlerTimeout: "11m" };

/** SMTP's two directions. */
export const codec: SmtpProtocol = {
  name: "smtp",
  greets: true,
  limits: LIMITS,
  session: () => new SmtpSession(),
  input(buffer, { session, limits }, from) {
    const { state } = session;
    switch (state.stream) {
      case "content":
        return partEnd(buffer, { state, from, max: limits.maxFrameBytes });
      case "chunk":
        return Math.min(state.left, buffer.length, limits.maxFrameBytes);
      case "credentials":
        return lineEnd(buffer, { from, max: MAX_AUTH_BYTES, what: "credentials" });
      case "command":
        if (session.awaited !== undefined) throw early(session.awaited);
        return commandEnd(buffer, { from, max: limits.maxFrameBytes });
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
  skim(frame, connection) {
    const { session } = connection;
    const { stream } = session.state;
    return stream === "content" || stream === "chunk"
      ? skimContent(frame, session)
      : codec.decode(frame, connection);
  },
  encode(said, { session }) {
    const message = asSaid(said);
    if ("part" in message) {
      return encodePart(message.part === "chunk" ? message : completed(message, session));
    }
    const isCommand = "verb" in message;
    const line = isCommand ? encodeCommand(message) : encodeCredentials(message);
    session.commandEncoded(isCommand ? message.verb : "AUTH");
    return line;
  },
  command(said) {
    const message = typeof said === "string" ? parse(said) : said;
    if ("part" in message) return message.part.toUpperCase();
    return "verb" in message ? message.verb : "RESPONSE";
  },
  parse,
  reply: {
    input: (buffer, { limits }, from) => replyEnd(buffer, { from, max: limits.maxFrameBytes }),
    decode(frame, { session }) {
      if (isBlank(frame)) return skip;
      const reply = decodeReply(frame);
      session.replyDecoded(reply.code, reply.lines);
      return reply;
    },
    skim(frame, { session }) {
      const reply = isBlank(frame) ? undefined : skimReply(frame);
      if (reply === undefined) return skip;
      session.replyDecoded(reply.code, reply.lines);
      return reply;
    },
    encode(given, { session }) {
      const reply = asReply(given);
      const lines = encodeReply(reply);
      session.replyEncoded(reply.code, reply.lines);
      return lines;
    },
    command: (reply) => String(asReply(reply).code),
    parse: readReply,
  },
  upgrade: (message, direction, { session }) =>
    direction === "out" && session.startsTls && asReply(message).code === 220 ? "tls" : undefined,
  answers: (_reply, { session }) => session.completes,
  ambiguous: (said, { session }, { isHooked }) =>
    "verb" in said ? refusalOfAmbiguous(said, session, { isHooked }) : undefined,
  plain: (said) => "verb" in said ? plainForm(said) : undefined,
  withdrawn(said, { session }) {
    if ("verb" in said) session.commandWithdrawn();
  },
  replaced(said, by, { session }) {
    const other = asSaid(by);
    if ("verb" in said && "verb" in other) session.commandReplaced(other.verb);
  },
  withoutTls: (reply, { transport }) => withoutTls(reply, { isTls: transport === "tls" }),
  refusal: (error, { session }) => proxiedLastWord(error, session),
  unavailable: () => ({ code: 421, lines: ["Service not available, try again later"] }),
};

/**
 * Takes what a client says, or its notation.
 *
 * @throws {TypeError} If it is something else.
 */
function asSaid(message: unknown): Said {
  if (typeof message === "string") return parse(message);
  const { verb, args, response, part, bytes } = (message ?? {}) as Record<string, unknown>;
  const isCommand = typeof verb === "string" && typeof args === "string";
  const isPart = typeof part === "string" && bytes instanceof Uint8Array;
  if (isCommand || isPart || typeof response === "string") return message as Said;
  throw new TypeError(
    `Cannot send ${
      shown(message)
    } as what a client says: wanted a text such as "RCPT TO:<a@example.org>", or ` +
      `{ verb: "RCPT", args: "TO:<a@example.org>" }`,
  );
}

/** Reads a command; or, if there is a line break in it, lines of content. */
function parse(notation: string): Said {
  if (!/[\r\n]/.test(notation)) return readCommand(notation);
  const lines = notation.replace(/\r?\n/g, "\r\n").replace(/(\r\n)?$/, "\r\n");
  return { part: "body", bytes: new TextEncoder().encode(lines), last: false };
}

/**
 * Finds the end of a command line. A line may be longer than a command, up to a frame: it is answered in its turn.
 *
 * @throws {SmtpError} If more has come behind a command that nothing may follow before its reply.
 */
function commandEnd(buffer: Uint8Array, { from, max }: { from: number; max: number }): number {
  const end = lineEnd(buffer, { from, max, what: "a command line" });
  if (end === 0 || end === buffer.length) return end;
  const verb = text(buffer.subarray(0, MAX_AWAITED_VERB)).split(/[ \r]/, 1)[0].toUpperCase();
  // Plaintext after STARTTLS has an error of its own, where TLS begins.
  if (isAwaited(verb) && verb !== "STARTTLS") throw early(verb);
  return end;
}

function early(verb: string): SmtpError {
  return new SmtpError("out_of_turn", `Cannot take what follows ${verb}: it came before the reply to that`);
}
