/**
 * A Maildir (https://cr.yp.to/proto/maildir.html): a message is a file, written in `tmp` and moved to `new` when all of
 * it is on the disk.
 *
 * What can fail, and what covers it: the machine or the process stops while a file is written (it stays in `tmp`, where
 * nobody looks, and is removed after 36 hours); it stops after the move (the folder was written to the disk before the
 * client was told that its message is safe); the disk is full (the file is removed, and the client told to try again).
 *
 * @module
 */

import { basename } from "node:path";
import { Draft } from "./delivery.ts";

// The order in which they are removed: a message under way is in the first.
const FOLDERS = ["tmp", "new", "cur"] as const;
/** What a writer has not finished for so long, it never will. */
const STALE_MS = 36 * 3_600_000;

/** What is at a Maildir's path: all of one, some of one, or none, and why. */
export type MaildirState = { is: "whole" | "begun" } | { is: "none"; why: string };

/** A folder of messages. */
export class Maildir {
  /** Where it is. */
  readonly path: string;
  readonly #hostname: string;
  readonly #create: boolean;
  /** How many messages are being written. */
  #drafts = 0;
  /** Whether its folders were made for a message, and none has been kept. */
  #isMade = false;
  #changing: Promise<void> = Promise.resolve();
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  /**
   * Takes a path; nothing is looked at yet.
   *
   * @param options.create Whether it is made, if it does not exist, for the first message.
   */
  constructor(path: string, hostname: string, { create = false }: { create?: boolean } = {}) {
    this.path = path.replace(/\/+$/, "");
    this.#hostname = hostname.replace(/[/:]/g, "-");
    this.#create = create;
  }

  /**
   * Looks at what is there. A folder with a `new` is a Maildir, and so is one with nothing in it but what a Maildir has: an
   * empty one is enough. One with other things in it is for something else, and so is a part of another Maildir.
   */
  async look(): Promise<MaildirState> {
    const entries: Deno.DirEntry[] = [];
    try {
      for await (const entry of Deno.readDir(this.path)) entries.push(entry);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return none(`there is no folder ${this.path}`);
      if (error instanceof Deno.errors.NotADirectory) return none(`${this.path} is not a folder`);
      throw error;
    }
    const names = new Set(entries.filter(({ isFile }) => !isFile).map(({ name }) => name));
    if (FOLDERS.every((folder) => names.has(folder))) return { is: "whole" };
    const isPart = FOLDERS.some((folder) => folder === basename(this.path));
    const isElse = isPart ||
      !entries.every(({ name }) => names.has(name) && FOLDERS.some((own) => own === name));
    if (names.has("new") || !isElse) return { is: "begun" };
    return none(`${this.path} is not a Maildir: it has no folder "new" and is not empty`);
  }

  /** Makes its folders, where they do not exist, and removes messages that were never finished. */
  async create(): Promise<void> {
    for (const folder of FOLDERS) {
      await Deno.mkdir(`${this.path}/${folder}`, { recursive: true, mode: 0o700 });
    }
    await syncFolder(this.path);
    try {
      await syncFolder(`${this.path}/..`);
    } catch {
      // It may not be read. Then the system writes the Maildir itself to the disk in its own time.
    }
    await this.#clean();
  }

  /** Begins a message. */
  async begin(): Promise<Draft> {
    const now = Date.now();
    const random = crypto.randomUUID().replaceAll("-", "");
    const name = `${Math.floor(now / 1000)}.M${now % 1000}P${Deno.pid}R${random}.${this.#hostname}`;
    const path = `${this.path}/tmp/${name}`;
    this.#drafts++;
    try {
      await this.#changing;
      return new Draft(this, name, await this.#open(path));
    } catch (error) {
      this.#drafts--;
      throw error;
    }
  }

  /** A message is kept, or is not. Where the folders were made for one that is not, they go too. */
  async ended(isKept: boolean): Promise<void> {
    this.#drafts--;
    if (isKept) this.#isMade = false;
    if (!this.#isMade || this.#drafts > 0) return;
    this.#isMade = false;
    await (this.#changing = this.#remove());
  }

  /** Has what was moved to `new` written to the disk. Several messages at a time cost one write. */
  sync(): Promise<void> {
    return this.#nextSync ??= this.#syncAfter(this.#syncing);
  }

  async #open(path: string): Promise<Deno.FsFile> {
    const options: Deno.OpenOptions = { write: true, createNew: true, mode: 0o600 };
    try {
      return await Deno.open(path, options);
    } catch (error) {
      if (!this.#create || !(error instanceof Deno.errors.NotFound)) throw error;
      this.#isMade = true;
      await this.create();
      return await Deno.open(path, options);
    }
  }

  async #remove(): Promise<void> {
    try {
      for (const folder of FOLDERS) await Deno.remove(`${this.path}/${folder}`);
      await Deno.remove(this.path);
    } catch {
      // Somebody else has put something there.
    }
  }

  async #syncAfter(before: Promise<void>): Promise<void> {
    await before.catch(() => {});
    this.#nextSync = undefined;
    await (this.#syncing = syncFolder(`${this.path}/new`));
  }

  async #clean(): Promise<void> {
    for await (const { name, isFile } of Deno.readDir(`${this.path}/tmp`)) {
      if (!isFile) continue;
      const path = `${this.path}/tmp/${name}`;
      const { mtime } = await Deno.stat(path);
      if (mtime !== null && Date.now() - mtime.getTime() > STALE_MS) await Deno.remove(path);
    }
  }
}

function none(why: string): MaildirState {
  return { is: "none", why };
}

/** A file's name is on the disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return; // folders cannot be opened there
  using folder = await Deno.open(path);
  await folder.sync();
}
