/**
 * Writing messages to Maildirs: to all of them or to none.
 *
 * @module
 */

import type { Maildir } from "./maildir.ts";

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

  /** Makes it a message, which is safe when the Maildir is synced. */
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
    await this.#maildir.ended(false);
  }

  /** It is safe. */
  async kept(): Promise<void> {
    await this.#maildir.ended(true);
  }
}

/**
 * Delivers one message to several Maildirs, a copy in each. When this settles they are safe; if it fails, none is there.
 *
 * @param head What is written before the content.
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
  await each(drafts, (draft) => draft.kept());
}

async function each<T>(all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  // The first failure is told when the others have ended too, so that none can make a file afterwards.
  const outcomes = await Promise.allSettled(all.map(act));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
