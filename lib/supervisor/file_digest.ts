/**
 * What a file contains, in a few bytes. It may be any file that a service's code names: a device, a pipe, a huge one.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { whyUnreadable } from "../base/read_text.ts";

/** No module is longer. */
const MAX_BYTES = 32 * 1024 ** 2;

/** What a file contained. */
export interface FileDigest {
  /** Of its contents; undefined if there was no file that can be read. */
  hash?: string;
  bytes: number;
  /** When it was changed last, in milliseconds since the epoch. */
  changedMs: number;
}

/** Reads a file. */
export type DigestFile = (path: string) => Promise<FileDigest>;

/** Reads a file; never rejects. */
export async function digestFile(path: string): Promise<FileDigest> {
  try {
    const info = await Deno.stat(path);
    const changedMs = (info.ctime ?? info.mtime)?.getTime() ?? Date.now();
    if (whyUnreadable(info, MAX_BYTES) !== undefined) return { bytes: 0, changedMs };
    // What has no size need not have an end.
    const contents = info.size === 0 ? new Uint8Array() : await Deno.readFile(path);
    const hash = createHash("sha256").update(contents).digest("base64");
    return { hash, bytes: contents.length, changedMs };
  } catch {
    return { bytes: 0, changedMs: -Infinity };
  }
}

/** Reads each file once, however often it is asked for. */
export function digestOnce(digest: DigestFile = digestFile): DigestFile {
  const known = new Map<string, Promise<FileDigest>>();
  return (path) => {
    const before = known.get(path);
    if (before !== undefined) return before;
    const reading = digest(path);
    known.set(path, reading);
    return reading;
  };
}
