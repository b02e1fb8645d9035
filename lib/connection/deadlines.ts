/**
 * What a connection waits for, since when, and whether that is too long. Pure: the time comes in.
 *
 * @module
 */

import { formatDuration } from "../base/units.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { Limits } from "../contract/limits.ts";

/** The timeouts of a connection, by the codes of their errors. */
export type TimeoutCode =
  | "send_timeout"
  | "handler_timeout"
  | "frame_timeout"
  | "first_frame_timeout"
  | "idle_timeout";

/** Moments on the clock's scale in milliseconds; 0 for what is not awaited. */
export class Deadlines {
  readonly openedAt: number;
  /** When bytes last moved, either way. */
  activeAt: number;
  /** Since when the peer has been given bytes that it does not take. */
  writeSince = 0;
  /** Since when a callback's promise is pending. */
  busySince = 0;
  /** Since when a frame is begun and not completed. */
  partialSince = 0;
  /** Whether there has been a complete frame. */
  framed = false;
  /** When this side ended its half. */
  endedAt = 0;

  constructor(now: number) {
    this.openedAt = this.activeAt = now;
  }

  /** No frame is awaited any more, nor what a callback makes of one. */
  forgetFrames(): void {
    this.busySince = this.partialSince = 0;
    this.framed = true;
  }

  /** Which timeout of an open or closing connection is over, if one is; never early, late by up to `slackMs` twice. */
  overdue(
    now: number,
    limits: Limits,
    options: { open: boolean; slackMs: number },
  ): TimeoutCode | undefined {
    const before = now - options.slackMs;
    if (isOver(this.writeSince, limits.sendTimeoutMs, before)) return "send_timeout";
    if (!options.open) return undefined;
    if (this.busySince > 0) {
      return isOver(this.busySince, limits.handlerTimeoutMs, before) ? "handler_timeout" : undefined;
    }
    if (isOver(this.partialSince, limits.frameTimeoutMs, before)) return "frame_timeout";
    if (!this.framed && isOver(this.openedAt, limits.firstFrameTimeoutMs, before)) {
      return "first_frame_timeout";
    }
    if (isOver(this.activeAt, limits.idleTimeoutMs, before)) return "idle_timeout";
    return undefined;
  }
}

/** The error of a timeout, with the time that is over. */
export function timeoutError(code: TimeoutCode, limits: Limits): ConnectionError {
  return new ConnectionError(code, describeTimeout(code, limits));
}

function describeTimeout(code: TimeoutCode, limits: Limits): string {
  switch (code) {
    case "send_timeout":
      return `Send timeout: the peer accepted no bytes for ${formatDuration(limits.sendTimeoutMs)}`;
    case "handler_timeout":
      return `Handler timeout: a callback's promise is pending for ${
        formatDuration(limits.handlerTimeoutMs)
      }`;
    case "frame_timeout":
      return `Frame timeout: a frame was not complete after ${formatDuration(limits.frameTimeoutMs)}`;
    case "first_frame_timeout":
      return `First frame timeout: no complete frame after ${formatDuration(limits.firstFrameTimeoutMs)}`;
    case "idle_timeout":
      return `Idle timeout: no bytes for ${formatDuration(limits.idleTimeoutMs)}`;
    default:
      return code satisfies never;
  }
}

function isOver(since: number, limitMs: number, now: number): boolean {
  return since > 0 && limitMs > 0 && now - since >= limitMs;
}
