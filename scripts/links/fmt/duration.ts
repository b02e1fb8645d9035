import * as std from "npm:deno-std@1.4.0/fmt/duration.js";

export interface FormatOptions {
  style?: "narrow" | "digital" | "full";
  ignoreZero?: boolean;
}

export const format: (ms: number, options?: FormatOptions) => string = std.format;
