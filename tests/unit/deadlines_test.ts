import { assertEquals } from "@std/assert";
import { Deadlines, type TimeoutCode, timeoutError } from "../../lib/connection/deadlines.ts";
import { resolveLimits } from "../../lib/contract/limits.ts";

const limits = resolveLimits({
  idleTimeout: 1000,
  frameTimeout: 400,
  firstFrameTimeout: 600,
  handlerTimeout: 500,
  sendTimeout: 300,
});

type Moments = Partial<Omit<Deadlines, "overdue">>;

for (
  const [what, moments, wanted] of [
    ["nothing is waited for", { activeAt: 5000 }, undefined],
    ["no byte has moved for long", { activeAt: 4000, framed: true }, "idle_timeout"],
    ["no byte has moved for a little less", { activeAt: 4001, framed: true }, undefined],
    ["a frame is not complete", { activeAt: 5000, partialSince: 4600, framed: true }, "frame_timeout"],
    ["there was no frame yet", { activeAt: 5000, openedAt: 4400 }, "first_frame_timeout"],
    ["there was a frame", { activeAt: 5000, openedAt: 4400, framed: true }, undefined],
    ["a callback is pending for long", { activeAt: 5000, busySince: 4500, framed: true }, "handler_timeout"],
    [
      "a callback is pending, and all else waits",
      { activeAt: 1, busySince: 4900, partialSince: 1 },
      undefined,
    ],
    ["the peer takes no bytes", { activeAt: 5000, writeSince: 4700, framed: true }, "send_timeout"],
    ["the peer takes no bytes, a callback is pending", { writeSince: 4700, busySince: 1 }, "send_timeout"],
  ] as [string, Moments, TimeoutCode | undefined][]
) {
  Deno.test(`deadlines answer ${wanted ?? "nothing"} when ${what}`, () => {
    const deadlines = Object.assign(new Deadlines(5000), moments);
    assertEquals(deadlines.overdue(5000, limits, { open: true, slackMs: 0 }), wanted);
  });
}

Deno.test("deadlines are late by the slack and never early, and a closing connection has the one of its writes", () => {
  const deadlines = Object.assign(new Deadlines(1), { writeSince: 4700, activeAt: 1 });
  assertEquals(deadlines.overdue(5000, limits, { open: true, slackMs: 1 }), "first_frame_timeout");
  assertEquals(deadlines.overdue(5001, limits, { open: true, slackMs: 1 }), "send_timeout");
  assertEquals(deadlines.overdue(4999, limits, { open: false, slackMs: 0 }), undefined);
});

Deno.test("the error of a timeout says what did not happen, and for how long", () => {
  assertEquals(
    (["send_timeout", "handler_timeout", "frame_timeout", "first_frame_timeout", "idle_timeout"] as const)
      .map((code) => timeoutError(code, { ...limits, idleTimeoutMs: 600_000 }).message),
    [
      "Send timeout: the peer accepted no bytes for 300 ms",
      "Handler timeout: a callback's promise is pending for 500 ms",
      "Frame timeout: a frame was not complete after 400 ms",
      "First frame timeout: no complete frame after 600 ms",
      "Idle timeout: no bytes for 10 min",
    ],
  );
});
