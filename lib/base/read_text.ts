/**
 * Reading a file that somebody else has named: it may be a device without an end, a pipe that nobody writes to, or larger
 * than memory.
 *
 * @module
 */

import { formatSize } from "./units.ts";

/** A file that is there but cannot be read as a text. */
export class UnreadableFileError extends TypeError {
  /** The name of the class. */
  override readonly name = "UnreadableFileError";
  /** What happened. */
  readonly code = "unreadable_file";
}

/**
 * Reads a regular file in UTF-8.
 *
 * @throws {UnreadableFileError} If it is no regular file, or longer than `maxBytes`.
 * @throws {Deno.errors.NotFound | Deno.errors.PermissionDenied} If it is not there or may not be read.
 */
export async function readText(path: string, { maxBytes }: { maxBytes: number }): Promise<string> {
  const why = whyUnreadable(await Deno.stat(path), maxBytes);
  if (why !== undefined) throw new UnreadableFileError(`Cannot read ${path}: it is ${why}`);
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  const file = await Deno.open(path);
  // The size of a file need not be true: those of /proc have none, and others grow.
  for await (const chunk of file.readable) {
    length += chunk.length;
    if (length > maxBytes) {
      throw new UnreadableFileError(`Cannot read ${path}: it is longer than ${formatSize(maxBytes)}`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What keeps a file from being read as a text, as `a folder`; undefined if nothing does. */
export function whyUnreadable(file: Deno.FileInfo, maxBytes: number): string | undefined {
  if (file.isFile) return file.size > maxBytes ? `longer than ${formatSize(maxBytes)}` : undefined;
  if (file.isDirectory) return "a folder";
  if (file.isFifo) return "a pipe";
  return file.isSocket ? "a socket" : "a device";
}
