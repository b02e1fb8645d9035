/**
 * What a client says, line by line (RFC 5321, section 4.1).
 *
 *     verb [SP arguments] CR LF
 *
 * @module
 */

import { text } from "@protohost/protohost";
import { SmtpError } from "./error.ts";
import { oneLine, withoutEnd } from "./lines.ts";

/** A command. What is sent is `verb` and `args`; the rest is what can be read in them. */
export interface Command {
  /** In upper case. */
  verb: string;
  /** Behind the verb, as it came. */
  args: string;
  /** Of `MAIL` and `RCPT`: the address between the brackets, without a route; empty for `<>`. */
  address?: string;
  /** Of `MAIL` and `RCPT`: the parameters, their names in upper case. */
  params?: Record<string, string>;
  /** Of `AUTH`: the mechanism in upper case. */
  mechanism?: string;
  /** Of `BDAT`: how many bytes follow. */
  size?: number;
  /** Of `BDAT`: whether the content ends with them. */
  last?: boolean;
  /** Of `BDAT`: that without the chunk that follows this is nothing. */
  partial?: true;
}

/** A line that answers a 334 (RFC 4954): BASE64, or `*` to give up. */
export interface Credentials {
  /** The line. */
  response: string;
}

/** The longest command line: RFC 5321 wants 512 bytes, the extensions some hundred more. */
export const MAX_COMMAND_BYTES = 2048;
/** The longest line of authentication (RFC 4954, section 4). */
export const MAX_AUTH_BYTES = 12_288;

const AUTH = /^auth $/i;
const PATH =
  /^(?:FROM|TO): *<((?:@[^<>":,\s]+(?:,@[^<>":,\s]+)*:)?)((?:"(?:[^"\\]|\\.)*"|[^<>"\s])*)>(?: +(.*))?$/i;
const PARAM = /^([a-z0-9][a-z0-9-]*)(?:=([^=\s]+))?$/i;
const BDAT = /^(\d{1,15})(?: +(LAST))?$/i;

/** How long a command line that begins like this may be. */
export function maxCommandBytes(buffer: Uint8Array): number {
  return AUTH.test(text(buffer.subarray(0, 5))) ? MAX_AUTH_BYTES : MAX_COMMAND_BYTES;
}

/**
 * Reads a command line, with its CR LF.
 *
 * @throws {SmtpError} If it is a `BDAT` that does not say how many bytes follow: those would be taken for commands.
 */
export function decodeCommand(frame: Uint8Array): Command {
  return readCommand(text(withoutEnd(frame)));
}

/**
 * Reads a command as one types it: `MAIL FROM:<a@example.org> SIZE=100`.
 *
 * @throws {SmtpError} If it is a `BDAT` without a size.
 */
export function readCommand(line: string): Command {
  const space = line.indexOf(" ");
  const word = space < 0 ? line : line.slice(0, space);
  const args = space < 0 ? "" : line.slice(space + 1).trim();
  // Letters beyond ASCII have no case here: some of them become two in upper case.
  const verb = word.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
  const command = { verb, args };
  switch (verb) {
    case "MAIL":
    case "RCPT":
      return { ...command, ...readPath(verb, args) };
    case "AUTH":
      return { ...command, mechanism: args.split(" ", 1)[0].toUpperCase() };
    case "BDAT":
      return { ...command, ...readSize(args) };
    default:
      return command;
  }
}

/** Writes a command line. */
export function encodeCommand({ verb, args }: Command): string {
  return oneLine(args === "" ? verb : `${verb} ${args}`) + "\r\n";
}

/** Reads a line that answers a 334. */
export function decodeCredentials(frame: Uint8Array): Credentials {
  return { response: text(withoutEnd(frame)) };
}

/** Writes a line that answers a 334. */
export function encodeCredentials({ response }: Credentials): string {
  return oneLine(response) + "\r\n";
}

/** Without `address` if what is there is none. */
function readPath(verb: string, args: string): Pick<Command, "address" | "params"> {
  const match = PATH.exec(args);
  if (match === null || /^from/i.test(args) !== (verb === "MAIL")) return {};
  const params: Record<string, string> = Object.create(null);
  for (const word of (match[3] ?? "").split(/ +/)) {
    if (word === "") continue;
    const param = PARAM.exec(word);
    if (param === null) return {};
    params[param[1].toUpperCase()] = param[2] ?? "";
  }
  return { address: match[2], params: { ...params } };
}

function readSize(args: string): Pick<Command, "size" | "last" | "partial"> {
  const match = BDAT.exec(args);
  if (match !== null) {
    const size = Number(match[1]);
    return { size, last: match[2] !== undefined, ...(size > 0 ? { partial: true } : {}) };
  }
  throw new SmtpError(
    "bad_syntax",
    `Cannot take BDAT ${JSON.stringify(args.slice(0, 40))}: wanted a number of bytes`,
  );
}
