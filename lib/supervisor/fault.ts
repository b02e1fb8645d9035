/**
 * What can go wrong with an instance, or with a process of a pool: an error for programs, and words for the log. Pure.
 *
 * @module
 */

import { type ErrorRecord, toErrorRecord } from "../base/error_record.ts";
import { failure, InstanceError } from "../isolation/instance_error.ts";
import { formatDuration, formatSize } from "../base/units.ts";

/** Something that went wrong with an instance or a process. */
export interface Fault {
  error: ErrorRecord;
  /** What it did, as a sentence without its subject. */
  what: string;
}

/** Where a fault is. */
export type Faulty = "instance" | "process";

/** It did not leave a state in time. */
export function overdue(state: string, limitMs: number, who: Faulty = "instance"): Fault {
  return inWords(who, "timeout", `was still ${state} after ${formatDuration(limitMs)}`);
}

/** It answered no ping. That is found up to one ping before the limit, so the text does not claim the whole time. */
export function silent(heartbeatMs: number, who: Faulty = "instance"): Fault {
  return inWords(
    who,
    "silent",
    `did not answer pings within ${formatDuration(heartbeatMs)} (limits.heartbeat)`,
  );
}

/** Its process uses more memory than it may, or nearly as much. */
export function memoryExceeded(bytes: number, limitBytes: number, who: Faulty = "instance"): Fault {
  const [found, most] = [bytes, limitBytes].map(formatSize);
  return inWords(who, "memory_exceeded", `uses ${found} of memory, limit ${most} (limits.memory)`);
}

/** It sent a message that is malformed or not allowed. */
export function badMessage(what: string, who: Faulty): Fault {
  return inWords(who, "bad_message", what);
}

/** Its code ended it by a call. */
export function exited(how: string): Fault {
  return { error: failure("exited", `The service's code called ${how}`), what: `called ${how}` };
}

/** Its modules failed to load. */
export function unloadable(error: ErrorRecord): Fault {
  return { error, what: `failed to load: ${error.message}` };
}

/** It could not be started. */
export function unstartable(thrown: unknown): Fault {
  return { error: toErrorRecord(thrown), what: `could not be started: ${thrown}` };
}

/** It could not listen. */
export function listenFailed(error: ErrorRecord): Fault {
  return { error, what: `could not listen: ${error.message}` };
}

/** An uncaught error ended it. */
export function crashed(error: ErrorRecord): Fault {
  return { error, what: `crashed: ${error.name}: ${error.message}` };
}

/** Its isolate or process failed. */
export function lost(thrown: unknown): Fault {
  if (!(thrown instanceof InstanceError)) return crashed(toErrorRecord(thrown));
  return { error: thrown.record, what: thrown.record.message.replace(/^The instance /, "") };
}

function inWords(who: Faulty, code: string, what: string): Fault {
  return { error: failure(code, `The ${who} ${what}`), what };
}
