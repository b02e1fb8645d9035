/**
 * Tables in plain text.
 *
 * @module
 */

import { shownInLine } from "./terminal.ts";
import { stripAnsiCode } from "@std/fmt/colors";
import { unicodeWidth } from "@std/cli/unicode-width";

/** Options of {@linkcode formatTable}. */
export interface TableOptions {
  /** The columns (from 0) that hold numbers and are aligned to the right. */
  right?: readonly number[];
  /** What the line of titles is passed through. */
  title?: (line: string) => string;
}

/** A line of titles and a line for each row, in columns two spaces apart. */
export function formatTable(titles: string[], rows: string[][], options: TableOptions = {}): string {
  const [first, ...rest] = formatRows([titles, ...rows], options.right);
  return [options.title ? options.title(first) : first, ...rest].join("\n");
}

/** Rows as lines with aligned columns. Colours have no width, wide characters have two columns. */
export function formatRows(cells: readonly string[][], right: readonly number[] = []): string[] {
  const rows = cells.map((row) => row.map(shownInLine));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cellWidth(cell));
    }
  }
  return rows.map((row) =>
    row.map((cell, column) => {
      const space = " ".repeat(widths[column] - cellWidth(cell));
      if (right.includes(column)) return space + cell;
      return column === row.length - 1 ? cell : cell + space;
    }).join("  ").trimEnd()
  );
}

function cellWidth(cell: string): number {
  return unicodeWidth(stripAnsiCode(cell));
}
