/**
 * What is wrong with a text that is no YAML, in plain words. Pure.
 *
 * @module
 */

import { MAX_DEPTH } from "./tree_bounds.ts";

/** What stands in a text and what should. */
export interface SyntaxProblem {
  found: string;
  wanted: string;
  /** Where, if not where the parser stopped. */
  offset?: number;
}

/**
 * Says in our words what the parser does not take.
 *
 * @param reason The parser's own words.
 * @param offset Where it stopped.
 */
export function syntaxProblem(reason: string, text: string, offset: number): SyntaxProblem {
  const place = placeIn(text, offset);
  const { line, before, rest } = place;
  if (/^ *\t/.test(line)) return { found: "a tab", wanted: "spaces: YAML takes no tabs as indentation" };
  if (before.endsWith("$") && rest.startsWith("{")) {
    return { found: "\${ inside of { } or [ ]", wanted: 'quotes around the variable, as in "${NAME}"' };
  }
  const end = /^unexpected end of the (?:stream|document) within a (flow|single quoted|double quoted)/.exec(
    reason,
  );
  if (end) {
    const wanted = end[1] === "flow" ? "] or } to close what is open" : "the quote that ends a text";
    return { found: "the end of the file", wanted };
  }
  if (reason.startsWith("deficient indentation") && text.slice(offset).trim() === "") {
    return { found: "the end of the file", wanted: "an end of the quotes or brackets that are open" };
  }
  if (
    reason.startsWith("bad indentation") || reason.startsWith("end of the stream or a document separator")
  ) {
    return misplaced(text, place);
  }
  const [, alias] = /^unidentified alias "(.*)"$/s.exec(reason) ?? [];
  if (alias !== undefined) return { found: quoted(`*${alias}`), wanted: `an anchor &${alias} before it` };
  if (/^nesting exceeded/.test(reason)) {
    return { found: `mappings and lists more than ${MAX_DEPTH} deep`, wanted: `at most ${MAX_DEPTH}` };
  }
  if (/^unknown \w+ tag/.test(reason)) {
    return { found: `the tag ${quoted(rest.split(/\s/, 1)[0])}`, wanted: "a value without a tag" };
  }
  if (/non-printable|null byte/.test(reason)) {
    return { found: `the control character ${quoted(rest.slice(0, 1))}`, wanted: "text" };
  }
  const wanted = WANTED.find(([pattern]) => pattern.test(reason))?.[1];
  return { found: quoted(rest), wanted: wanted ?? `other YAML: ${reason}` };
}

/** What is wanted, by what the parser says. */
const WANTED: readonly [RegExp, string][] = [
  [/^deficient indentation/, "more indentation, or an end of the quotes or brackets before this line"],
  [/^missed comma/, "a comma between the entries of { } or [ ]"],
  [/^expected the node content/, "a value before the comma"],
  [/^expected ':'|^can not read a block mapping entry/, "KEY: VALUE"],
  [/^a whitespace character is expected/, "a space after the colon"],
  [/^object-based map does not support complex keys/, "a text as the key"],
  [/escape sequence|hexadecimal/, "an escape that YAML knows; \\\\ stands for a backslash"],
  [/anchor node must/, "a name after &, or quotes around a text that begins with it"],
  [/alias node must/, "a name after *, or quotes around a text that begins with it"],
];

/** Characters that no text without quotes begins with. */
const INDICATORS = "@`%|>!&*";

/** A line, cut where the parser stopped. */
interface LinePlace {
  line: string;
  before: string;
  rest: string;
  /** The offset of the line. */
  start: number;
}

/** What stands where something else, or nothing, can. */
function misplaced(text: string, { line, before, rest, start }: LinePlace): SyntaxProblem {
  const above = lineAbove(text, start);
  const isFirst = before.trim() === "";
  if (isFirst && isItem(line) !== isItem(above.line) && indentOf(line) === indentOf(above.line)) {
    return { found: quoted(rest), wanted: "entries of one kind: items of a list and keys do not mix" };
  }
  if (isFirst) return { found: quoted(rest), wanted: "the same indentation as the entries it belongs to" };
  if (INDICATORS.includes(rest.charAt(0))) {
    return { found: quoted(rest), wanted: `quotes around a text that begins with ${rest.charAt(0)}` };
  }
  if (!rest.startsWith(":")) return { found: quoted(rest), wanted: "the end of the line" };
  if (/:\s|^\s*[[{]/.test(before)) {
    return { found: quoted(line.trim()), wanted: "one colon, or quotes around a text that contains one" };
  }
  // The line continues a text without quotes that began above it.
  if (/:\s/.test(above.line)) {
    const offset = start + indentOf(line);
    return {
      found: quoted(line.trim()),
      wanted: "the same indentation as the entries it belongs to",
      offset,
    };
  }
  const offset = above.start + indentOf(above.line);
  return { found: quoted(above.line.trim()), wanted: "KEY: VALUE, with a space after the colon", offset };
}

function isItem(line: string): boolean {
  return /^\s*-(?:\s|$)/.test(line);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function placeIn(text: string, offset: number): LinePlace {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", offset);
  const line = text.slice(start, end < 0 ? undefined : end).replace(/\r$/, "");
  return { line, before: line.slice(0, offset - start), rest: line.slice(offset - start), start };
}

/** The nearest line above that is not empty. */
function lineAbove(text: string, start: number): LinePlace {
  let place: LinePlace = { line: "", before: "", rest: "", start };
  while (place.start > 0 && place.line.trim() === "") place = placeIn(text, place.start - 1);
  return place;
}

function quoted(text: string): string {
  const trimmed = text.trimEnd();
  if (trimmed === "") return "the end of the line";
  return JSON.stringify(trimmed.length > 40 ? `${trimmed.slice(0, 37)}...` : trimmed);
}
