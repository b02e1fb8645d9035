/**
 * What each verdict means: the one place where it is decided, for the hooks that follow and for the message. What is then
 * done with the message depends on the connection, which a handler serves or a proxy relays: see {@linkcode VerdictEffects}.
 *
 * | verdict | the hooks that follow | the message | its sender | the connection |
 * | --- | --- | --- | --- | --- |
 * | none, `pass` | see it | goes on | | |
 * | `replace` | see the other one | the other one goes on | | |
 * | `reply` | do not run | goes no further | gets the answer | |
 * | `drop` | do not run | goes no further | | |
 * | `delay` | as `then` says | waits, and what comes behind it; then as `then` says | | |
 * | `close` | do not run | goes no further | | closes, the client gets `last` |
 *
 * @module
 */

import { pause } from "../base/pause.ts";
import { delay, replace, type Verdict } from "./verdict.ts";

/** What verdicts do on one kind of connection. `T` is a message that waits for one, `R` what is answered for it. */
export interface VerdictEffects<T, R> {
  /** Aborted when the connection is closed: nothing waits beyond that. */
  readonly signal: AbortSignal;
  /** The message goes on as it is. */
  pass(held: T): R;
  /** Another one goes on in its place. */
  replace(held: T, message: unknown): R;
  /** Its sender gets an answer; the message goes no further. */
  reply(held: T, message: unknown): R;
  /** The message goes no further. */
  drop(held: T): R;
  /** The connection closes, once the client has got `last`, unless that is undefined. The message goes no further. */
  close(held: T, last: unknown): R;
}

/** Carries out a verdict on a message, once there is one. A promise says that the message waits. */
export function applyVerdict<T, R>(
  verdict: Verdict | undefined | Promise<Verdict | undefined>,
  held: T,
  effects: VerdictEffects<T, R>,
): R | Promise<R> {
  return verdict instanceof Promise ? afterwards(verdict, held, effects) : applyNow(verdict, held, effects);
}

/** Carries out the verdict that a promise brings, unless the connection is closed by then. */
async function afterwards<T, R>(
  verdict: Promise<Verdict | undefined>,
  held: T,
  effects: VerdictEffects<T, R>,
): Promise<R> {
  const decided = await verdict;
  return await (effects.signal.aborted ? effects.drop(held) : applyNow(decided, held, effects));
}

function applyNow<T, R>(
  verdict: Verdict | undefined,
  held: T,
  effects: VerdictEffects<T, R>,
): R | Promise<R> {
  switch (verdict?.verdict) {
    case undefined:
    case "pass":
      return effects.pass(held);
    case "replace":
      return effects.replace(held, verdict.message);
    case "reply":
      return effects.reply(held, verdict.message);
    case "drop":
      return effects.drop(held);
    case "delay":
      return afterwards(sleep(verdict, effects.signal), held, effects);
    case "close":
      return effects.close(held, verdict.last);
    default:
      return verdict satisfies never;
  }
}

/** A message on its way from hook to hook. */
export interface HookedMessage {
  message: unknown;
  /** Whether it is another than the one that came. */
  replaced: boolean;
  /** How long it is to wait before it goes on, in milliseconds. */
  delayMs: number;
}

/** Takes in the verdict of one hook. Returns whether the hooks that follow are to run. */
export function goesOn(hooked: HookedMessage, verdict: Verdict | undefined): boolean {
  switch (verdict?.verdict) {
    case undefined:
    case "pass":
      return true;
    case "replace":
      hooked.message = verdict.message;
      hooked.replaced = true;
      return true;
    case "delay":
      hooked.delayMs += verdict.ms;
      return goesOn(hooked, verdict.then);
    case "reply":
    case "drop":
    case "close":
      return false;
    default:
      return verdict satisfies never;
  }
}

/** What all hooks together say of a message, when this verdict of the last one that ran has decided, or none has. */
export function conclude(
  { message, replaced, delayMs }: HookedMessage,
  decided: Verdict | undefined,
): Verdict | undefined {
  const verdict = decided === undefined ? replaced ? replace(message) : undefined : decidingPart(decided);
  return delayMs === 0 ? verdict : delay(delayMs, verdict);
}

/** A verdict without the delays that {@linkcode goesOn} has taken in. */
function decidingPart(verdict: Verdict): Verdict | undefined {
  return verdict.verdict === "delay" ? verdict.then && decidingPart(verdict.then) : verdict;
}

/** Waits, but not beyond the end of the connection. Settles with what holds then. */
function sleep(
  { ms, then }: Extract<Verdict, { verdict: "delay" }>,
  signal: AbortSignal,
): Promise<Verdict | undefined> {
  return pause(ms, signal).then(() => then);
}
