/**
 * What `pipe` does with one message.
 *
 * @module
 */

import type { Connection } from "../contract/connection.ts";
import type { ServiceConnection } from "./service_connection.ts";

/** Sends a message of one connection to another; holds the one back while the other's queue is full. */
export function pipe(message: unknown, from: ServiceConnection, to: Connection<unknown>): void {
  to.send(message);
  if (to.queuedBytes < to.limits.maxSendBytes) return;
  from.pause();
  to.flushed().then(() => from.resume(), () => from.close());
}
