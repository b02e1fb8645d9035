/**
 * From a recipient's address to their Maildir.
 *
 * @module
 */

import { bytes } from "@protohost/protohost";
import { Maildir } from "./maildir.ts";

/** Where Maildirs are. */
export interface MailboxOptions {
  /** The path, with `{user}` and `{domain}` or without. */
  maildir: string;
  /** Whether one that does not exist is made for its first message. */
  create: boolean;
  /** The domain of addresses without one. */
  domain: string;
  hostname: string;
}

/** What can stand in a path without changing where it leads. */
const SAFE_USER = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._+=-]*$/u;
const SAFE_DOMAIN = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}.-]*$/u;
/** The longest name that file systems have, in bytes. */
const MAX_NAME_BYTES = 255;
/** How many Maildirs are remembered, so that messages of one at a time share a write to the disk. */
const MAX_KNOWN = 1000;

/** The Maildirs of a service. */
export class Mailboxes {
  readonly #options: MailboxOptions;
  readonly #known: Map<string, Maildir> = new Map();

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  /** Makes the Maildir of a service that has only one. */
  async prepare(): Promise<void> {
    const { maildir } = this.#options;
    if (!maildir.includes("{")) await this.#at(maildir).create();
  }

  /**
   * The Maildir of a recipient; if there is none, a text that says why.
   *
   * @param address In the form to compare.
   */
  async of(address: string): Promise<Maildir | string> {
    const { maildir: template, create } = this.#options;
    if (!template.includes("{")) return this.#at(template);
    const { user, domain } = splitAddress(address, this.#options.domain);
    if (!SAFE_USER.test(user) || !SAFE_DOMAIN.test(domain)) {
      return "such a name is not looked for on the disk";
    }
    const path = template.replaceAll("{user}", () => user).replaceAll("{domain}", () => domain);
    if (path.split("/").some((name) => bytes(name).length > MAX_NAME_BYTES)) {
      return `a name in the path is longer than ${MAX_NAME_BYTES} bytes`;
    }
    const maildir = this.#at(path);
    const state = await maildir.look();
    if (state.is === "none") {
      if (!create) return state.why;
      await assertWritable(maildir);
    } else if (state.is === "begun") await maildir.create();
    return maildir;
  }

  #at(path: string): Maildir {
    const { hostname, create } = this.#options;
    const maildir = this.#known.get(path) ?? new Maildir(path, hostname, { create });
    this.#known.delete(path);
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(path, maildir);
    return maildir;
  }
}

/** The two halves of an address. */
export function splitAddress(address: string, domain: string): { user: string; domain: string } {
  const at = address.lastIndexOf("@");
  return at < 0 ? { user: address, domain } : { user: address.slice(0, at), domain: address.slice(at + 1) };
}

/**
 * Makes sure of the permission to make a Maildir, before its first message is there.
 *
 * @throws {Deno.errors.NotCapable} What making it throws without that.
 */
async function assertWritable(maildir: Maildir): Promise<void> {
  const { state } = await Deno.permissions.query({ name: "write", path: maildir.path });
  if (state !== "granted") await maildir.create();
}
