import { assertEquals } from "@std/assert";
import { DrainTally } from "../../lib/supervisor/drain_tally.ts";

Deno.test("a drain's result is the worker's own, or else what was open when it was last known", () => {
  const cases: [string, (tally: DrainTally) => void, { finished: number; cut: number }][] = [
    ["nothing happened", () => {}, { finished: 0, cut: 0 }],
    ["its own result", (tally) => {
      tally.drains(3);
      tally.reported({ finished: 2, cut: 1 });
      tally.stops(0);
      tally.ends(0);
    }, { finished: 2, cut: 1 }],
    ["stopped at once", (tally) => {
      tally.stops(1);
      tally.stops(2);
      tally.ends(0);
    }, { finished: 0, cut: 2 }],
    ["stopped in its drain", (tally) => {
      tally.drains(5);
      tally.stops(2);
      tally.ends(0);
    }, { finished: 3, cut: 2 }],
    ["killed in its drain", (tally) => {
      tally.drains(5);
      tally.ends(4);
    }, { finished: 1, cut: 4 }],
    ["killed before it could drain", (tally) => tally.ends(4), { finished: 0, cut: 4 }],
    ["served again", (tally) => {
      tally.ends(4);
      tally.reset();
    }, { finished: 0, cut: 0 }],
  ];
  for (const [name, act, wanted] of cases) {
    const tally = new DrainTally();
    act(tally);
    assertEquals(tally.result, wanted, name);
  }
});
