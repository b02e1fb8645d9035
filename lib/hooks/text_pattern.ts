/**
 * Regular expressions of rules, matched in time linear to the text. Pure.
 *
 * They are JavaScript's own and mean the same. V8's matcher tries alternatives one after the other, so that for some
 * patterns a client can find a text that takes it years; here the pattern becomes an automaton, which looks at each
 * character once. What no automaton can do is refused when the pattern is read: references back and looks around.
 *
 * @module
 */

import { RegExpParser } from "@eslint-community/regexpp";
import { compileNfa } from "./pattern_nfa.ts";
import { LazyDfa } from "./pattern_dfa.ts";

/** A regular expression that is looked for in texts. */
export interface TextPattern {
  /** Whether it is found in a text. */
  test(text: string): boolean;
}

/**
 * Reads a regular expression: `/.../flags`, or its plain source.
 *
 * @throws {SyntaxError} If it is none, refers back or looks around, or repeats too much.
 */
export function parsePattern(text: string): TextPattern {
  const match = /^\/(.*)\/([imsuv]*)$/s.exec(text);
  const [source, flags] = match === null ? [text, ""] : [match[1], match[2]];
  // V8 says best what is wrong.
  new RegExp(source, flags);
  const [unicode, unicodeSets] = [flags.includes("u"), flags.includes("v")];
  const ast = new RegExpParser().parsePattern(source, 0, source.length, { unicode, unicodeSets });
  return new LazyDfa(compileNfa(ast, flags));
}
