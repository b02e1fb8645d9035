/**
 * What a client hears before its connection is closed for an error of its own.
 *
 * @module
 */

import { RespError } from "./error.ts";
import { error, type Value } from "./values.ts";

/** Where the error itself does not say what redis calls it. */
const BY_CODE: Readonly<Record<string, string>> = {
  bad_frame: "Protocol error: invalid request",
  bad_message: "Protocol error: invalid request",
  frame_too_large: "Protocol error: request is too big",
  frame_timeout: "Protocol error: request is incomplete",
  handler_timeout: "internal error",
  hook_error: "internal error",
  hook_timeout: "internal error",
};

/**
 * The reply that stands for an error; undefined where redis closes without a word, as after a time without requests.
 */
export function refusalOf(failure: Error): Value | undefined {
  const words = protocolErrorOf(failure);
  if (words !== undefined) return error(`ERR Protocol error: ${words}`);
  const { code } = failure as { code?: unknown };
  return typeof code === "string" && Object.hasOwn(BY_CODE, code) ? error(`ERR ${BY_CODE[code]}`) : undefined;
}

/** What redis calls the fault, if it is one in what a client has sent. */
function protocolErrorOf(failure: unknown): string | undefined {
  for (let cause = failure; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RespError) return cause.protocolError;
  }
  return undefined;
}
