import * as std from "npm:deno-std@1.4.0/fmt/bytes.js";

export interface FormatOptions {
  bits?: boolean;
  binary?: boolean;
  signed?: boolean;
  locale?: boolean | string | string[];
  minimumFractionDigits?: number;
  maximumFractionDigits?: number;
}

export const format: (num: number, options?: FormatOptions) => string = std.format;
