import * as std from "npm:deno-std@1.4.0/text/closest_string.js";

export interface ClosestStringOptions {
  caseSensitive?: boolean;
  compareFn?: (a: string, b: string) => number;
}

export const closestString: (
  givenWord: string,
  possibleWords: ReadonlyArray<string>,
  options?: ClosestStringOptions,
) => string = std.closestString;
