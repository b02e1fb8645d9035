/**
 * Strangers' texts where people read them: on a terminal, in a log. Pure.
 *
 * @module
 */

/**
 * Controls of terminals and lines, separators of lines and paragraphs, halves of surrogates, and what has no shape of its
 * own: what turns the direction of text around, zero width spaces, byte order marks, tags. Joiners, the soft hyphen and
 * the signs that stand before Arabic numbers belong to words.
 */
const UNSEEN = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]|(?![\u00ad\u0600-\u0605\u06dd\u070f\u08e2\u200c\u200d])\p{Cf}/gu;

const SHORT: ReadonlyMap<string, string> = new Map([["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

/** The text with every character that could pass for something else written as an escape, as `\n` or `\u202e`. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escape);
}

/** The same for a text of several lines, whose line ends stay. */
export function visibleLines(text: string): string {
  return text.replaceAll(UNSEEN, (character) => character === "\n" ? character : escape(character));
}

function escape(character: string): string {
  const code = character.codePointAt(0)!;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return SHORT.get(character) ?? `\\u${code.toString(16).padStart(4, "0")}`;
}
