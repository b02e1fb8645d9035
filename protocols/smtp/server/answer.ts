/**
 * What a callback answers, at once or later.
 *
 * @module
 */

import { type Reply, reply } from "@protohost/protohost/protocols/smtp/codec";
import type { SmtpAnswer } from "./handler.ts";

/** What a command results in: a reply, nothing yet, or a promise of one of them. */
export type Outcome = Reply | undefined | Promise<Reply | undefined>;

/** The reply that an answer means; undefined for the usual one. */
export function readAnswer(answer: SmtpAnswer): Reply | undefined {
  return typeof answer === "string" ? reply(answer) : answer ?? undefined;
}

/** Calls `next` at once unless the value is a promise. */
export function after<T, R>(value: T | Promise<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return value instanceof Promise ? value.then(next) as Promise<Awaited<R>> : next(value);
}
