/**
 * Where commands write: answers on stdout, errors on stderr, colours on terminals only and not under `NO_COLOR`.
 *
 * @module
 */

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

const plain: Paint = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** This process's own terminal. */
export function createTerminal(): Terminal {
  setColorEnabled(!Deno.noColor);
  return {
    print: (text) => write(Deno.stdout, `${text}\n`),
    complain: (text) => write(Deno.stderr, `${text}\n`),
    paint: paintFor(Deno.stdout),
    complaintPaint: paintFor(Deno.stderr),
  };
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

function paintFor(stream: { isTerminal(): boolean }): Paint {
  return !Deno.noColor && stream.isTerminal() ? { bold, dim, red, green, yellow, cyan } : plain;
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
