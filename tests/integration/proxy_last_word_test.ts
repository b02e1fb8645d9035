/**
 * How a proxy ends a client's connection: what the server behind answers to what it has got is heard, then the last word.
 *
 * @module
 */

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import {
  close,
  type Connection,
  defineHooks,
  drop,
  line,
  listen,
  type ListenOptions,
  on,
  type Protocol,
  reply,
  type Server,
  text,
} from "@protohost/protohost";
import { Wire } from "../support/wire.ts";
import { soon, until } from "../support/wire.ts";

const lines = line();

/** A line a request, a line an answer but those with `*`. What begins with `!` makes no message, a long line no frame. */
const counted: Protocol<string> = {
  name: "counted",
  input: lines,
  decode(frame) {
    if (frame[0] === 33) throw new RangeError("no message");
    return text(lines.unwrap(frame));
  },
  encode: (message) => lines.wrap(message),
  command: (message) => message.split(" ")[0],
  parse: (notation) => notation,
  answers: (message) => !message.startsWith("*"),
  refusal: (error) => `refused: ${(error as { code?: string }).code}`,
};
/** The same without a way to count answers. */
const uncounted: Protocol<string> = { ...counted, answers: undefined };

const watching = defineHooks([on(() => true, () => {}, { direction: "both" })]);

interface Pair extends AsyncDisposable {
  proxy: Server;
  wire: Wire;
  upstream: Deno.Listener;
  accept(): Promise<Wire>;
}

/** A client, a proxy, and a listener for what stands behind. */
async function pair(protocol: Protocol<string>, options: Partial<ListenOptions> = {}): Promise<Pair> {
  const stack = new AsyncDisposableStack();
  const upstream = stack.adopt(Deno.listen({ hostname: "127.0.0.1", port: 0 }), (one) => one.close());
  const { port } = upstream.addr as Deno.NetAddr;
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", {
      protocol,
      upstream: `tcp://127.0.0.1:${port}`,
      hooks: watching,
      ...options,
      limits: { maxFrameBytes: 1024, ...options.limits },
    }),
  );
  const accepting = upstream.accept();
  const wire = stack.adopt(await Wire.open(proxy.port), (one) => one[Symbol.dispose]());
  return {
    proxy,
    wire,
    upstream,
    accept: async () => stack.adopt(new Wire(await soon(accepting)), (one) => one[Symbol.dispose]()),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
}

const TOO_LONG = "x".repeat(5000);

for (
  const [what, bad, code] of [["no message", "!\n", "bad_message"], ["no frame", TOO_LONG, "frame_too_large"]]
) {
  Deno.test(`answers to requests before bytes that make ${what} are heard before the refusal`, async () => {
    await using both = await pair(counted);
    const { wire, proxy } = both;
    await wire.write(`a\nb\n${bad}`);
    const behind = await both.accept();
    assertEquals([await behind.line(), await behind.line()], ["a", "b"]);
    await until(() => proxy.stats.errors[code] === 1);
    await wire.write("c\nd\n");
    await behind.write("* by the way\nre a\n");
    assertEquals([await wire.line(), await wire.line()], ["* by the way", "re a"]);
    await behind.write("re b\n");
    assertEquals(await wire.rest(), `re b\nrefused: ${code}\n`);
    assertEquals(await behind.rest(), "");
    assertEquals(proxy.stats.errors, { [code]: 1 });
  });
}

Deno.test("where answers are not counted, all that the server says up to its end is heard before the refusal", async () => {
  await using both = await pair(uncounted);
  const { wire } = both;
  await wire.write(`a\nb\n${TOO_LONG}`);
  const behind = await both.accept();
  assertEquals(await behind.rest(), "a\nb\n");
  await behind.write("re a\nre b\n");
  assertEquals([await wire.line(), await wire.line()], ["re a", "re b"]);
  behind.conn.close();
  assertEquals(await wire.rest(), "refused: frame_too_large\n");
});

Deno.test("an echo behind text has answered all before the client is closed", async () => {
  await using echo = await listen("text://127.0.0.1:0", {
    async onMessage(connection: Connection<string>, line: string) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      connection.send(line);
    },
  });
  await using proxy = await listen("text://127.0.0.1:0", {
    upstream: `tcp://127.0.0.1:${echo.port}`,
    hooks: watching,
    limits: { maxFrameBytes: 1024 },
  });
  using wire = await Wire.open(proxy.port);
  await wire.write(`hello\nworld\n${TOO_LONG}`);
  assertEquals(await wire.rest(), "hello\nworld\n");
});

Deno.test("a server that waits for more of what never comes is told so by its end", async () => {
  await using both = await pair(counted, { limits: { lingerTimeout: "100ms" } });
  const { wire } = both;
  await wire.write("content follows\n");
  const behind = await both.accept();
  assertEquals(await behind.line(), "content follows");
  await behind.write("* go on\n");
  assertEquals(await wire.line(), "* go on");
  await wire.write("!\n");
  assertEquals(await behind.rest(), "");
  behind.conn.close();
  assertEquals(await wire.rest(), "refused: bad_message\n");
});

Deno.test("a server that neither answers nor ends is waited for no longer than handlerTimeout", async () => {
  for (const protocol of [counted, uncounted]) {
    await using both = await pair(protocol, { limits: { lingerTimeout: "50ms", handlerTimeout: "300ms" } });
    const { wire } = both;
    await wire.write("a\n!\n");
    const behind = await both.accept();
    const begun = performance.now();
    assertEquals(await behind.rest(), "a\n");
    assertEquals(await wire.rest(), "refused: bad_message\n");
    assertGreater(performance.now() - begun, 150);
  }
});

Deno.test("the refusal stands in the place of the answer to the message that is cut off", async () => {
  type Said = string | { part: "body"; last: boolean };
  const parts: Protocol<Said, string> = {
    ...counted,
    decode(frame) {
      const line = counted.decode(frame, undefined as never) as string;
      return line.startsWith("+") ? { part: "body", last: line === "+." } : line;
    },
    encode: (message) => lines.wrap(typeof message === "string" ? message : "+"),
    command: (message) => typeof message === "string" ? message : "",
    reply: counted,
    asks: (message) => typeof message === "string",
  };
  await using both = await pair(parts as unknown as Protocol<string>);
  const { wire } = both;
  await wire.write("a\nput\n+one\n!\n");
  const behind = await both.accept();
  for (const line of ["a", "put", "+one"]) assertEquals(await behind.line(), line);
  await behind.write("re a\n");
  assertEquals(await wire.rest(), "re a\nrefused: bad_message\n");
});

Deno.test("a timeout that is set waits for the answers that are due too", async () => {
  await using both = await pair(counted, { limits: { frameTimeout: "100ms" } });
  const { wire, proxy } = both;
  await wire.write("a\nhalf a li");
  const behind = await both.accept();
  assertEquals(await behind.line(), "a");
  await until(() => proxy.stats.errors.frame_timeout === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await wire.write("ne\n");
  await behind.write("re a\n");
  assertEquals(await wire.rest(), "re a\nrefused: frame_timeout\n");
  assertEquals(await behind.rest(), "");
  assertEquals(proxy.stats.errors, { frame_timeout: 1 });
});

Deno.test("a hook that is too late does not let its message through behind the refusal", async () => {
  let decide = () => {};
  const hooks = defineHooks([
    on("slow", () => new Promise<void>((resolve) => decide = resolve)),
  ]);
  await using both = await pair(counted, { hooks, hookTimeout: 0, limits: { handlerTimeout: "200ms" } });
  const { wire, proxy } = both;
  await wire.write("a\nslow\nb\n");
  const behind = await both.accept();
  assertEquals(await behind.line(), "a");
  await until(() => proxy.stats.errors.handler_timeout === 1);
  decide();
  await behind.write("re a\n");
  assertEquals(await wire.rest(), "re a\nrefused: handler_timeout\n");
  assertEquals(await behind.rest(), "");
});

for (
  const [what, hooks, last] of [
    ["a close with a last word", [on("quit", () => close("bye"))], "bye\n"],
    ["a close without one", [on("quit", () => close())], ""],
    ["a hook that fails", [on("quit", () => {
      throw new Error("failed");
    })], ""],
  ] as const
) {
  Deno.test(`${what} waits for the answers that are due`, async () => {
    await using both = await pair(counted, { hooks: defineHooks([...hooks]) });
    const { wire } = both;
    await wire.write("a\nquit\nb\n");
    const behind = await both.accept();
    assertEquals(await behind.line(), "a");
    await wire.write("c\n");
    await behind.write("re a\n");
    assertEquals(await wire.rest(), `re a\n${last}`);
    assertEquals(await behind.rest(), "");
  });
}

Deno.test("a close of what the server says comes at once, in its place", async () => {
  const hooks = defineHooks([on("secret", () => close("no more"), { direction: "out" })]);
  await using both = await pair(counted, { hooks });
  const { wire } = both;
  await wire.write("a\nb\n");
  const behind = await both.accept();
  assertEquals([await behind.line(), await behind.line()], ["a", "b"]);
  await behind.write("secret one\nsecret two\n");
  assertEquals(await wire.rest(), "no more\n");
  assertEquals(await behind.rest(), "");
});

Deno.test("a client that leaves while answers are due ends the wait", async () => {
  await using both = await pair(counted);
  const { wire, proxy } = both;
  await wire.write("a\n!\n");
  const behind = await both.accept();
  assertEquals(await behind.line(), "a");
  await until(() => proxy.stats.errors.bad_message === 1);
  wire.conn.close();
  await behind.write("* more\n");
  await behind.write("re a\n");
  assertEquals(await behind.rest().catch(() => ""), "");
  await until(() => proxy.stats.open === 0);
});

for (
  const [what, more] of [
    ["refuses ambiguous requests", { ambiguous: () => undefined }],
    ["notes what is withdrawn", { withdrawn: () => undefined }],
  ] as [string, Partial<Protocol<string>>][]
) {
  Deno.test(`the refusal waits for no more than the answers due where hooks only observe and a protocol ${what}`, async () => {
    const hooks = defineHooks([on(() => true, () => {}, { observe: true })]);
    await using both = await pair({ ...counted, ...more }, { hooks });
    const { wire } = both;
    await wire.write("a\n!\n");
    const behind = await both.accept();
    assertEquals(await behind.line(), "a");
    await behind.write("re a\n");
    assertEquals(await wire.rest(), "re a\nrefused: bad_message\n");
  });
}

Deno.test("replies of a proxy's own are all heard by a client that reads late, and do not pile up meanwhile", async () => {
  const answer = "refused ".repeat(100);
  const hooks = defineHooks([on("wipe", () => reply(answer)), on("lose", () => drop())]);
  await using both = await pair(counted, { hooks, limits: { maxSendBytes: "64KiB" } });
  const { wire, proxy } = both;
  const COUNT = 40_000;
  const sent = wire.write(`${"wipe\n".repeat(COUNT)}a\n`);
  const behind = await both.accept();
  await until(() => (proxy.connections()[0]?.queuedBytes ?? 0) >= 64 * 1024);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assertLess(proxy.connections()[0].queuedBytes, 1024 ** 2);
  for (let count = 0; count < COUNT; count++) assertEquals(await wire.line(), answer);
  await sent;
  assertEquals(await behind.line(), "a");
  await behind.write("re a\n");
  assertEquals(await wire.line(), "re a");
  assertEquals(proxy.stats.errors, {});
});
