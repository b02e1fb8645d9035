import { assertEquals, assertThrows } from "@std/assert";
import { Bus, type BusMessage, LocalBus, TopicError } from "../../lib/service/service_bus.ts";
import { MAX_TOPIC_LENGTH } from "../../lib/spec/message_limits.ts";

/** Workers on one bus, joined as the supervisor joins them. */
function workers(count: number): { bus: Bus; locals: LocalBus[] } {
  const bus = new Bus();
  const locals = Array.from({ length: count }, () => {
    const subscriber = { deliver: (topic: string, json: string) => local.deliver(topic, json) };
    const local: LocalBus = new LocalBus((message: BusMessage) => {
      if (message.type === "publish") bus.publish(subscriber, message.topic, message.json);
      else if (message.type === "subscribe") bus.subscribe(subscriber, message.topic);
      else bus.unsubscribe(subscriber, message.topic);
    });
    return local;
  });
  return { bus, locals };
}

Deno.test("every subscriber hears a message once, the publisher's own included", () => {
  const { locals } = workers(3);
  const heard: string[] = [];
  for (const [index, local] of locals.entries()) {
    local.subscribe("t", (message) => heard.push(`${index} ${message}`));
  }
  locals[0].subscribe("t", (message) => heard.push(`again ${message}`));
  locals[1].subscribe("other", (message) => heard.push(`other ${message}`));
  locals[0].publish("t", "x");
  assertEquals(heard, ["1 x", "2 x", "0 x", "again x"]);
});

Deno.test("a service publishes and subscribes what its permissions name, and is told of anything else", () => {
  const said: string[] = [];
  const local = new LocalBus(({ type, topic }) => said.push(`${type} ${topic}`));
  local.access = { publish: ["news.*", "one"], subscribe: [] };
  for (const topic of ["news.", "news.today", "one"]) local.publish(topic, 1);
  for (const topic of ["news", "ones", "other"]) {
    const error = assertThrows(() => local.publish(topic, 1), TopicError);
    assertEquals(error.code, "topic_denied");
    assertEquals(
      error.message,
      `Cannot publish "${topic}": the service's permissions name ["news.*","one"] for publish`,
    );
  }
  assertThrows(() => local.subscribe("one", () => {}), TopicError, 'Cannot subscribe "one"');
  assertEquals(said, ["publish news.", "publish news.today", "publish one"]);
});

Deno.test("nobody hears a topic after unsubscribing, and nothing is kept of it", () => {
  const { bus, locals: [one, two] } = workers(2);
  const heard: unknown[] = [];
  const listener = (message: unknown) => heard.push(message);
  const ends = [one.subscribe("t", listener), one.subscribe("t", listener), two.subscribe("t", listener)];
  ends[0]();
  ends[0]();
  two.publish("t", 1);
  assertEquals(heard, [1, 1]);
  ends[1]();
  ends[2]();
  two.publish("t", 2);
  assertEquals(heard, [1, 1]);
  assertEquals([one.topics, two.topics, bus.topics], [0, 0, 0]);
});

Deno.test("a subscription ended late does not end a later one to the same topic", () => {
  const local = new LocalBus();
  const end = local.subscribe("t", () => {});
  end();
  const heard: unknown[] = [];
  local.subscribe("t", (message) => heard.push(message));
  end();
  local.publish("t", 1);
  assertEquals(heard, [1]);
});

Deno.test("the supervisor is told of a topic's first subscriber and of the last one's end only", () => {
  const said: string[] = [];
  const local = new LocalBus((message) => said.push(message.type));
  const one = local.subscribe("t", () => {});
  const two = local.subscribe("t", () => {});
  one();
  two();
  assertEquals(said, ["subscribe", "unsubscribe"]);
});

Deno.test("a listener that throws keeps no other from hearing", () => {
  const failures: unknown[] = [];
  const local = new LocalBus(
    () => {},
    (error, topic) => failures.push(`${topic}: ${(error as Error).message}`),
  );
  const heard: unknown[] = [];
  local.subscribe("t", () => {
    throw new Error("boom");
  });
  local.subscribe("t", (message) => heard.push(message));
  local.publish("t", 1);
  assertEquals([heard, failures], [[1], ["t: boom"]]);
});

Deno.test("a worker that has gone is forgotten with all its topics", () => {
  const bus = new Bus();
  const heard: unknown[] = [];
  const gone = { deliver: (_: string, message: unknown) => heard.push(message) };
  for (const topic of ["a", "b"]) bus.subscribe(gone, topic);
  bus.forget(gone);
  bus.publish(null, "a", "1");
  assertEquals([heard, bus.topics], [[], 0]);
});

Deno.test("every subscriber hears what JSON makes of a message, wherever it is", () => {
  const { locals } = workers(2);
  const heard: unknown[] = [];
  for (const local of locals) local.subscribe("t", (message) => heard.push(message));
  locals[0].publish("t", { at: new Date(0), none: NaN, more: [1n].length });
  assertEquals(heard, Array(2).fill({ at: "1970-01-01T00:00:00.000Z", none: null, more: 1 }));
});

Deno.test("a message that JSON has no words for is refused where it is published", () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  let posted = 0;
  const local = new LocalBus(() => posted++);
  for (const message of [cyclic, { n: 1n }, undefined, () => {}]) {
    assertThrows(() => local.publish("t", message), TypeError);
  }
  assertEquals(posted, 0);
});

Deno.test("a topic must be a string that is not too long", () => {
  const local = new LocalBus();
  assertThrows(() => local.publish(1 as unknown as string, 1), TopicError, "wanted a string");
  assertThrows(() => local.subscribe("x".repeat(MAX_TOPIC_LENGTH + 1), () => {}), TopicError, "at most 1024");
});
