import { assertEquals, assertRejects } from "@std/assert";
import { Limiter } from "../../lib/supervisor/limiter.ts";

Deno.test("so many act at a time, the others in the order in which they came, whatever fails", async () => {
  const limiter = new Limiter(2);
  const events: string[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const all = [0, 1, 2, 3].map((index) =>
    limiter.run(async () => {
      events.push(`+${index}`);
      ends[index] = Promise.withResolvers();
      await ends[index].promise;
      events.push(`-${index}`);
      return index;
    })
  );
  await settled();
  assertEquals(events, ["+0", "+1"]);
  ends[1].reject(new RangeError("no"));
  await assertRejects(() => all[1], RangeError);
  await settled();
  assertEquals(events.slice(2), ["+2"]);
  ends[0].resolve();
  await settled();
  assertEquals(events.slice(3), ["-0", "+3"]);
  ends[2].resolve();
  ends[3].resolve();
  assertEquals([await all[0], await all[2], await all[3]], [0, 2, 3]);
  // All places are free again.
  assertEquals(
    await Promise.all([limiter.run(() => Promise.resolve(4)), limiter.run(() => Promise.resolve(5))]),
    [4, 5],
  );
});

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
