import { assertEquals, assertRejects } from "@std/assert";
import { Turns } from "../../lib/supervisor/turns.ts";

/** Actions that are over when they are told to be, and what has begun and ended so far. */
class Actions {
  readonly events: string[] = [];
  readonly #ends: Map<string, () => void> = new Map();

  readonly act = (name: string) => async (): Promise<string> => {
    this.events.push(`+${name}`);
    await new Promise<void>((resolve) => this.#ends.set(name, resolve));
    this.events.push(`-${name}`);
    return name;
  };

  async end(name: string): Promise<void> {
    this.#ends.get(name)!();
    await settled();
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

Deno.test("actions of different keys run side by side, those of one key one after the other", async () => {
  const turns = new Turns();
  const { act, events, end } = bound(new Actions());
  turns.forKey("a", act("a1"));
  turns.forKey("a", act("a2"));
  turns.forKey("b", act("b1"));
  await settled();
  assertEquals(events, ["+a1", "+b1"]);
  await end("a1");
  assertEquals(events.slice(2), ["-a1", "+a2"]);
});

Deno.test("what is done alone waits for all before it, and all after it wait for that", async () => {
  const turns = new Turns();
  const { act, events, end } = bound(new Actions());
  turns.forKey("a", act("a1"));
  turns.forKey("b", act("b1"));
  turns.alone(act("all"));
  turns.forKey("a", act("a2"));
  turns.forKey("c", act("c1"));
  await settled();
  await end("a1");
  assertEquals(events, ["+a1", "+b1", "-a1"]);
  await end("b1");
  assertEquals(events.slice(3), ["-b1", "+all"]);
  await end("all");
  assertEquals(events.slice(5), ["-all", "+a2", "+c1"]);
});

Deno.test("an action that fails holds up nobody", async () => {
  const turns = new Turns();
  const fails = () => Promise.reject(new RangeError("no"));
  const works = () => Promise.resolve("yes");
  const failed = [turns.forKey("a", fails), turns.alone(fails)];
  const worked = [turns.forKey("a", works), turns.alone(works)];
  for (const promise of failed) await assertRejects(() => promise, RangeError, "no");
  assertEquals(await Promise.all(worked), ["yes", "yes"]);
  await turns.idle;
});

function bound(actions: Actions) {
  return { act: actions.act, events: actions.events, end: (name: string) => actions.end(name) };
}
