// deno-lint-ignore-file no-explicit-any
import * as std from "npm:deno-std@1.4.0/cli/parse_args.js";

export interface ParseOptions {
  "--"?: boolean;
  alias?: Record<string, string | readonly string[]>;
  boolean?: boolean | string | readonly string[];
  default?: Record<string, unknown>;
  string?: string | readonly string[];
  collect?: string | readonly string[];
  negatable?: string | readonly string[];
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export const parseArgs: (
  args: string[],
  options?: ParseOptions,
) => { _: Array<string | number>; [name: string]: any } = std.parseArgs;
