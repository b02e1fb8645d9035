/**
 * The file that the log is written to, which rotation may move away at any time.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync, writeSync } from "node:fs";
import { writeAll } from "./write_all.ts";

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT;
/** Opening a pipe then fails when nobody reads it, and does not wait. Windows has no such flag. */
const WITHOUT_WAITING = APPEND | (constants.O_NONBLOCK ?? 0);

/** At most this long after the file was moved away is written to where it is now. */
const LOOK_MS = 1_000;

/** A log file. */
export class LogFile {
  readonly #path: string;
  /** Whether it was a file at first: then no pipe that somebody has put in its place may hold up the server. */
  readonly #isFile: boolean;
  #file: number;
  #inode: number;
  #lookedMs = performance.now();

  /** Opens the file, or makes it. @throws If that cannot be, or if it is a pipe that nobody reads. */
  constructor(path: string) {
    this.#path = path;
    this.#file = openFile(path, { onlyFile: false });
    const info = fstatSync(this.#file);
    this.#isFile = info.isFile();
    this.#inode = info.ino;
  }

  /** Appends. A failed write (a full disk) must not end the server. */
  write(bytes: Uint8Array): void {
    if (performance.now() - this.#lookedMs >= LOOK_MS) this.#look();
    const file = this.#file;
    writeAll({ writeSync: (part) => writeSync(file, part) }, bytes);
  }

  /** Opens the file at the path again. @throws If that cannot be, or if it is no file any more. */
  reopen(): void {
    const next = openFile(this.#path, { onlyFile: this.#isFile });
    closeSync(this.#file);
    this.#file = next;
    this.#inode = fstatSync(next).ino;
    this.#lookedMs = performance.now();
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Opens the path again if this file is no longer there: it was renamed, or deleted. */
  #look(): void {
    this.#lookedMs = performance.now();
    try {
      if (this.#inode !== inodeAt(this.#path)) this.reopen();
    } catch { /* there is no better place to write to */ }
  }
}

/** What is no file, such as a terminal or a pipe, is opened only where that is asked for. */
function openFile(path: string, { onlyFile }: { onlyFile: boolean }): number {
  const file = openWithoutWaiting(path);
  if (fstatSync(file).isFile()) return file;
  try {
    if (onlyFile) throw new TypeError(`${path} is no file any more`);
    return openSync(path, APPEND);
  } finally {
    closeSync(file);
  }
}

function openWithoutWaiting(path: string): number {
  try {
    return openSync(path, WITHOUT_WAITING);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENXIO") throw error;
    throw new TypeError("it is a pipe that nobody reads, or a socket", { cause: error });
  }
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
