/**
 * What a hook decides on a message.
 *
 * @module
 */

import type { Direction } from "../contract/protocol.ts";

export type { Direction };

/** What becomes of a message. */
export type Verdict<M = unknown> =
  /** It goes on as it is, to the hooks that follow too. */
  | { verdict: "pass" }
  /** Another one goes on in its place, to the hooks that follow too. */
  | { verdict: "replace"; message: M }
  /** Its sender gets an answer; the message itself goes no further. */
  | { verdict: "reply"; message: unknown }
  /** It goes no further. */
  | { verdict: "drop" }
  /** It waits, and so do later messages of this connection; then `then` applies, or it goes on. */
  | { verdict: "delay"; ms: number; then?: Verdict }
  /** The connection is closed; the client gets `last` first, if there is one. */
  | { verdict: "close"; last?: unknown };

const PASS: Verdict = Object.freeze({ verdict: "pass" });
const DROP: Verdict = Object.freeze({ verdict: "drop" });
const CLOSE: Verdict = Object.freeze({ verdict: "close" });

const VERDICTS: readonly unknown[] = ["pass", "replace", "reply", "drop", "delay", "close"];

/** The message goes on as it is. */
export function pass(): Verdict {
  return PASS;
}

/** Another message goes on in place of this one. */
export function replace<M>(message: M): Verdict<M> {
  return { verdict: "replace", message };
}

/** The sender gets this answer, and the message goes no further. */
export function reply(message: unknown): Verdict {
  return { verdict: "reply", message };
}

/** The message goes no further. */
export function drop(): Verdict {
  return DROP;
}

/**
 * The message waits for this many milliseconds.
 *
 * @param then The verdict that applies afterwards; without it the message goes on.
 */
export function delay(ms: number, then?: Verdict): Verdict {
  return then === undefined ? { verdict: "delay", ms } : { verdict: "delay", ms, then };
}

/** The connection is closed, once the client has got `last`, if that is given. */
export function close(last?: unknown): Verdict {
  return last === undefined ? CLOSE : { verdict: "close", last };
}

/**
 * Reads what a hook returns. Anything that is no verdict, such as undefined, is a pass. The name of a verdict is a mistake:
 * `"drop"` is meant to be `drop()`.
 *
 * @throws {TypeError} If it means to be a verdict and is none that exists.
 */
export function readVerdict(answer: unknown): Verdict | undefined {
  if (typeof answer === "string" && VERDICTS.includes(answer)) {
    throw new TypeError(
      `Cannot take a hook's answer: found the text ${JSON.stringify(answer)}, wanted what ${answer}() makes`,
    );
  }
  if (typeof answer !== "object" || answer === null || !("verdict" in answer)) return undefined;
  if (!VERDICTS.includes(answer.verdict)) {
    throw new TypeError(
      `Cannot take a hook's answer: found the verdict ${JSON.stringify(answer.verdict)}, wanted one of ${
        VERDICTS.join(", ")
      }`,
    );
  }
  const verdict = answer as Verdict;
  if (verdict.verdict === "delay") {
    if (typeof verdict.ms !== "number" || !(verdict.ms >= 0)) {
      throw new TypeError(`Cannot take a hook's answer: found a delay of ${verdict.ms}, wanted milliseconds`);
    }
    if (verdict.then !== undefined) readVerdict(verdict.then);
  }
  return verdict.verdict === "pass" ? undefined : verdict;
}
