/**
 * An instance's side of webhooks and programs: it asks the server to run them and hears when each is over.
 *
 * @module
 */

import type { ActionRequest } from "./action_request.ts";

/** What has been asked for and is not over. */
export class ActionOutbox {
  readonly #post: (id: number, request: ActionRequest) => void;
  readonly #open: Map<number, () => void> = new Map();
  #latest = 0;

  /** @param post Sends a request to the server. */
  constructor(post: (id: number, request: ActionRequest) => void) {
    this.#post = post;
  }

  /** Asks for one. Settles once it is over, however it went. */
  run(request: ActionRequest): Promise<void> {
    const id = ++this.#latest;
    return new Promise((resolve) => {
      this.#open.set(id, resolve);
      this.#post(id, request);
    });
  }

  /** The server says that one is over. */
  over(id: number): void {
    this.#open.get(id)?.();
    this.#open.delete(id);
  }
}
