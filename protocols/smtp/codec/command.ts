/**
 * What a client says, line by line (RFC 5321, section 4.1).
 *
 *     verb [SP arguments] CR LF
 *
 * @module
 */

import { bytes } from "@protohost/protohost";
import { type Path, readPath } from "./address.ts";
import { SmtpError } from "./error.ts";
import { isUtf8, oneLine, readText, shown, withoutEnd, writeText } from "./lines.ts";

/** A command. `verb` and `args` are what is sent; the other fields are what can be read in them. */
export interface Command {
  /** In upper case. */
  verb: string;
  /** What follows the verb, as it came. */
  args: string;
  /**
   * Of `MAIL` and `RCPT`: the address between the brackets in the form to compare, in lower case and with quotes only where
   * they are needed; empty for `<>`. Missing if it cannot be read.
   */
  address?: string;
  /** Of `MAIL` and `RCPT`: the address as it was written, without a source route, where that differs. */
  path?: string;
  /** Of `MAIL` and `RCPT`: the parameters, their names in upper case. */
  params?: Record<string, string>;
  /** Of `AUTH`: the mechanism in upper case. */
  mechanism?: string;
  /** Of `BDAT`: how many bytes follow. */
  size?: number;
  /** Of `BDAT`: whether the content ends with them. */
  last?: boolean;
  /** Of `BDAT`: that it means nothing without the chunk that follows. */
  partial?: true;
  /** Why this is no command. */
  fault?: CommandFault;
}

/** Why a line is no command: what a server behind might read in it cannot be known. */
export type CommandFault =
  /** It is longer than {@linkcode MAX_COMMAND_BYTES}; Postfix reads so much of it. */
  | "too_long"
  /** It has bytes that are not UTF-8. */
  | "not_utf8"
  /** It has control characters, which Postfix reads as blanks, or it does not begin with letters. */
  | "bad_characters";

/** A line that answers a 334 (RFC 4954): BASE64, or `*` to give up. */
export interface Credentials {
  /** The line. */
  response: string;
}

/** The longest command line in bytes: RFC 5321 wants 512, the extensions some hundred more. */
export const MAX_COMMAND_BYTES = 2048;
/** The longest line of authentication in bytes (RFC 4954, section 4). */
export const MAX_AUTH_BYTES = 12_288;
/** The longest chunk: Exim keeps 32 bits of a longer one's length. */
const MAX_CHUNK_BYTES = 2 ** 31 - 1;

// deno-lint-ignore no-control-regex
const PARAM = /^([a-z0-9][a-z0-9-]*)(?:=([^\x00-\x20=\x7f]+))?$/i;
const SIZE = /^(\d{1,15})(?: +LAST)?$/i;
/** What a server may take for `BDAT`, so that it would take what follows for a chunk. */
// deno-lint-ignore no-control-regex
const LIKE_BDAT = /^[\x00-\x20]*BDAT(?![a-z0-9-])/i;
const VERB = /^[A-Za-z][A-Za-z0-9-]*$/;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/;

/**
 * Reads a command line, with its CR LF.
 *
 * @throws {SmtpError} If it is a `BDAT` that does not say how many bytes follow: those would be taken for commands.
 */
export function decodeCommand(frame: Uint8Array): Command {
  return readCommand(readText(withoutEnd(frame)));
}

/**
 * Reads a command as one types it: `MAIL FROM:<a@example.org> SIZE=100`.
 *
 * @throws {SmtpError} If it is a `BDAT` without a size.
 */
export function readCommand(line: string): Command {
  const space = line.indexOf(" ");
  const word = space < 0 ? line : line.slice(0, space);
  const args = space < 0 ? "" : line.slice(space + 1).replace(/^ +| +$/g, "");
  const verb = upperCase(word);
  const fault = faultOf(line, verb);
  const command: Command = { verb, args, ...fault === undefined ? {} : { fault } };
  if (verb === "BDAT" || LIKE_BDAT.test(line)) return { ...command, ...readSize(line, command) };
  if (fault !== undefined) return command;
  switch (verb) {
    case "MAIL":
    case "RCPT":
      return { ...command, ...readEnvelope(verb, args) };
    case "AUTH":
      return { ...command, mechanism: upperCase(args.split(" ", 1)[0]) };
    default:
      return command;
  }
}

/** Writes a command line. */
export function encodeCommand({ verb, args }: Command): string | Uint8Array {
  return writeText(oneLine(args === "" ? verb : `${verb} ${args}`) + "\r\n");
}

/** Reads a line that answers a 334. */
export function decodeCredentials(frame: Uint8Array): Credentials {
  return { response: readText(withoutEnd(frame)) };
}

/** Writes a line that answers a 334. */
export function encodeCredentials({ response }: Credentials): string | Uint8Array {
  return writeText(oneLine(response) + "\r\n");
}

/** In upper case, but for letters beyond ASCII: some of them become ASCII in upper case. */
function upperCase(word: string): string {
  return word.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function faultOf(line: string, verb: string): CommandFault | undefined {
  if (line.length > MAX_COMMAND_BYTES / 4) {
    const max = verb === "AUTH" ? MAX_AUTH_BYTES : MAX_COMMAND_BYTES;
    if (bytes(line).length + 2 > max) return "too_long";
  }
  if (!isUtf8(line)) return "not_utf8";
  // A line without anything in it is that to everybody.
  if (/[^ ]/.test(line) && (!VERB.test(verb) || CONTROL.test(line))) return "bad_characters";
  return undefined;
}

/**
 * A `MAIL` or `RCPT` in its plain form, `MAIL FROM:<a@example.org> SIZE=1`: with brackets, without a source route, and
 * without blanks that need not be there. Undefined if it cannot be read.
 */
export function plainCommand({ verb, args }: Command): Command | undefined {
  const found = readArguments(verb, args);
  if (found === undefined) return undefined;
  const { word, path, params } = found;
  return readCommand(`${verb} ${[`${word}:<${path.path}>`, ...params].join(" ")}`);
}

/** Nothing if the path has no brackets or cannot be read, or a parameter cannot or is there twice. */
function readEnvelope(verb: string, args: string): Pick<Command, "address" | "path" | "params"> {
  const found = readArguments(verb, args);
  if (found === undefined || found.path.isBare) return {};
  const params = readParams(found.params);
  const { address, path } = found.path;
  return params === undefined ? {} : { address, ...path === address ? {} : { path }, params };
}

/** Takes the arguments of `MAIL` or `RCPT` apart. */
function readArguments(
  verb: string,
  args: string,
): { word: string; path: Path; params: string[] } | undefined {
  if (verb !== "MAIL" && verb !== "RCPT") return undefined;
  const word = /^([A-Za-z]+):/.exec(args)?.[1];
  if (word === undefined || upperCase(word) !== (verb === "MAIL" ? "FROM" : "TO")) return undefined;
  const path = readPath(args.slice(word.length + 1));
  return path && { word, path, params: path.rest.split(/ +/).filter((param) => param !== "") };
}

function readParams(words: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const word of words) {
    const param = PARAM.exec(word);
    const name = param && upperCase(param[1]);
    if (name === null || Object.hasOwn(params, name)) return undefined;
    params[name] = param![2] ?? "";
  }
  return params;
}

function readSize(line: string, { verb, args, fault }: Command): Pick<Command, "size" | "last" | "partial"> {
  const match = verb === "BDAT" && fault === undefined ? SIZE.exec(args) : null;
  const size = Number(match?.[1]);
  if (match === null || size > MAX_CHUNK_BYTES) {
    throw new SmtpError(
      "bad_syntax",
      `Cannot take ${
        shown(line)
      }: wanted BDAT, a number of bytes up to ${MAX_CHUNK_BYTES}, and LAST or nothing`,
    );
  }
  return { size, last: args !== match[1], ...size > 0 ? { partial: true } : {} };
}
