/**
 * The files that a user's code is made of: every module that it imports by its path, however deep. Packages and
 * protohost's own modules are left out: what those contain does not change under a path.
 *
 * @module
 */

import * as module from "node:module";
import { isOwnModule } from "../base/own_modules.ts";
import { MAX_IMPORTED_FILES, MAX_URL_LENGTH } from "../spec/message_limits.ts";

interface ResolveHooks {
  resolve(
    specifier: string,
    context: { parentURL?: string },
    next: (specifier: string, context: unknown) => { url: string },
  ): { url: string };
}

// The types of Node's module lag behind what Deno has.
const { registerHooks } = module as unknown as { registerHooks(hooks: ResolveHooks): void };

/** The files that an isolate imports, from `record` on. */
export class ImportedFiles {
  readonly #urls: Set<string> = new Set();
  readonly #packages: Set<string> = new Set();
  #isFull = false;
  #added: string[] = [];
  #listener: ((urls: string[]) => void) | undefined;

  /** Notes what is imported from now on in this isolate. What does not resolve or load is noted, too. */
  record(): void {
    // No hook on loading: with one, Deno reads no JSON that a package requires.
    registerHooks({
      resolve: (specifier, context, next) => {
        const resolved = next(specifier, context);
        this.#note(specifier, context.parentURL ?? "", resolved.url);
        return resolved;
      },
    });
  }

  /** Their URLs so far; undefined if they are too many, or too long, to tell. */
  get urls(): string[] | undefined {
    return this.#isFull ? undefined : [...this.#urls];
  }

  /** From now on tells which files are imported that were not before. */
  listen(listener: (urls: string[]) => void): void {
    this.#listener = listener;
  }

  #note(specifier: string, parent: string, url: string): void {
    if (!url.startsWith("file:") || isOwnModule(url)) return;
    const isPath = /^(?:\.{0,2}\/|file:)/.test(specifier);
    if (!isPath || this.#packages.has(parent)) return void this.#packages.add(url);
    const { href } = Object.assign(new URL(url), { search: "", hash: "" });
    if (this.#urls.has(href) || this.#isFull) return;
    this.#isFull = this.#urls.size === MAX_IMPORTED_FILES || href.length > MAX_URL_LENGTH;
    if (this.#isFull) return;
    this.#urls.add(href);
    if (this.#listener === undefined) return;
    if (this.#added.push(href) === 1) queueMicrotask(() => this.#tell());
  }

  #tell(): void {
    const urls = this.#added;
    this.#added = [];
    this.#listener?.(urls);
  }
}
