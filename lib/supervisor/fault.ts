/**
 * What can be wrong with an instance, or with a process of a pool, as an error for programs and in words for the log. Pure.
 *
 * @module
 */

import { type ErrorRecord, toErrorRecord } from "../base/error_record.ts";
import { failure, InstanceError } from "../isolation/instance_error.ts";
import { describeBytes, describeDuration } from "./server_status.ts";

/** Something that is wrong with it. */
export interface Fault {
  error: ErrorRecord;
  /** What it did or does, as a sentence without its subject. */
  what: string;
}

/** What has a fault. */
export type Faulty = "instance" | "process";

/** It is still in a state that it should have left. */
export function overdue(state: string, limitMs: number, who: Faulty = "instance"): Fault {
  return inWords(who, "timeout", `was still ${state} after ${describeDuration(limitMs)}`);
}

/** It has not answered. That is noticed within the time, by a ping before its end: so it is not said to have lasted it. */
export function silent(heartbeatMs: number, who: Faulty = "instance"): Fault {
  return inWords(
    who,
    "silent",
    `gave no sign of life within ${describeDuration(heartbeatMs)} (limits.heartbeat)`,
  );
}

/** Its process takes nearly as much memory as it may, or more. */
export function memoryExceeded(bytes: number, limitBytes: number, who: Faulty = "instance"): Fault {
  const [found, most] = [bytes, limitBytes].map(describeBytes);
  return inWords(who, "memory_exceeded", `takes ${found} of memory, of at most ${most} (limits.memory)`);
}

/** It says what cannot be understood. */
export function badMessage(what: string, who: Faulty): Fault {
  return inWords(who, "bad_message", what);
}

/** Its code has ended it by a call. */
export function exited(how: string): Fault {
  return { error: failure("exited", `The service's code called ${how}`), what: `called ${how}` };
}

/** Its modules do not load. */
export function unloadable(error: ErrorRecord): Fault {
  return { error, what: `does not load: ${error.message}` };
}

/** It cannot be started. */
export function unstartable(thrown: unknown): Fault {
  return { error: toErrorRecord(thrown), what: `cannot be started: ${thrown}` };
}

/** It cannot listen. */
export function listenFailed(error: ErrorRecord): Fault {
  return { error, what: `cannot listen: ${error.message}` };
}

/** An error that nobody has caught has ended it. */
export function crashed(error: ErrorRecord): Fault {
  return { error, what: `crashed: ${error.name}: ${error.message}` };
}

/** What it runs in has failed. */
export function lost(thrown: unknown): Fault {
  if (!(thrown instanceof InstanceError)) return crashed(toErrorRecord(thrown));
  return { error: thrown.record, what: thrown.record.message.replace(/^The instance /, "") };
}

function inWords(who: Faulty, code: string, what: string): Fault {
  return { error: failure(code, `The ${who} ${what}`), what };
}
