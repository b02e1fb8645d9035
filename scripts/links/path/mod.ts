import * as std from "npm:deno-std@1.4.0/path/mod.js";

export interface ParsedPath {
  root: string;
  dir: string;
  base: string;
  ext: string;
  name: string;
}

export const basename: (path: string, suffix?: string) => string = std.basename;
export const dirname: (path: string | URL) => string = std.dirname;
export const extname: (path: string | URL) => string = std.extname;
export const fromFileUrl: (url: string | URL) => string = std.fromFileUrl;
export const isAbsolute: (path: string) => boolean = std.isAbsolute;
export const join: (path: string | URL, ...paths: string[]) => string = std.join;
export const normalize: (path: string | URL) => string = std.normalize;
export const parse: (path: string) => ParsedPath = std.parse;
export const relative: (from: string, to: string) => string = std.relative;
export const resolve: (...segments: string[]) => string = std.resolve;
export const toFileUrl: (path: string) => URL = std.toFileUrl;
