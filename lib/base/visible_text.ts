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

/**
 * The text with every character that could pass for something else written as JSON writes it, as `\n` or `\u202e`: so JSON
 * stays the same JSON.
 */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, escape);
}

/** The same for a text of several lines, whose line ends stay. */
export function visibleLines(text: string): string {
  return text.replaceAll(UNSEEN, (character) => character === "\n" ? character : escape(character));
}

function escape(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
}
