import { assertEquals } from "@std/assert";
import { AutomaticRestart } from "../../lib/supervisor/automatic_restart.ts";

Deno.test("a service that asks for restarts all the time is restarted at intervals, and no signal is lost", async () => {
  const pauseMs = 50;
  let count = 0;
  const again = Promise.withResolvers<void>();
  const begunMs = performance.now();
  const restarts = new AutomaticRestart(() => {
    if (++count === 4) again.resolve();
    return Promise.resolve();
  }, { memory: 60_000, signal: pauseMs });
  const asking = setInterval(() => {
    for (let i = 0; i < 100; i++) restarts.want("a", "signal");
  }, 5);
  await again.promise;
  clearInterval(asking);
  await new Promise((resolve) => setTimeout(resolve, 0));
  // The last one that was asked for comes though nobody asks any more.
  restarts.want("a", "signal");
  await new Promise((resolve) => setTimeout(resolve, 3 * pauseMs));
  restarts.stop();
  const most = (performance.now() - begunMs) / pauseMs + 1;
  assertEquals([count >= 5, count <= most], [true, true], `${count} restarts, of at most ${most}`);
});

Deno.test("memory restarts a service once in its interval, and nothing is made up for", async () => {
  let count = 0;
  const restarts = new AutomaticRestart(() => {
    count++;
    return Promise.resolve();
  }, { memory: 60_000, signal: 0 });
  restarts.want("a", "memory");
  await Promise.resolve();
  restarts.want("a", "memory");
  await new Promise((resolve) => setTimeout(resolve, 0));
  restarts.want("a", "memory");
  restarts.want("b", "memory");
  assertEquals(count, 2);
});
