import { assertEquals, assertRejects } from "@std/assert";
import { FairQueue } from "../../lib/base/fair_queue.ts";

const OPTIONS = { running: 1, waiting: 4, waitingPerKey: 3, maxWaitMs: 60_000 };

/** Jobs that end when they are told to, and what became of them. */
class Jobs {
  readonly queue: FairQueue;
  readonly begun: string[] = [];
  readonly refused: string[] = [];
  readonly #ends: (() => void)[] = [];
  readonly #all: Promise<void>[] = [];

  constructor(options: Partial<typeof OPTIONS> = {}) {
    this.queue = new FairQueue({ ...OPTIONS, ...options });
  }

  ask(name: string, signal?: AbortSignal): void {
    const job = () => {
      this.begun.push(name);
      return new Promise<void>((resolve) => this.#ends.push(resolve));
    };
    const refuse = (error: Error & { code?: string }) =>
      void this.refused.push(`${name} ${error.code ?? error.message}`);
    this.#all.push(this.queue.run(job, { key: name[0], signal }).catch(refuse));
  }

  /** Ends each job that runs, until all have. */
  async finish(): Promise<void> {
    let isOver = false;
    const all = Promise.all(this.#all).then(() => isOver = true);
    while (!isOver) {
      this.#ends.shift()?.();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await all;
  }
}

Deno.test("jobs of one key run in their order, and keys take turns", async () => {
  const jobs = new Jobs({ waiting: 10 });
  for (const name of ["a1", "a2", "a3", "a4", "b1", "b2", "c1"]) jobs.ask(name);
  await jobs.finish();
  assertEquals(jobs.begun, ["a1", "a2", "b1", "c1", "a3", "b2", "a4"]);
  assertEquals([jobs.refused, jobs.queue.size], [[], 0]);
});

Deno.test("as many jobs run at once as may", async () => {
  const jobs = new Jobs({ running: 2 });
  for (const name of ["a1", "b1", "c1"]) jobs.ask(name);
  assertEquals(jobs.begun, ["a1", "b1"]);
  await jobs.finish();
  assertEquals(jobs.begun, ["a1", "b1", "c1"]);
});

Deno.test("a key has no more jobs waiting than it may", async () => {
  const jobs = new Jobs();
  for (let i = 0; i < 6; i++) jobs.ask(`a${i}`);
  await jobs.finish();
  assertEquals(jobs.begun, ["a0", "a1", "a2", "a3"]);
  assertEquals(jobs.refused, ["a4 queue_full", "a5 queue_full"]);
});

Deno.test("in a full queue the newest job of the key with the most gives way to a key with fewer", async () => {
  const jobs = new Jobs();
  for (const name of ["x1", "a1", "a2", "a3", "b1"]) jobs.ask(name);
  for (const name of ["c1", "b2", "d1", "e1"]) jobs.ask(name);
  await jobs.finish();
  assertEquals(jobs.begun, ["x1", "a1", "b1", "c1", "d1"]);
  assertEquals(jobs.refused.toSorted(), [
    "a2 queue_full",
    "a3 queue_full",
    "b2 queue_full",
    "e1 queue_full",
  ]);
});

Deno.test("a job whose signal aborts while it waits never runs, and leaves its place", async () => {
  const jobs = new Jobs();
  const gone = new AbortController();
  jobs.ask("a1");
  jobs.ask("a2", gone.signal);
  jobs.ask("b1");
  assertEquals(jobs.queue.size, 2);
  gone.abort(new Error("gone"));
  assertEquals(jobs.queue.size, 1);
  jobs.ask("a3", gone.signal);
  await jobs.finish();
  assertEquals(jobs.begun, ["a1", "b1"]);
  assertEquals(jobs.refused.toSorted(), ["a2 gone", "a3 gone"]);
});

Deno.test("a job that has waited too long is refused when its turn comes", async () => {
  const jobs = new Jobs({ maxWaitMs: -1 });
  for (const name of ["a1", "a2", "b1"]) jobs.ask(name);
  await jobs.finish();
  assertEquals(jobs.begun, ["a1"]);
  assertEquals(jobs.refused.toSorted(), ["a2 queue_full", "b1 queue_full"]);
  assertEquals(await jobs.queue.run(() => Promise.resolve(1), { key: "a" }), 1);
});

Deno.test("a job that fails makes room for the next", async () => {
  const queue = new FairQueue(OPTIONS);
  const fail = () => queue.run(() => Promise.reject(new Error("x")), { key: "a" });
  const failed = assertRejects(fail, Error, "x");
  assertEquals(await queue.run(() => Promise.resolve(1), { key: "b" }), 1);
  await failed;
});
