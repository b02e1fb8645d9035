import * as std from "npm:deno-std@1.4.0/cli/unicode_width.js";

export const unicodeWidth: (text: string) => number = std.unicodeWidth;
