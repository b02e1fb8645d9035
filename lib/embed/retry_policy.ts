/**
 * Whether and when a connection is tried again. Pure: chance comes in as a value.
 *
 * @module
 */

import { parseDuration } from "../base/units.ts";

/** How a connection that is lost, or cannot be made, is tried again. */
export interface ReconnectOptions {
  /**
   * How many times in a row to try before giving up.
   *
   * @default {Infinity}
   */
  attempts?: number;
  /**
   * The pause before the first attempt. It doubles with each one that fails, and is lengthened by up to a fifth.
   *
   * @default {"200ms"}
   */
  delay?: number | string;
  /**
   * The longest pause.
   *
   * @default {"30s"}
   */
  maxDelay?: number | string;
  /**
   * Hears of each connection that is lost or cannot be made. `delayMs` is the pause before the next attempt; undefined if
   * there is none, because all are used up or because another would fail in the same way: a permission is denied, a
   * certificate does not verify, the address is wrong.
   */
  onFailure?(error: Error, next: { attempt: number; delayMs: number | undefined }): void;
}

const DEFAULT_DELAY = "200ms";
const DEFAULT_MAX_DELAY = "30s";
/** The part of a pause that chance adds at most. */
const JITTER = 1 / 5;

/** The attempts of one client. */
export class RetryPolicy {
  readonly #attempts: number;
  readonly #delayMs: number;
  readonly #maxDelayMs: number;

  /** @throws {RangeError} If an option is out of its range. */
  constructor(options: boolean | ReconnectOptions | undefined) {
    const { attempts = Infinity, delay = DEFAULT_DELAY, maxDelay = DEFAULT_MAX_DELAY } =
      typeof options === "object" ? options : {};
    if (!(attempts >= 0)) {
      throw new RangeError(`Cannot reconnect with attempts ${attempts}: wanted a number from 0`);
    }
    this.#attempts = options ? attempts : 0;
    this.#delayMs = durationOf("delay", delay);
    this.#maxDelayMs = durationOf("maxDelay", maxDelay);
  }

  /**
   * The pause before the next attempt, in milliseconds; undefined if there is to be none.
   *
   * @param failed How many attempts in a row have failed before.
   * @param error What the last one has failed with.
   */
  delayMs(failed: number, error: unknown, random: number = Math.random()): number | undefined {
    if (failed >= this.#attempts || isPermanent(error)) return undefined;
    return Math.round(Math.min(this.#maxDelayMs, this.#delayMs * 2 ** failed) * (1 + JITTER * random));
  }
}

/** Whether another attempt would fail in the same way. What is not known for that is worth another. */
export function isPermanent(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof Deno.errors.NotCapable || one instanceof Deno.errors.PermissionDenied) return true;
    const { code } = one as { code?: unknown };
    if (typeof code === "string" && PERMANENT_CODES.test(code)) return true;
    if (UNKNOWN_HOST.test(one.message)) return true;
  }
  return false;
}

/** A permission, an address that is none, a name that nobody has, and all that Node calls a certificate that is not trusted. */
const PERMANENT_CODES =
  /^(EPERM|EACCES|EINVAL|ENOTFOUND|HOSTNAME_MISMATCH|INVALID_CA|UNABLE_TO_VERIFY.*|.*CERT.*)$/;
/** The same name in the words of the resolvers of Linux, macOS and Windows; a resolver that does not answer has others. */
const UNKNOWN_HOST = /Name or service not known|nodename nor servname provided|No such host is known/;

function durationOf(name: string, value: number | string): number {
  const durationMs = parseDuration(value);
  if (durationMs === undefined) {
    throw new RangeError(`Cannot reconnect with ${name} "${value}": wanted a duration such as 500ms or 30s`);
  }
  return durationMs;
}
