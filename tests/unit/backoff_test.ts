import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { Backoff } from "../../lib/supervisor/backoff.ts";
import { DEFAULT_TIMING } from "../../lib/supervisor/timing.ts";

Deno.test("back-off doubles the pause for each crash in a row, up to its maximum", () => {
  const backoff = new Backoff({ ...DEFAULT_TIMING, crashLimit: Infinity }, () => 0);
  const pauses = Array.from({ length: 10 }, () => backoff.crashed(0, 0));
  assertEquals(pauses, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
});

Deno.test("back-off goes by the instance, so that one's crashes do not slow another", () => {
  const backoff = new Backoff(DEFAULT_TIMING, () => 0);
  backoff.crashed(0, 0);
  backoff.crashed(0, 0);
  assertEquals(backoff.crashed(1, 0), 200);
});

Deno.test("back-off begins anew once an instance has become healthy", () => {
  const backoff = new Backoff(DEFAULT_TIMING, () => 0);
  backoff.crashed(0, 0);
  backoff.crashed(0, 0);
  backoff.recovered(0);
  assertEquals(backoff.crashed(0, 0), 200);
});

Deno.test("a service has failed after five crashes within a minute, all instances together", () => {
  const backoff = new Backoff(DEFAULT_TIMING, () => 0);
  for (const instance of [0, 1, 0, 1]) backoff.crashed(instance, 1000);
  assert(!backoff.failed);
  assertEquals(backoff.crashed(2, 60_999), 60_000);
  assert(backoff.failed);
  backoff.recovered(3);
  assert(backoff.failed, "an instance that never crashed says nothing about the others");
  backoff.recovered(0);
  assert(!backoff.failed);
});

Deno.test("crashes that are further apart do not make a service fail", () => {
  const backoff = new Backoff(DEFAULT_TIMING, () => 0);
  for (let i = 0; i < 20; i++) backoff.crashed(0, i * 15_000);
  assert(!backoff.failed);
});

Deno.test("chance lengthens a pause by a fifth at most", () => {
  const pause = new Backoff(DEFAULT_TIMING, () => 0.999).crashed(0, 0);
  assertGreater(pause, 230);
  assertLessOrEqual(pause, 240);
});
