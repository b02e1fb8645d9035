/**
 * Readable errors for modules that do not load. Pure.
 *
 * From source Deno's message is good, but has several lines. In an executable it is a dump of an internal structure, with
 * the whole source and without the line number.
 *
 * @module
 */

import { stripAnsiCode } from "@std/fmt/colors";

/**
 * An error from loading a module as one with a message of one line. That of a syntax error ends with its place:
 * `Expected ',', got '{' at file:///srv/chat.ts:4:30`.
 */
export function readableFailure(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const message = stripAnsiCode(thrown.message);
  const bare = /^Import "([^"]*)" not a dependency and not in import map from .*?(?:\n +at (\S+))?$/s.exec(
    message,
  );
  if (bare !== null) return new TypeError(notFound(bare[1], bare[2]), { cause: thrown });
  const absent = /npm package not found in cache: "([^"]*)"|not found in cache: "([^"]*)"/.exec(message);
  if (absent !== null) return new Error(notCached(absent[1] ?? absent[2]), { cause: thrown });
  const inside = /^JsErrorBox \{ inner: (.*)/s.exec(message)?.[1];
  if (inside !== undefined) return failureOf(inside) ?? thrown;
  const place = /^ +at (\w+:\/\/\S+:\d+:\d+)$/m.exec(message)?.[1];
  if (place === undefined || !/^SyntaxError\b/.test(reasonOf(thrown).replace(/^TypeError: /, ""))) {
    return thrown;
  }
  return syntaxError(message.split("\n", 1)[0].replace(/^SyntaxError: /, ""), place, thrown);
}

/** The reason of a failure in one line, with the name of its class. */
export function reasonOf(failure: unknown): string {
  return failure instanceof Error ? `${failure.name}: ${failure.message}` : String(failure);
}

const DIAGNOSTIC =
  /specifier: Url \{ scheme: "(?<scheme>\w+)".*?host: (?:None|Some\(Domain\("(?<host>[^"]*)"\)\)).*?path: "(?<path>(?:[^"\\]|\\.)*)".*?range: SourceRange \{ start: SourcePos\((?<at>\d+)\).*?kind: (?<kind>\w+)(?:\((?<parts>(?:"(?:[^"\\]|\\.)*"(?:, )?)+)\))?.*?source: SourceTextInfo \{ start_pos: StartSourcePos\((?<from>\d+)\), text: "(?<text>(?:[^"\\]|\\.)*)"/s;

/** Reads Deno's dump of an error; undefined if it is of another kind. */
function failureOf(inside: string): Error | undefined {
  const found = DIAGNOSTIC.exec(inside)?.groups;
  if (found) {
    const { scheme, host = "", path, at, from, kind, parts = "", text } = found;
    const { line, column } = placeIn(unescape(text), Number(at) - Number(from));
    return syntaxError(wording(kind, parts), `${scheme}://${host}${unescape(path)}:${line}:${column}`);
  }
  const system = /^Os \{ code: \d+, kind: (\w+), message: "((?:[^"\\]|\\.)*)"/.exec(inside);
  if (!system) return undefined;
  const [, kind, message] = system;
  return new Error(kind === "IsADirectory" ? "found a folder, wanted a file" : unescape(message));
}

function notFound(name: string, place: string | undefined): string {
  const where = place === undefined ? "" : ` at ${place}`;
  return `there is no ${
    JSON.stringify(name)
  }${where}: wanted ./${name} for a file, npm:${name} for a package`;
}

function notCached(name: string): string {
  return `${JSON.stringify(name)} is not in Deno's cache, and services download nothing; ` +
    "download it first: protohost check --fetch, or deno cache FILE";
}

function syntaxError(reason: string, place: string, cause?: Error): SyntaxError {
  const error = new SyntaxError(`${reason} at ${place}`, { cause });
  error.stack = `SyntaxError: ${reason}\n    at ${place}`;
  return error;
}

/** Line and column, from 1, of a byte in a text. A place after the last line is at its end. */
function placeIn(text: string, offset: number): { line: number; column: number } {
  const bytes = new TextEncoder().encode(text.trimEnd());
  const lines = new TextDecoder().decode(bytes.subarray(0, offset)).split("\n");
  return { line: lines.length, column: [...lines.at(-1)!].length + 1 };
}

const WORDINGS: Readonly<Record<string, string>> = {
  TS1109: "Expression expected",
  UnterminatedStrLit: "Unterminated string",
  UnterminatedTpl: "Unterminated template",
};

/** A message for the parser's name of an error: `Expected(",", "{")`, `UnterminatedRegExp`. */
function wording(kind: string, parts: string): string {
  const texts = [...parts.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, part]) => `'${unescape(part)}'`);
  if (kind === "Expected" && texts.length === 2) return `Expected ${texts[0]}, got ${texts[1]}`;
  const words = kind.split(/(?<=[a-z])(?=[A-Z])/).map((word, i) => i === 0 ? word : word.toLowerCase());
  return [WORDINGS[kind] ?? words.join(" "), ...texts].join(" ");
}

/** Undoes the escapes of a string in such a dump. */
function unescape(text: string): string {
  const plain: Record<string, string> = { n: "\n", r: "\r", t: "\t", "0": "\0" };
  return text.replace(
    /\\(?:u\{([0-9a-f]+)\}|(.))/gis,
    (_, code?: string, letter?: string) =>
      code === undefined ? plain[letter!] ?? letter! : String.fromCodePoint(parseInt(code, 16)),
  );
}
