import { assert, assertEquals, assertThrows } from "@std/assert";
import { on, sequence } from "../../../lib/hooks/define_hooks.ts";
import type { HookEntry } from "../../../lib/hooks/hook_entry.ts";
import { HookDefinitionError } from "../../../lib/hooks/hook_error.ts";
import type { HookSession } from "../../../lib/hooks/hook_set.ts";
import { MAX_OPEN, MAX_OPEN_BYTES } from "../../../lib/hooks/open_requests.ts";
import { step } from "../../../lib/hooks/steps.ts";
import { close, drop, reply, type Verdict } from "../../../lib/hooks/verdict.ts";
import { lines, testConnection, testHooks } from "./support.ts";

/** Lines that are answered in their order; `QUIET` is not, and what begins with `*` answers nothing. */
const answered = {
  ...lines,
  parse: undefined,
  asks: (message: string) => message !== "QUIET",
  answers: (message: string) => !message.startsWith("*"),
};

/** A client that sends without waiting, and a server that answers when it is told to. */
class Talk {
  readonly session: HookSession;
  readonly connection: { bytesRead: number };
  /** What has reached the server, and with what verdict. */
  readonly came: string[] = [];
  #sending: Promise<void> = Promise.resolve();

  constructor(entries: HookEntry[]) {
    const connection = Object.assign(testConnection(), { bytesRead: 0 });
    this.connection = connection;
    const { hooks } = testHooks(entries, { protocol: answered });
    assert(hooks.observed.in && hooks.observed.out && hooks.sees("in", "whatever"));
    this.session = hooks.session(connection);
  }

  /** Sends requests, each as soon as the one before has been looked at. */
  send(...messages: string[]): void {
    for (const message of messages) this.#sending = this.#sending.then(() => this.#request(message));
  }

  async answer(message: string): Promise<void> {
    const verdict = await this.session.run("out", message, message.split(" ")[0]);
    this.#note(message, verdict);
    this.session.answered(message);
    await this.settle();
  }

  /** Lets all that can go on do so. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
  }

  async #request(message: string): Promise<void> {
    this.connection.bytesRead += message.length;
    const verdict = await this.session.run("in", message, message.split(" ")[0]);
    this.#note(message, verdict);
    if (verdict === undefined) this.session.forwarded(message);
  }

  #note(message: string, verdict: Verdict | undefined): void {
    this.came.push(verdict === undefined ? message : `${message}: ${verdict.verdict}`);
  }
}

const out = (name: string) => step(name, { direction: "out" });

Deno.test("a sequence with replies fires at the request that completes it, when the client waits for no answer", async () => {
  const talk = new Talk([sequence(["USER", "PASS", out("530"), "USER"], () => close())]);
  talk.send("USER a", "PASS 1", "USER b", "PASS 2");
  await talk.settle();
  // The second USER waits for what its verdict hangs on.
  assertEquals(talk.came, ["USER a"]);
  await talk.answer("331");
  assertEquals(talk.came.splice(0), ["USER a", "331", "PASS 1"]);
  await talk.answer("530");
  assertEquals(talk.came.splice(0), ["530", "USER b: close", "PASS 2"]);
});

Deno.test("a reply that answers a request before the sequence is no part of it", async () => {
  const talk = new Talk([sequence(["AUTH", out("error"), "AUTH"], () => close())]);
  talk.send("GET", "AUTH", "AUTH");
  await talk.settle();
  await talk.answer("error");
  assertEquals(talk.came, ["GET", "error", "AUTH"]);
  await talk.answer("ok");
  assertEquals(talk.came.splice(0), ["GET", "error", "AUTH", "ok", "AUTH"]);
  await talk.answer("error");
  talk.send("AUTH");
  await talk.settle();
  assertEquals(talk.came, ["error", "AUTH: close"]);
});

Deno.test("requests that are no part of a sequence with replies do not wait", async () => {
  const talk = new Talk([
    sequence(["AUTH", out("error"), "AUTH"], () => close()),
    sequence(["GET", "GET", "GET"], () => drop()),
  ]);
  talk.send("GET", "PING", "GET", "QUIET", "GET", "PING");
  await talk.settle();
  assertEquals(talk.came, ["GET", "PING", "GET", "QUIET", "GET: drop", "PING"]);
});

Deno.test("a strict sequence holds back requests only while a match has begun", async () => {
  const talk = new Talk([sequence(["AUTH", out("error"), "QUIT"], () => close(), { strict: true })]);
  talk.send("GET", "GET");
  await talk.settle();
  assertEquals(talk.came.splice(0), ["GET", "GET"]);
  talk.send("AUTH", "QUIT");
  await talk.answer("ok");
  await talk.answer("ok");
  assertEquals(talk.came.splice(0), ["ok", "ok", "AUTH"]);
  await talk.answer("error");
  assertEquals(talk.came, ["error", "QUIT: close"]);
});

Deno.test("what a hook answers or drops is no open request", async () => {
  const talk = new Talk([
    on("FLUSH", () => reply("no")),
    sequence(["AUTH", out("error"), "AUTH"], () => close()),
  ]);
  talk.send("FLUSH", "AUTH", "FLUSH");
  await talk.settle();
  assertEquals(talk.came, ["FLUSH: reply", "AUTH", "FLUSH: reply"]);
});

Deno.test("a hook on replies is given the request that each answers", async () => {
  const seen: [message: unknown, request: string | undefined][] = [];
  const talk = new Talk([
    on(
      "*",
      ({ message, request }) =>
        void seen.push([message, request && `${request.command}: ${request.message}`]),
      {
        direction: "both",
        request: true,
      },
    ),
  ]);
  talk.send("GET a", "QUIET", "SET b");
  await talk.settle();
  for (const message of ["*push", "one", "*push", "two", "three"]) await talk.answer(message);
  assertEquals(seen, [
    ["GET a", undefined],
    ["QUIET", undefined],
    ["SET b", undefined],
    ["*push", undefined],
    ["one", "GET: GET a"],
    ["*push", undefined],
    ["two", "SET: SET b"],
    ["three", undefined],
  ]);
});

Deno.test("no more requests are kept than are bounded, by number and by bytes, and none is lost", async () => {
  const requests: unknown[] = [];
  const talk = new Talk([
    on("*", ({ request }) => void requests.push(request?.message), { direction: "out", request: true }),
  ]);
  const many = Array.from({ length: MAX_OPEN + 100 }, (_, index) => `GET ${index}`);
  talk.send(...many);
  await talk.settle();
  assertEquals(talk.came.length, MAX_OPEN);
  for (let index = 0; index < many.length; index++) await talk.answer("ok");
  assertEquals(requests, many);

  talk.came.length = 0;
  const large = "SET ".padEnd(MAX_OPEN_BYTES, "x");
  talk.send("GET", large, "PING");
  await talk.settle();
  assertEquals(talk.came, ["GET"]);
  await talk.answer("ok");
  assertEquals(talk.came, ["GET", "ok", large, "PING"]);
});

Deno.test("the end of a connection ends what waits, and no hook runs any more", async () => {
  const talk = new Talk([sequence(["AUTH", out("error"), "AUTH"], () => close())]);
  talk.send("AUTH", "AUTH");
  await talk.settle();
  talk.session.end();
  await talk.settle();
  assertEquals(talk.came, ["AUTH", "AUTH"]);
  assertEquals(talk.session.run("out", "error", "error"), undefined);
});

Deno.test("nothing is kept where no hook asks for it", () => {
  const table: [entries: HookEntry[], observesRequests: boolean][] = [
    [[on("*", () => {}, { direction: "out", request: true })], true],
    [[on("*", () => {}, { direction: "out" })], false],
    [[sequence(["a", out("b")], () => {})], true],
    [[sequence([out("a"), out("b")], () => {})], false],
    [[sequence([out("a"), out("b")], () => {}, { request: true })], true],
  ];
  for (const [entries, observesRequests] of table) {
    assertEquals(testHooks(entries, { protocol: answered }).hooks.observed.in, observesRequests);
  }
});

Deno.test("a hook that asks for what it cannot be given is refused, or told when it asks", () => {
  const told: [entry: HookEntry, protocol: typeof lines, message: string][] = [
    [
      on("A", () => {}, { request: true }),
      answered,
      "A hook asks for the request that a reply answers, but sees no replies: its direction is in",
    ],
    [
      on("A", drop, { direction: "out", request: true }),
      { ...lines, parse: undefined },
      "drop asks for the request that a reply answers, which the protocol lines cannot tell: it has no answers",
    ],
  ];
  for (const [entry, protocol, message] of told) {
    assertThrows(() => testHooks([entry], { protocol }), HookDefinitionError, message);
  }
  const { hooks, told: { errors } } = testHooks([
    on("A", ({ request }) => void request, { direction: "out" }),
  ]);
  hooks.session(testConnection()).run("out", "A", "A");
  assertEquals(
    errors[0].message,
    "The hook hook 1 failed at reply A: TypeError: Cannot read request: the hook is " +
      "bound without it, wanted { request: true }",
  );
});
