/**
 * Posting an event to a URL.
 *
 * @module
 */

import { PermanentError } from "./action_queue.ts";
import type { WebhookAction } from "./rule.ts";

/** Statuses below 500 that may be different the next time (RFC 9110, RFC 8470, RFC 6585). */
const TEMPORARY: readonly number[] = [408, 425, 429];

/**
 * Posts a body of JSON once. Redirects are not followed: the operator trusts this URL, not where it leads.
 *
 * @throws {PermanentError} If the status says that another attempt is of no use.
 * @throws {Error} If there is no response, or one with a status of failure.
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
  if (response.status < 500 && !TEMPORARY.includes(response.status)) throw new PermanentError(message);
  throw new Error(message);
}
