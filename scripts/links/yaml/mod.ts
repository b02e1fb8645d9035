import * as std from "npm:deno-std@1.4.0/yaml/mod.js";

export interface ParseOptions {
  allowDuplicateKeys?: boolean;
  schema?: "failsafe" | "json" | "core" | "default" | "extended";
  onWarning?: (error: Error) => void;
}

export const parse: (content: string, options?: ParseOptions) => unknown = std.parse;
export const stringify: (data: unknown, options?: Record<string, unknown>) => string = std.stringify;
