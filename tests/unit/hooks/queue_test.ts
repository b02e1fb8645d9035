import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Job, JobQueue, PermanentError, type QueueOptions } from "../../../lib/hooks/action_queue.ts";

/** A queue whose jobs end when a test says so. */
class Bench {
  readonly queue: JobQueue;
  readonly log: string[] = [];
  readonly open: Map<string, PromiseWithResolvers<void>> = new Map();
  #waiters: (() => void)[] = [];

  constructor(options: QueueOptions = {}) {
    this.queue = new JobQueue({ backoffMs: 1, graceMs: 20, ...options });
  }

  add(name: string, job: Partial<Job> = {}): boolean {
    return this.queue.add({
      bytes: 1,
      timeoutMs: 60_000,
      retries: 0,
      run: (signal) => {
        const open = Promise.withResolvers<void>();
        this.open.set(name, open);
        signal.addEventListener("abort", () => open.reject(signal.reason));
        this.#note(`begins ${name}`);
        return open.promise;
      },
      failed: (error) => this.#note(`failed ${name}: ${(error as Error).message}`),
      ...job,
    });
  }

  /** Waits until so many lines are in the log. */
  async until(lines: number): Promise<string[]> {
    while (this.log.length < lines) await new Promise<void>((resolve) => this.#waiters.push(resolve));
    return this.log;
  }

  #note(line: string): void {
    this.log.push(line);
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

Deno.test("a queue does so many jobs at once, in their order", async () => {
  const bench = new Bench({ concurrency: 2 });
  for (const name of ["a", "b", "c"]) assert(bench.add(name));
  assertEquals(bench.log, ["begins a", "begins b"]);
  bench.open.get("b")!.resolve();
  assertEquals(await bench.until(3), ["begins a", "begins b", "begins c"]);
  for (const open of bench.open.values()) open.resolve();
  await bench.queue.stop();
  assertEquals([bench.queue.size, bench.log.length], [0, 3]);
});

Deno.test("a full queue refuses, by number and by memory, and takes in again once there is room", async () => {
  for (const options of [{ maxJobs: 3 }, { maxBytes: 3 }]) {
    const bench = new Bench({ ...options, concurrency: 1 });
    assertEquals(["a", "b", "c", "d"].map((name) => bench.add(name)), [true, true, true, false]);
    assert(bench.queue.full);
    bench.open.get("a")!.resolve();
    await bench.until(2);
    assert(bench.add("e"));
    await bench.queue.stop();
  }
});

Deno.test("a job that fails is tried again as often as it says, and its place is another one's meanwhile", async () => {
  const bench = new Bench({ concurrency: 1 });
  let attempts = 0;
  bench.add("a", {
    retries: 2,
    run: () => {
      attempts++;
      return Promise.reject(new Error(`attempt ${attempts}`));
    },
  });
  bench.add("b");
  await bench.until(1);
  assertEquals(bench.log, ["begins b"]);
  bench.open.get("b")!.resolve();
  assertEquals((await bench.until(2))[1], "failed a: attempt 3");
  await bench.queue.stop();
});

Deno.test("a job that cannot be mended is tried once", async () => {
  const bench = new Bench();
  let attempts = 0;
  bench.add("a", {
    retries: 5,
    run: () => {
      attempts++;
      return Promise.reject(new PermanentError("never"));
    },
  });
  assertEquals(await bench.until(1), ["failed a: never"]);
  assertEquals(attempts, 1);
  await bench.queue.stop();
});

Deno.test("a job that takes too long is ended", async () => {
  const bench = new Bench();
  bench.add("a", { timeoutMs: 5 });
  assertStringIncludes((await bench.until(2))[1], "failed a: it took longer than 5 ms");
  await bench.queue.stop();
});

Deno.test("a queue that stops gives jobs a moment, then gives them up, and takes none in", async () => {
  const bench = new Bench({ concurrency: 1, graceMs: 10, backoffMs: 60_000 });
  bench.add("pauses", { retries: 9, run: () => Promise.reject(new Error("not yet")) });
  bench.add("hangs");
  bench.add("waits");
  await bench.until(1);
  const stopped = bench.queue.stop();
  assertEquals(bench.add("late"), false);
  await stopped;
  assertEquals(bench.log.toSorted(), [
    "begins hangs",
    "failed hangs: The service stops",
    "failed pauses: The service stops",
    "failed waits: The service stops",
  ]);
  assertEquals(bench.queue.size, 0);
});
