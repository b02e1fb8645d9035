/**
 * From a recipient's address to the Maildir that is theirs.
 *
 * @module
 */

import { Maildir } from "./maildir.ts";

/** Where Maildirs are. */
export interface MailboxOptions {
  /** The path, with `{user}` and `{domain}` or without. */
  maildir: string;
  /** Whether one that is not there is made. */
  create: boolean;
  /** The domain of addresses without one. */
  domain: string;
  hostname: string;
}

/** What can stand in a path without changing where it leads. */
const SAFE_USER = /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}._+=-]*$/u;
const SAFE_DOMAIN = /^[\p{L}\p{N}][\p{L}\p{N}\p{M}.-]*$/u;

/** The Maildirs of a service. */
export class Mailboxes {
  readonly #options: MailboxOptions;
  readonly #known: Map<string, Maildir> = new Map();

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  /** Makes the one Maildir, where all mail goes to one. */
  async prepare(): Promise<void> {
    const { maildir } = this.#options;
    if (!maildir.includes("{")) await this.#at(maildir).create();
  }

  /** The Maildir of a recipient; if there is none, a text that says why. */
  async of(address: string): Promise<Maildir | string> {
    const { maildir: template, create } = this.#options;
    if (!template.includes("{")) return this.#at(template);
    const { user, domain } = splitAddress(address.toLowerCase(), this.#options.domain);
    if (!SAFE_USER.test(user) || !SAFE_DOMAIN.test(domain)) {
      return "such a name is not looked for on the disk";
    }
    const path = template.replaceAll("{user}", () => user).replaceAll("{domain}", () => domain);
    const known = this.#known.get(path);
    if (known !== undefined) return known;
    const maildir = new Maildir(path, this.#options.hostname);
    const state = await maildir.look();
    if (state.is === "none" && !create) return state.why;
    if (state.is !== "whole") await maildir.create();
    this.#known.set(path, maildir);
    return maildir;
  }

  #at(path: string): Maildir {
    let maildir = this.#known.get(path);
    if (maildir === undefined) {
      this.#known.set(path, maildir = new Maildir(path, this.#options.hostname));
    }
    return maildir;
  }
}

/** An address' two halves. */
export function splitAddress(address: string, domain: string): { user: string; domain: string } {
  const at = address.lastIndexOf("@");
  return at < 0 ? { user: address, domain } : { user: address.slice(0, at), domain: address.slice(at + 1) };
}
