/**
 * A Maildir (https://cr.yp.to/proto/maildir.html): a message is a file, written in `tmp` and moved to `new` when all of
 * it is on the disk.
 *
 * What can fail, and what covers it: the machine or the process ends while a file is written (it stays in `tmp`, where
 * nobody looks, and is removed after 36 hours); it ends behind the move (the folder was written to the disk before the
 * client was told that its message is safe); the disk is full (the file is removed, and the client told to come again).
 *
 * @module
 */

import { basename } from "node:path";

const FOLDERS = ["tmp", "new", "cur"] as const;
/** What a writer has not finished for so long, it never will. */
const STALE_MS = 36 * 3_600_000;

/** What is found at a Maildir's path: all of one, some of one, or none, and why. */
export type MaildirState = { is: "whole" | "begun" } | { is: "none"; why: string };

/** A folder of messages. */
export class Maildir {
  /** Where it is. */
  readonly path: string;
  readonly #hostname: string;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  /** Takes a path; nothing is looked at yet. */
  constructor(path: string, hostname: string) {
    this.path = path.replace(/\/+$/, "");
    this.#hostname = hostname.replace(/[/:]/g, "-");
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
      if (error instanceof Deno.errors.NotADirectory) return none(`${this.path} is no folder`);
      throw error;
    }
    const names = new Set(entries.filter(({ isFile }) => !isFile).map(({ name }) => name));
    if (FOLDERS.every((folder) => names.has(folder))) return { is: "whole" };
    const isPart = FOLDERS.some((folder) => folder === basename(this.path));
    const isElse = isPart ||
      !entries.every(({ name }) => names.has(name) && FOLDERS.some((own) => own === name));
    if (names.has("new") || !isElse) return { is: "begun" };
    return none(`${this.path} is no Maildir: there is no folder new in it, nor is it empty`);
  }

  /** Makes its folders, where they are not there, and removes what was never finished. */
  async create(): Promise<void> {
    for (const folder of FOLDERS) {
      await Deno.mkdir(`${this.path}/${folder}`, { recursive: true, mode: 0o700 });
    }
    await syncFolder(this.path);
    try {
      await syncFolder(`${this.path}/..`);
    } catch {
      // It may not be read. Then the Maildir itself is not safe before the system writes it by and by.
    }
    await this.#clean();
  }

  /** Begins a message. */
  async begin(): Promise<Draft> {
    const now = Date.now();
    const random = crypto.randomUUID().replaceAll("-", "");
    const name = `${Math.floor(now / 1000)}.M${now % 1000}P${Deno.pid}R${random}.${this.#hostname}`;
    const file = await Deno.open(`${this.path}/tmp/${name}`, { write: true, createNew: true, mode: 0o600 });
    return new Draft(this, name, file);
  }

  /** Has what was moved to `new` written to the disk. Several messages at a time cost one write. */
  sync(): Promise<void> {
    return this.#nextSync ??= this.#syncAfter(this.#syncing);
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

/** A message that is being written. */
export class Draft {
  /** The name of its file. */
  readonly name: string;
  readonly #maildir: Maildir;
  readonly #file: Deno.FsFile;

  /** {@linkcode Maildir.begin} makes it. */
  constructor(maildir: Maildir, name: string, file: Deno.FsFile) {
    this.#maildir = maildir;
    this.name = name;
    this.#file = file;
  }

  /** Writes some of the message. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#file.write(bytes.subarray(at));
  }

  /** Has it written to the disk, and closes it. */
  async finish(): Promise<void> {
    await this.#file.sync();
    this.#file.close();
  }

  /** Makes it a message. It will be one for sure when the Maildir is synced. */
  async publish(): Promise<void> {
    const { path } = this.#maildir;
    await Deno.rename(`${path}/tmp/${this.name}`, `${path}/new/${this.name}`);
  }

  /** Leaves nothing of it. */
  async discard(): Promise<void> {
    try {
      this.#file.close();
    } catch {
      // It is closed already.
    }
    for (const folder of ["tmp", "new"]) {
      await Deno.remove(`${this.#maildir.path}/${folder}/${this.name}`).catch(() => {});
    }
  }
}

/**
 * Delivers one message to several Maildirs, a copy in each. When this settles they are safe; if it fails, none is there.
 *
 * @param head What stands before the content.
 */
export async function deliver(
  content: AsyncIterable<Uint8Array>,
  { maildirs, head }: { maildirs: readonly Maildir[]; head: Uint8Array },
): Promise<void> {
  const drafts: Draft[] = [];
  try {
    for (const maildir of maildirs) drafts.push(await maildir.begin());
    await each(drafts, (draft) => draft.write(head));
    for await (const bytes of content) await each(drafts, (draft) => draft.write(bytes));
    await each(drafts, (draft) => draft.finish());
    await each(drafts, (draft) => draft.publish());
    await Promise.all(maildirs.map((maildir) => maildir.sync()));
  } catch (error) {
    for (const draft of drafts) await draft.discard();
    throw error;
  }
}

async function each<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  // The first to fail leaves the others to end before it is told: nothing is under way that could still make a file.
  const outcomes = await Promise.allSettled(all.map(act));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
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
