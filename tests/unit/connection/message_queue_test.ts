import { assertEquals, assertRejects } from "@std/assert";
import { END, MessageQueue } from "../../../lib/connection/message_queue.ts";

Deno.test("messages go to those who ask in the order in which they ask, whichever was there first", async () => {
  const queue = new MessageQueue();
  queue.push("a");
  queue.push("b");
  const asked = [queue.next(), queue.next(), queue.next(), queue.next()];
  queue.push("c");
  queue.push("d");
  queue.push("e");
  assertEquals(await Promise.all(asked), ["a", "b", "c", "d"]);
  assertEquals([queue.size, await queue.next(), queue.size], [1, "e", 0]);
});

Deno.test("an undefined message and a null are messages", async () => {
  const queue = new MessageQueue();
  const first = queue.next();
  queue.push(undefined);
  queue.push(null);
  assertEquals([await first, await queue.next()], [undefined, null]);
});

Deno.test("the end comes behind the messages, to all who wait and to all who ask later", async () => {
  const queue = new MessageQueue();
  const waiting = [queue.next(), queue.next()];
  queue.push("a");
  queue.end();
  assertEquals(await Promise.all(waiting), ["a", END]);
  assertEquals([await queue.next(), await queue.next(), queue.isEnded], [END, END, true]);
  const full = new MessageQueue();
  full.push("left");
  full.end();
  assertEquals([await full.next(), await full.next()], ["left", END]);
});

Deno.test("an error that ends the stream goes to all who wait or ask later, and only the first end counts", async () => {
  const error = new Error("idle");
  const failed = new MessageQueue();
  const waiting = failed.next();
  failed.end(error);
  failed.end();
  for (const promise of [waiting, failed.next()]) {
    assertEquals(await assertRejects(() => promise), error);
  }
  const ended = new MessageQueue();
  ended.end();
  ended.end(error);
  assertEquals(await ended.next(), END);
});

Deno.test("clear drops what nobody has asked for", async () => {
  const queue = new MessageQueue();
  queue.push("a");
  queue.clear();
  queue.push("b");
  assertEquals(await queue.next(), "b");
});
