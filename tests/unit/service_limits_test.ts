import { assert, assertEquals } from "@std/assert";
import { DEFAULT_LIMITS, type Limits } from "../../lib/contract/limits.ts";
import { SharedLimits } from "../../lib/service/shared_limits.ts";
import type { FromWorker } from "../../lib/spec/worker_messages.ts";
import { type RoomHolder, ServiceLimits } from "../../lib/supervisor/service_limits.ts";

/** Instances of one service and what counts for them. Messages arrive when they are let through. */
class Instances {
  readonly service: ServiceLimits = new ServiceLimits();
  readonly limits: Limits;
  #mail: (() => void)[] = [];
  sent = 0;

  constructor(limits: Partial<Limits>) {
    this.limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** Another instance that accepts. */
  add(): Instance {
    return new Instance(this);
  }

  post(deliver: () => void): void {
    this.sent++;
    this.#mail.push(deliver);
  }

  async settle(): Promise<void> {
    for (let deliver = this.#mail.shift(); deliver !== undefined; deliver = this.#mail.shift()) {
      deliver();
      await Promise.resolve();
    }
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    if (this.#mail.length > 0) await this.settle();
  }
}

class Instance {
  readonly shared: SharedLimits;
  readonly holder: RoomHolder;
  /** Whether messages to it wait, as its event loop is blocked. */
  isBusy = false;
  #waiting: (() => void)[] = [];

  constructor(all: Instances) {
    const { service } = all;
    this.holder = {
      post: (message) =>
        all.post(() => {
          const take = () => this.shared.answer(message);
          if (this.isBusy) this.#waiting.push(take);
          else take();
        }),
    };
    this.shared = new SharedLimits(
      all.limits,
      (message: FromWorker) =>
        all.post(() => {
          if (message.type === "want") service.want(this.holder, message.waiting, message);
          else if (message.type === "returned") service.returned(this.holder, message.connections);
          else if (message.type === "claim") service.claim(this.holder, message.peers, message.gone);
        }),
    );
    service.open(this.holder, all.limits);
    this.shared.open();
  }

  async wait(): Promise<boolean> {
    return this.shared.take() || await this.shared.wait();
  }

  resume(): void {
    this.isBusy = false;
    for (const take of this.#waiting.splice(0)) take();
  }
}

const tcp = (hostname: string): Deno.NetAddr => ({ transport: "tcp", hostname, port: 1 });

Deno.test("instances have as many connections as their service may have, whichever of them gets them", async () => {
  for (const [most, count] of [[1, 3], [2, 2], [7, 3], [100, 4]]) {
    const all = new Instances({ maxConnections: most });
    const instances = Array.from({ length: count }, () => all.add());
    for (const one of instances) {
      await all.settle();
      // All that there is room for comes to one instance, then to the next.
      const served = Array.from({ length: most }, () => one.wait());
      await all.settle();
      assertEquals(await Promise.all(served), Array(most).fill(true));
      let isServed = false;
      const other = instances[(instances.indexOf(one) + 1) % count];
      const late = other.wait().then((isRoom) => isServed = isRoom);
      await all.settle();
      assertEquals(isServed, false, `one more than ${most}`);
      one.shared.give();
      await all.settle();
      await late;
      assertEquals(isServed, true);
      for (let left = 1; left < most; left++) one.shared.give();
      other.shared.give();
    }
  }
});

Deno.test("room goes to those who wait in the order in which they asked", async () => {
  const all = new Instances({ maxConnections: 1 });
  const [first, second, third] = [all.add(), all.add(), all.add()];
  await all.settle();
  const served: string[] = [];
  assert(await Promise.all([first.wait(), all.settle()]));
  const waiting = [["third", third], ["second", second], ["first", first]] as const;
  for (const [name, one] of waiting) {
    one.wait().then(() => served.push(name));
    await all.settle();
  }
  for (const one of [first, third, second]) {
    one.shared.give();
    await all.settle();
  }
  assertEquals(served, ["third", "second", "first"]);
});

Deno.test("connections are accepted without a message as long as there is plenty of room", async () => {
  const all = new Instances({ maxConnections: 16_384 });
  const one = all.add();
  all.add();
  await all.settle();
  const before = all.sent;
  for (let index = 0; index < 2000; index++) assert(one.shared.take());
  assertEquals(all.sent - before, 0);
  for (let index = 2000; index < 16_384; index++) {
    await all.settle();
    assert(one.shared.take() || await Promise.all([one.shared.wait(), all.settle()]));
  }
  assert(all.sent - before < 200, `${all.sent - before} messages`);
});

Deno.test("a peer that was accepted as accepting ended is served while there is room, and does not wait for others to end", async () => {
  const all = new Instances({ maxConnections: 3 });
  const old = all.add();
  await all.settle();
  assert(await Promise.all([old.wait(), all.settle()]));
  old.shared.dismiss();
  await all.settle();
  for (const isServed of [true, true, false]) {
    const [served] = await Promise.all([old.wait(), all.settle()]);
    assertEquals(served, isServed);
  }
  const next = all.add();
  const waits = next.wait();
  await all.settle();
  // It begins to accept while there is no room, and ends before there is.
  const last = all.add();
  const turnedAway = last.wait();
  last.shared.dismiss();
  await all.settle();
  assertEquals(await turnedAway, false);
  old.shared.give();
  await all.settle();
  assertEquals(await waits, true);
});

Deno.test("an instance that is gone leaves its room and its addresses to the others", async () => {
  const all = new Instances({ maxConnections: 2, maxConnectionsPerAddress: 2 });
  const [first, second] = [all.add(), all.add()];
  await all.settle();
  for (let index = 0; index < 2; index++) {
    const taken = [first.wait(), first.shared.claim(tcp("192.0.2.1"))];
    await all.settle();
    assertEquals(await Promise.all(taken), [true, undefined]);
  }
  const full = second.shared.claim(tcp("192.0.2.1"));
  const room = second.wait();
  await all.settle();
  assertEquals(await full, { limit: "maxConnectionsPerAddress", address: "192.0.2.1", most: 2 });
  all.service.forget(first.holder);
  await all.settle();
  assertEquals(await room, true);
  const claim = second.shared.claim(tcp("192.0.2.1"));
  await all.settle();
  assertEquals(await claim, undefined);
});

Deno.test("an instance that is busy keeps no more than its share from the others", async () => {
  const all = new Instances({ maxConnections: 40 });
  const [busy, free] = [all.add(), all.add()];
  await all.settle();
  busy.isBusy = true;
  let served = 0;
  for (let index = 0; index < 40; index++) free.wait().then(() => served++);
  await all.settle();
  assertEquals(served, 30);
  busy.resume();
  await all.settle();
  assertEquals(served, 40);
});

Deno.test("an instance that stops accepting returns its room, and dismisses who waits", async () => {
  const all = new Instances({ maxConnections: 3 });
  const [old, next] = [all.add(), all.add()];
  await all.settle();
  const served = [old.wait(), old.wait(), old.wait()];
  await all.settle();
  await Promise.all(served);
  const waits = old.wait();
  await all.settle();
  old.shared.dismiss();
  assertEquals(await waits, false);
  const room = next.wait();
  await all.settle();
  old.shared.give();
  await all.settle();
  assertEquals(await room, true);
});

Deno.test("addresses are counted over all instances, and released only by those that claimed them", async () => {
  const all = new Instances({ maxConnectionsPerAddress: 0, maxConnectionsPerNetwork: 2 });
  const [first, second] = [all.add(), all.add()];
  const claims = [first, second, first].map((one, index) => one.shared.claim(tcp(`192.0.2.${index}`)));
  await all.settle();
  const full = { limit: "maxConnectionsPerNetwork", address: "192.0.2.0/24", most: 2 } as const;
  assertEquals(await Promise.all(claims), [undefined, undefined, full]);
  second.shared.release(tcp("192.0.2.9"));
  second.shared.release(tcp("192.0.2.9"));
  await all.settle();
  const again = [first, second].map((one) => one.shared.claim(tcp("192.0.2.7")));
  await all.settle();
  assertEquals(await Promise.all(again), [undefined, full]);
});

Deno.test("over UDP more room is asked for, and its absence is told at once", async () => {
  const all = new Instances({ maxConnections: 2 });
  const [one, other] = [all.add(), all.add()];
  await all.settle();
  assert(one.shared.take());
  assert(other.shared.take());
  const more = one.shared.takeMore();
  await all.settle();
  assertEquals(await more, false);
});
