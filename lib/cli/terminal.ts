/**
 * Where commands write: answers on stdout, errors on stderr, colours on terminals only and not under `NO_COLOR`.
 *
 * @module
 */

import { visible, visibleLines } from "../base/visible_text.ts";
import { bold, cyan, dim, green, red, setColorEnabled, yellow } from "@std/fmt/colors";

/** Colours a piece of text, or leaves it alone. */
export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/** The two streams of a command, by lines. */
export interface Terminal {
  /** Writes lines to stdout. */
  print(text: string): void;
  /** Writes lines to stderr. */
  complain(text: string): void;
  /** Colours for what is printed. */
  readonly paint: Paint;
  /** Colours for errors. */
  readonly complaintPaint: Paint;
}

const COLORS: Paint = { bold, dim, red, green, yellow, cyan };
/** The sequences that these are made of. */
// deno-lint-ignore no-control-regex
const COLOR = /(\x1b\[(?:1|2|22|31|32|33|36|39)m)/;
const plain: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** This process's own terminal. */
export function createTerminal(): Terminal {
  setColorEnabled(!Deno.noColor);
  return {
    print: (text) => write(Deno.stdout, `${shown(text, isColored(Deno.stdout))}\n`),
    complain: (text) => write(Deno.stderr, `${shown(text, isColored(Deno.stderr))}\n`),
    paint: isColored(Deno.stdout) ? COLORS : plain,
    complaintPaint: isColored(Deno.stderr) ? COLORS : plain,
  };
}

/**
 * A text as it is written: of all that a terminal obeys only the ends of lines, and the colours if there are any. Much of
 * it is of strangers: names in a configuration, messages of errors, what peers have sent.
 */
export function shown(text: string, isColored: boolean): string {
  if (!isColored) return visibleLines(text);
  return text.split(COLOR).map((part, index) => index % 2 === 0 ? visibleLines(part) : part).join("");
}

/** The same for a part of a line. */
export function shownInLine(text: string): string {
  return text.split(COLOR).map((part, index) => index % 2 === 0 ? visible(part) : part).join("");
}

/** A terminal without colours that records what is written; for tests. */
export function createRecorder(): Terminal & { readonly printed: string[]; readonly complained: string[] } {
  const printed: string[] = [];
  const complained: string[] = [];
  return {
    printed,
    complained,
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(text),
    paint: plain,
    complaintPaint: plain,
  };
}

function isColored(stream: { isTerminal(): boolean }): boolean {
  return !Deno.noColor && stream.isTerminal();
}

function write(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
  } catch (error) {
    // The reader has gone, as `head` does: nobody is left to read an error.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function same(text: string): string {
  return text;
}
