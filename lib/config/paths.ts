/**
 * Paths in a configuration: relative ones start from its folder.
 *
 * @module
 */

import { extname, fromFileUrl, isAbsolute, resolve, toFileUrl } from "@std/path";
import { type Endpoint, formatEndpoint, parseEndpoint } from "../contract/endpoint.ts";

/** The URL of a folder, with a slash at its end. */
export function folderUrl(folder: string | URL): string {
  const url = folder instanceof URL || isUrl(folder) ? new URL(folder) : toFileUrl(folder);
  return url.href.endsWith("/") ? url.href : `${url.href}/`;
}

/** Makes a path absolute. `base` is the folder's URL. */
export function absolutePath(path: string, base: string): string {
  return /^file:/i.test(path) ? fromFileUrl(path) : resolve(fromFileUrl(base), path);
}

/** Makes a module's path a URL; one that is a URL already stays as it is. */
export function moduleUrl(path: string, base: string): string {
  return isUrl(path) ? path : toFileUrl(absolutePath(path, base)).href;
}

/** Makes the path in a unix socket's address absolute; all other addresses stay as they are. */
export function absoluteAddress(address: string, base: string): string {
  const endpoint = parseEndpoint(address);
  if (endpoint.transport !== "unix") return address;
  return formatEndpoint({ ...endpoint, path: absolutePath(endpoint.path, base) });
}

/** Takes an address apart; undefined if it cannot be read. */
export function readEndpoint(address: string): Endpoint | undefined {
  try {
    return parseEndpoint(address);
  } catch {
    return undefined;
  }
}

/** Whether a service's `protocol` is the path of a module and not a name. */
export function isModule(protocol: string): boolean {
  return /^\.{1,2}[/\\]/.test(protocol) || isAbsolute(protocol) || isUrl(protocol) ||
    [".ts", ".js", ".mts", ".mjs"].includes(extname(protocol));
}

function isUrl(text: string): boolean {
  return /^(?:file|https?|jsr|npm|data):/i.test(text);
}
