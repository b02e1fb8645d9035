/**
 * The file that the log is written to, which rotation may move away at any time.
 *
 * @module
 */

import { writeAll } from "./write_all.ts";

/** At most this long after the file was moved away is written to where it is now. */
const LOOK_MS = 1_000;

/** A log file. */
export class LogFile {
  readonly #path: string;
  #file: Deno.FsFile;
  #inode: number | null;
  #lookedMs = performance.now();

  /** Opens the file, or makes it. @throws {Deno.errors.NotFound | Deno.errors.PermissionDenied} If that cannot be. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openFile(path);
    this.#inode = inodeOf(this.#file);
  }

  /** Appends. A failed write (a full disk) must not end the server. */
  write(bytes: Uint8Array): void {
    if (performance.now() - this.#lookedMs >= LOOK_MS) this.#look();
    writeAll(this.#file, bytes);
  }

  /** Opens the file at the path again. @throws {Deno.errors.NotFound | Deno.errors.PermissionDenied} If that cannot be. */
  reopen(): void {
    const next = openFile(this.#path);
    this.#file.close();
    this.#file = next;
    this.#inode = inodeOf(next);
    this.#lookedMs = performance.now();
  }

  close(): void {
    this.#file.close();
  }

  /** Opens the path again if this file is no longer there: it was renamed, or deleted. */
  #look(): void {
    this.#lookedMs = performance.now();
    try {
      if (this.#inode !== null && this.#inode !== inodeAt(this.#path)) this.reopen();
    } catch { /* there is no better place to write to */ }
  }
}

function openFile(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true });
}

function inodeOf(file: Deno.FsFile): number | null {
  return file.statSync().ino;
}

/** The inode at a path; undefined if nothing is there. */
function inodeAt(path: string): number | null | undefined {
  try {
    return Deno.statSync(path).ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
