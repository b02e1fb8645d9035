/**
 * The files that the code of one worker is made of, and whether they still contain what it loaded.
 *
 * The worker names them; what they contain is read here, a moment after it has loaded them. A file that was changed since
 * the worker began to load may have been read by it in either state: such code counts as changed, and so does code that
 * is not known in full.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { MAX_IMPORTED_FILES } from "../spec/message_limits.ts";
import { type DigestFile, digestFile, type FileDigest } from "./file_digest.ts";

/** The time of a change is that of the system's clock tick before it. */
const TICK_MS = 10;
/** So much is read of the code of one worker. */
const MAX_CODE_BYTES = 256 * 1024 ** 2;

/** How the files are read. */
export interface CodeFilesOptions {
  /** Whether the worker can have read a file; others are not read here either. @default {all of them} */
  mayRead?(path: string): boolean;
  /** @default {digestFile} */
  digest?: DigestFile;
}

/** The files of one worker's code. */
export class CodeFiles {
  readonly #sinceMs: number;
  readonly #options: CodeFilesOptions;
  readonly #loaded: Map<string, Promise<FileDigest>> = new Map();
  #latest: Promise<unknown> = Promise.resolve();
  #bytes = 0;
  #isLoaded = false;
  #isKnown = true;

  /** @param sinceMs When the worker began to load, in milliseconds since the epoch. */
  constructor(sinceMs: number, options: CodeFilesOptions = {}) {
    this.#sinceMs = sinceMs;
    this.#options = options;
  }

  /** Their absolute paths. */
  get paths(): string[] {
    return [...this.#loaded.keys()];
  }

  /** Takes the URLs of files that the worker has loaded, or tried to. */
  add(urls: readonly string[]): void {
    const { mayRead = () => true } = this.#options;
    for (const url of urls) {
      const path = pathOf(url);
      if (path !== undefined && this.#loaded.has(path)) continue;
      if (path === undefined || !mayRead(path) || this.#loaded.size === MAX_IMPORTED_FILES) {
        this.#isKnown = false;
      } else this.#loaded.set(path, this.#read(path));
    }
  }

  /** The worker has loaded, and all files of its code have been added. */
  complete(): void {
    this.#isLoaded = true;
  }

  /** Whether a worker that loaded now would surely load the same. */
  async isUnchanged(digest: DigestFile): Promise<boolean> {
    if (!this.#isLoaded || !this.#isKnown) return false;
    for (const [path, reading] of this.#loaded) {
      const loaded = await reading;
      const isSure = this.#isKnown && loaded.changedMs < this.#sinceMs - TICK_MS;
      if (!isSure || loaded.hash !== (await digest(path)).hash) return false;
    }
    return true;
  }

  /** Reads one file after the other, and no more once they are too much. */
  #read(path: string): Promise<FileDigest> {
    const { digest = digestFile } = this.#options;
    const reading = this.#latest.then(async () => {
      if (this.#bytes > MAX_CODE_BYTES) this.#isKnown = false;
      if (!this.#isKnown) return { bytes: 0, changedMs: Infinity };
      const read = await digest(path);
      this.#bytes += read.bytes;
      return read;
    });
    this.#latest = reading;
    return reading;
  }
}

/** The path of a file; undefined for what a worker should not have sent. */
function pathOf(url: string): string | undefined {
  try {
    return fromFileUrl(url);
  } catch {
    return undefined;
  }
}
