/**
 * Names of commands, as the server behind reads them.
 *
 * Redis and its forks find a command by a hash of the whole name and then compare names as C strings, without regard to
 * the case of ASCII letters: what follows a zero byte is hashed and not compared, so that about one in several hundred
 * names such as `FLUSHALL\0x` is FLUSHALL. Subcommands are found in the same way, and options are compared so outright. A
 * name is clear if it is printable ASCII and all there.
 *
 * @module
 */

import { text } from "@protohost/protohost";
import type { Blob } from "./bytes.ts";
import type { Command } from "./values.ts";

/** Commands whose second word is a subcommand, or an option that decides what they do. */
const CONTAINERS: ReadonlySet<string> = new Set(
  ("ACL CLIENT CLUSTER COMMAND COMMANDLOG CONFIG DEBUG FAILOVER FUNCTION HELLO LATENCY MEMORY MODULE OBJECT PUBSUB " +
    "REPLCONF SCRIPT SENTINEL SHUTDOWN SLOWLOG XGROUP XINFO").split(" "),
);

/** So much of a name, and of all arguments, is shown in an error. */
const MAX_SHOWN = 128;
/** In longer words a zero byte is only looked for where it matters. */
const SHORT_WORD = 64;

/** A word in upper case; letters beyond ASCII stay as they are, as in redis. Empty if it is not text. */
export function upper(word: Blob | undefined): string {
  if (typeof word !== "string") return "";
  return isAscii(word) ? word.toUpperCase() : word.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/**
 * The subcommand of a command, in upper case: `SET` of `config set maxmemory 1`. Undefined if its second word is none.
 */
export function subcommand({ args }: Pick<Command, "args">): string | undefined {
  return args.length > 1 && CONTAINERS.has(upper(args[0])) ? upper(args[1]) : undefined;
}

/**
 * What redis says of a command that it does not know, where a server may know the command for another than its name says;
 * undefined if its name is clear.
 */
export function doubtOf({ args, count = args.length }: Command): string | undefined {
  const [name] = args;
  if (name === undefined) return "ERR unknown command: its name is too long";
  if (typeof name !== "string" || !isPrintable(name)) return unknownCommand(args);
  if (count > 1 && mayHide(args[1]) && CONTAINERS.has(upper(name))) {
    if (args[1] === undefined) return "ERR unknown subcommand: it is too long";
    if (hasZero(args[1])) {
      return `ERR unknown subcommand '${shown(args[1])}'. Try ${upper(name)} HELP.`;
    }
  }
  // CLIENT REPLY has a third word that decides what is answered.
  if (count === 3 && name.length === 6 && mayHide(args[2]) && upper(name) === "CLIENT") {
    if (args[2] === undefined || hasZero(args[2])) return "ERR syntax error";
  }
  return undefined;
}

function unknownCommand([name, ...args]: Blob[]): string {
  let words = "";
  for (const arg of args) {
    if (words.length >= MAX_SHOWN) break;
    words += `'${shown(arg).slice(0, MAX_SHOWN - words.length)}' `;
  }
  return `ERR unknown command '${shown(name)}', with args beginning with: ${words}`;
}

/** As redis shows a word: up to a zero byte, and with blanks for line breaks. */
function shown(word: Blob): string {
  const string = typeof word === "string" ? word : text(word);
  return string.split("\0", 1)[0].slice(0, MAX_SHOWN).replaceAll(/[\r\n]/g, " ");
}

/** Whether it is worth a closer look. */
function mayHide(word: Blob | undefined): boolean {
  return word === undefined || word.length > SHORT_WORD || hasZero(word);
}

function isAscii(word: string): boolean {
  for (let i = 0; i < word.length; i++) if (word.charCodeAt(i) > 0x7f) return false;
  return true;
}

function isPrintable(word: string): boolean {
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return word.length > 0;
}

function hasZero(word: Blob): boolean {
  return typeof word === "string" ? word.includes("\0") : word.includes(0);
}
