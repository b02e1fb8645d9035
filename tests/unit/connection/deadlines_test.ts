import { assertEquals } from "@std/assert";
import { Deadlines } from "../../../lib/connection/deadlines.ts";
import { resolveLimits } from "../../../lib/contract/limits.ts";

const LIMITS = resolveLimits({
  idleTimeout: 1000,
  frameTimeout: 100,
  firstFrameTimeout: 500,
  handlerTimeout: 300,
  sendTimeout: 200,
});

type State = Partial<
  Pick<Deadlines, "activeAt" | "writeSince" | "busySince" | "partialSince" | "framed" | "endedAt">
>;

/** A connection opened at 1, in this state: what is overdue at a time, while it is open unless it says otherwise. */
const table: [state: State, now: number, code: string | undefined, options?: { open: boolean }][] = [
  // Each timeout alone: the moment before, and when it is over.
  [{ framed: true }, 1000, undefined],
  [{ framed: true }, 1001, "idle_timeout"],
  [{ framed: true, activeAt: 900 }, 1001, undefined],
  [{}, 500, undefined],
  [{}, 501, "first_frame_timeout"],
  [{ framed: true }, 501, undefined],
  [{ framed: true, partialSince: 50 }, 149, undefined],
  [{ framed: true, partialSince: 50 }, 150, "frame_timeout"],
  [{ framed: true, busySince: 50 }, 349, undefined],
  [{ framed: true, busySince: 50 }, 350, "handler_timeout"],
  [{ framed: true, writeSince: 50 }, 249, undefined],
  [{ framed: true, writeSince: 50 }, 250, "send_timeout"],
  // A callback that is pending is waited for, whatever the peer does meanwhile.
  [{ framed: false, busySince: 900, partialSince: 50 }, 1100, undefined],
  // What a peer does not take counts before all else, and in a closing connection too, where nothing else counts.
  [{ framed: false, writeSince: 50, busySince: 50, partialSince: 50 }, 5000, "send_timeout"],
  [{ framed: false, writeSince: 50 }, 250, "send_timeout", { open: false }],
  [{ framed: false, busySince: 50, partialSince: 50 }, 5000, undefined, { open: false }],
  // The narrower of two that are over.
  [{ framed: false, partialSince: 50 }, 5000, "frame_timeout"],
  [{}, 5000, "first_frame_timeout"],
];

Deno.test("a connection is overdue when what it waits for has not come within its timeout, and no sooner", () => {
  for (const [index, [state, now, code, { open } = { open: true }]] of table.entries()) {
    const deadlines = Object.assign(new Deadlines(1), state);
    assertEquals(deadlines.overdue(now, LIMITS, { open, slackMs: 0 }), code, `row ${index}`);
  }
});

Deno.test("a clock that is late by its period makes no timeout early", () => {
  const deadlines = Object.assign(new Deadlines(1), { framed: true });
  assertEquals(deadlines.overdue(1001, LIMITS, { open: true, slackMs: 10 }), undefined);
  assertEquals(deadlines.overdue(1011, LIMITS, { open: true, slackMs: 10 }), "idle_timeout");
});

Deno.test("a timeout of 0 is never over", () => {
  const off = resolveLimits({
    idleTimeout: 0,
    frameTimeout: 0,
    firstFrameTimeout: 0,
    handlerTimeout: 0,
    sendTimeout: 0,
  });
  const waiting = { writeSince: 2, partialSince: 2 };
  for (const state of [{}, waiting, { ...waiting, busySince: 2 }]) {
    const deadlines = Object.assign(new Deadlines(1), state);
    assertEquals(deadlines.overdue(1e9, off, { open: true, slackMs: 0 }), undefined);
  }
});
