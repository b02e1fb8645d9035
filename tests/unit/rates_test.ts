import { assertEquals } from "@std/assert";
import { RateWindow } from "../../lib/spec/rate_window.ts";
import { DeliveryWindow } from "../../lib/supervisor/delivery_window.ts";
import { FloodGuard } from "../../lib/supervisor/flood_guard.ts";

Deno.test("a rate window takes what fits, anew each second", () => {
  const cases: [amount: number, nowMs: number, fits: boolean][] = [
    [3, 0, true],
    [2, 500, true],
    [1, 999, false],
    // One that is larger than the bound by itself passes alone.
    [9, 1000, true],
    [1, 1001, false],
    [1, 5000, true],
    // The clock was set back.
    [5, 10, true],
    [1, 20, false],
  ];
  const window = new RateWindow(5);
  for (const [amount, nowMs, fits] of cases) assertEquals(window.take(amount, nowMs), fits, `at ${nowMs}`);
});

Deno.test("a rate window counts the seconds in a row that exceed it", () => {
  const window = new RateWindow(1);
  const exceed = (nowMs: number) => {
    window.take(1, nowMs);
    window.take(1, nowMs);
    return window.exceededInARow;
  };
  assertEquals([0, 1000, 2000].map(exceed), [1, 2, 3]);
  // A second without anything, and one that does not exceed it, end the row.
  assertEquals(exceed(4000), 1);
  window.take(1, 5000);
  assertEquals(window.exceededInARow, 1);
  window.take(1, 6000);
  assertEquals(window.exceededInARow, 0);
});

Deno.test("what a worker publishes or logs beyond the bound is dropped, and one that goes on so is broken", () => {
  const guard = new FloodGuard({ messages: 3, published: 100, seconds: 2 });
  const publish = { type: "publish", topic: "", json: "1" } as const;
  const take = (nowMs: number, message: Parameters<FloodGuard["take"]>[0] = publish) =>
    guard.take(message, nowMs);
  assertEquals([take(0), take(0), take(0), take(0)], ["take", "take", "take", "drop"]);
  // What concerns its life is taken all the same.
  assertEquals([take(0, { type: "closed" }), take(0, { type: "log", records: [] })], ["take", "drop"]);
  assertEquals([take(1000), take(1000, { ...publish, json: "x".repeat(100) })], ["take", "drop"]);
  assertEquals(take(1500), "take");
  assertEquals(take(2000, { ...publish, json: "x".repeat(100) }), "take");
  assertEquals(take(2000), "broken");
  assertEquals(
    guard.fault,
    "sent more than 3 messages or published more than 100 characters a second for 2 s",
  );
});

Deno.test("what waits for a worker is bounded, and is acknowledged by its answers to pings", () => {
  const window = new DeliveryWindow(10);
  assertEquals([window.send(6), window.send(4), window.send(1)], [true, true, false]);
  window.pinged(1);
  window.answered(0);
  assertEquals(window.waiting, 10);
  window.answered(1);
  assertEquals([window.waiting, window.send(7)], [0, true]);
  window.pinged(2);
  window.pinged(3);
  assertEquals(window.send(3), true);
  // An answer to a later ping answers for the earlier ones.
  window.answered(3);
  assertEquals(window.waiting, 3);
  // A claim for pings that were never sent acknowledges nothing.
  window.answered(1e9);
  assertEquals([window.waiting, window.send(8)], [3, false]);
});

Deno.test("a single message that is over the bound is delivered when nothing else waits", () => {
  const window = new DeliveryWindow(10);
  assertEquals([window.send(50), window.send(1)], [true, false]);
});

Deno.test("a worker that never answers pings makes no list of them grow", () => {
  const window = new DeliveryWindow(1e9);
  for (let id = 1; id <= 1000; id++) {
    window.send(1);
    window.pinged(id);
  }
  window.answered(900);
  // The hundred latest are remembered; of the older ones, none.
  assertEquals(window.waiting, 1000);
  window.answered(901);
  assertEquals(window.waiting, 99);
});
