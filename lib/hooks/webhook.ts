/**
 * Posting an event to a URL.
 *
 * @module
 */

import { PermanentError } from "./action_queue.ts";
import type { WebhookAction } from "./rule.ts";

/** Answers that may be different the next time. */
const PASSING: readonly number[] = [408, 425, 429];

/**
 * Posts a body of JSON once. Redirections are not followed: the URL is whom the operator trusts.
 *
 * @throws {PermanentError} If the answer says that another attempt is of no use.
 * @throws {Error} If there is no answer, or one of failure.
 */
export async function postEvent(action: WebhookAction, body: string, signal: AbortSignal): Promise<void> {
  const { url, headers } = action;
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
    signal,
    redirect: "manual",
  });
  await response.body?.cancel();
  if (response.ok) return;
  const message = `${url} answered ${response.status}`;
  if (response.status < 500 && !PASSING.includes(response.status)) throw new PermanentError(message);
  throw new Error(message);
}
