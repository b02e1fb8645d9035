import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { HookDefinitionError, type HookError } from "../../../lib/hooks/hook_error.ts";
import { checkActions } from "../../../lib/hooks/action_check.ts";
import type { QueueOptions } from "../../../lib/hooks/action_queue.ts";
import { actionOf, type ActionRequest, readActionRequest } from "../../../lib/hooks/action_request.ts";
import { ActionRunner } from "../../../lib/hooks/action_runner.ts";
import { loadHooks } from "../../../lib/hooks/load_hooks.ts";
import type { Action, ExecAction, HookSource, WebhookAction } from "../../../lib/hooks/rule.ts";
import { MAX_JSON } from "../../../lib/hooks/action_event.ts";
import { close } from "../../../lib/hooks/verdict.ts";
import { testConnection, testOptions } from "./support.ts";

/** One rule on every command. */
function rulesOf(then: Action[]): HookSource[] {
  return [{ rule: { on: ["*"], direction: "in", priority: 0, when: [], then } }];
}

/** Hooks of one rule on every command, run as a server does, and a way to wait for what it reports. */
async function loadRule(then: Action[], queue: QueueOptions = {}): Promise<{
  hooks: { stop(): Promise<void> };
  fire(message?: unknown, command?: string): unknown;
  error(): Promise<HookError>;
}> {
  const errors: HookError[] = [];
  const waiters: ((error: HookError) => void)[] = [];
  function report(error: HookError): void {
    const waiter = waiters.shift();
    if (waiter) waiter(error);
    else errors.push(error);
  }
  const limits = { backoffMs: 1, graceMs: 50, ...queue };
  const sources = rulesOf(then);
  const runner = new ActionRunner({ queue: limits, report });
  const { options } = testOptions({ report });
  const hooks = await loadHooks(sources, {
    ...options,
    queue: limits,
    runAction: (request) =>
      runner.run("test", actionOf(sources, request) as WebhookAction | ExecAction, request),
  });
  const session = hooks.session(testConnection());
  return {
    hooks: runner,
    fire: (message = "A", command = "A") => session.run("in", message, command),
    error: () => {
      const error = errors.shift();
      return error ? Promise.resolve(error) : new Promise((resolve) => waiters.push(resolve));
    },
  };
}

/** A server that answers as it is told and keeps what it got. */
class Receiver implements AsyncDisposable {
  readonly got: { headers: Headers; body: unknown }[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #waiters: (() => void)[] = [];

  constructor(answer: (count: number) => Response | Promise<Response> = () => new Response(null)) {
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
      this.got.push({ headers: request.headers, body: await request.json() });
      for (const waiter of this.#waiters.splice(0)) waiter();
      return await answer(this.got.length);
    });
  }

  webhook(more: Partial<Action & { do: "webhook" }> = {}): Action {
    const url = `http://127.0.0.1:${this.#server.addr.port}/abuse`;
    return { do: "webhook", url, headers: {}, timeoutMs: 5000, retries: 3, ...more };
  }

  async until(count: number): Promise<void> {
    while (this.got.length < count) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("a webhook posts what happened, beside the verdict", async () => {
  await using receiver = new Receiver();
  const { hooks, fire } = await loadRule([receiver.webhook({ headers: { "x-key": "k" } }), { do: "close" }]);
  assertEquals(fire({ user: "Ann" }, "AUTH"), close());
  await receiver.until(1);
  await hooks.stop();
  const [{ headers, body }] = receiver.got;
  assertEquals([headers.get("content-type"), headers.get("x-key")], ["application/json", "k"]);
  const { at, ...event } = body as { at: string };
  assert(Math.abs(Date.parse(at) - Date.now()) < 60_000);
  assertEquals<unknown>(event, {
    service: "test",
    event: "command",
    command: "AUTH",
    direction: "in",
    connection: { id: "test.1", remote: "192.0.2.7:4711" },
    message: { user: "Ann" },
  });
});

Deno.test("a webhook is tried again until it is taken", async () => {
  await using receiver = new Receiver((count) => new Response(null, { status: count < 3 ? 503 : 200 }));
  const { hooks, fire } = await loadRule([receiver.webhook()]);
  fire();
  await receiver.until(3);
  await hooks.stop();
  assertEquals(receiver.got.length, 3);
  assertEquals(receiver.got[2].body, receiver.got[0].body);
});

Deno.test("a webhook that finally fails is reported", async () => {
  const table: [status: number, retries: number, attempts: number][] = [
    [500, 2, 3],
    [429, 1, 2],
    [404, 3, 1],
    [
      302,
      3,
      1,
    ],
  ];
  for (const [status, retries, attempts] of table) {
    await using receiver = new Receiver(() =>
      new Response(null, { status, headers: { location: "http://127.0.0.1:1/" } })
    );
    const { hooks, fire, error } = await loadRule([receiver.webhook({ retries })]);
    fire();
    const { code, message, hook } = await error();
    assertEquals([code, hook], ["webhook_failed", "hooks[0]"]);
    assertStringIncludes(message, `answered ${status}`);
    await hooks.stop();
    assertEquals(receiver.got.length, attempts, String(status));
  }
});

Deno.test("a webhook that nobody takes or answers is reported", async () => {
  const held = Promise.withResolvers<Response>();
  await using receiver = new Receiver(() => held.promise);
  const slow = await loadRule([receiver.webhook({ retries: 0, timeoutMs: 20 })]);
  slow.fire();
  assertStringIncludes((await slow.error()).message, "it took longer than 20 ms");
  await slow.hooks.stop();
  held.resolve(new Response(null));

  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  const refused = await loadRule([receiver.webhook({ url: `http://127.0.0.1:${port}/`, retries: 1 })]);
  refused.fire();
  assertEquals((await refused.error()).code, "webhook_failed");
  await refused.hooks.stop();
});

Deno.test("what overflows the queue of a webhook is reported and costs the message nothing", async () => {
  const held = Promise.withResolvers<Response>();
  await using receiver = new Receiver(() => held.promise.then((response) => response.clone()));
  const { hooks, fire, error } = await loadRule([receiver.webhook(), { do: "close" }], {
    maxJobs: 3,
    concurrency: 1,
    graceMs: 5000,
  });
  for (let count = 0; count < 5; count++) assertEquals(fire(), close());
  assertEquals((await error()).code, "hook_queue_full");
  assertEquals((await error()).code, "hook_queue_full");
  held.resolve(new Response(null));
  await hooks.stop();
  assertEquals(receiver.got.length, 3);
});

Deno.test("stopping ends webhooks that hang", async () => {
  const held = Promise.withResolvers<Response>();
  await using receiver = new Receiver(() => held.promise);
  const { hooks, fire, error } = await loadRule([receiver.webhook()], { graceMs: 10 });
  fire();
  await receiver.until(1);
  await hooks.stop();
  assertStringIncludes((await error()).message, "The service stops");
  held.resolve(new Response(null));
});

function program(file: string, code: number, ...args: string[]): Action {
  const path = new URL("../../fixtures/hooks/exits.ts", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "-A", "--no-config", path, file, String(code), ...args];
  return { do: "exec", command, timeoutMs: 30_000 };
}

Deno.test("a program gets the message on its standard input, and its arguments as they stand", async () => {
  const file = await Deno.makeTempFile();
  const shell = "$(touch never); `id`";
  const { hooks, fire } = await loadRule([program(file, 0, shell, "a b"), { do: "close" }], {
    graceMs: 30_000,
  });
  assertEquals(fire({ user: "Ann" }, "AU\0TH"), close());
  await hooks.stop();
  const { input, args, PROTOHOST_COMMAND, PROTOHOST_REMOTE } = JSON.parse(await Deno.readTextFile(file));
  assertEquals(JSON.parse(input), { user: "Ann" });
  assertEquals(args, [file, "0", shell, "a b"]);
  assertEquals([PROTOHOST_COMMAND, PROTOHOST_REMOTE], ["AUTH", "192.0.2.7:4711"]);
  await Deno.remove(file);
});

Deno.test("a program that fails, hangs or is not there is reported", async () => {
  const file = await Deno.makeTempFile();
  const table: [action: Action, message: string][] = [
    [program(file, 3), "ended with code 3"],
    [{ do: "exec", command: ["sleep", "60"], timeoutMs: 20 }, "it took longer than 20 ms"],
    [{ do: "exec", command: ["/no/such/program"], timeoutMs: 1000 }, "/no/such/program"],
    // It ends without reading what it is given.
    [{ do: "exec", command: ["false"], timeoutMs: 5000 }, "ended with code 1"],
  ];
  for (const [action, message] of table) {
    const { hooks, fire, error } = await loadRule([action]);
    fire("x".repeat(50_000));
    const { code, message: told } = await error();
    assertEquals(code, "exec_failed");
    assertStringIncludes(told, message);
    await hooks.stop();
  }
  await Deno.remove(file);
});

Deno.test({
  name: "a program that may not be run is told when the rule is loaded",
  permissions: { run: false, read: true, env: true, net: true },
  async fn() {
    await assertRejects(
      () => checkActions(rulesOf([{ do: "exec", command: ["logger"], timeoutMs: 1 }])),
      HookDefinitionError,
      'hooks[0].then[0].exec: found "logger", wanted the permission to run it: --allow-run=logger',
    );
  },
});

Deno.test("checkActions refuses a program that does not exist or cannot be executed, whatever is permitted", async () => {
  const file = await Deno.makeTempFile();
  await Deno.chmod(file, 0o600);
  const folder = file.slice(0, file.lastIndexOf("/"));
  const table: [program: string, wanted: string | undefined][] = [
    ["no-such-program", "a program in one of the folders of PATH"],
    [`${file}.sh`, "a file that exists"],
    [`${file}/below`, "a file that exists"],
    [folder, "a file that exists"],
    [file, "a file with the permission to execute it"],
    ["cat", undefined],
    [Deno.execPath(), undefined],
  ];
  for (const [program, wanted] of table) {
    const check = () => checkActions(rulesOf([{ do: "exec", command: [program], timeoutMs: 1 }]));
    if (wanted === undefined) await check();
    else {
      const { message } = await assertRejects(check, HookDefinitionError);
      assertEquals(message, `hooks[0].then[0].exec: found ${JSON.stringify(program)}, wanted ${wanted}`);
    }
  }
  await Deno.remove(file);
});

Deno.test("checkActions refuses a header that would begin another one or that no request can have", async () => {
  const wantedName = "wanted one of letters, digits and - without spaces";
  const wantedValue = "wanted one line of printable Latin-1 characters";
  const table: [name: string, value: string, problem: string | undefined][] = [
    ["x-key", "k\r\nx-other: 1", `found "k\\r\\nx-other: 1" as x-key, ${wantedValue}`],
    ["x-key", "k\n", `found "k\\n" as x-key, ${wantedValue}`],
    ["x-key", "a\0b", `found "a\\u0000b" as x-key, ${wantedValue}`],
    ["x-key", "€", `found "€" as x-key, ${wantedValue}`],
    ["x key", "k", `found the name "x key", ${wantedName}`],
    ["x:\r\ny", "k", `found the name "x:\\r\\ny", ${wantedName}`],
    ["", "k", `found the name "", ${wantedName}`],
    ["Authorization", "Bearer abc.def==", undefined],
    ["x-empty", "", undefined],
    ["x-latin", "né", undefined],
  ];
  for (const [name, value, problem] of table) {
    const url = "http://127.0.0.1:9/";
    const action: Action = { do: "webhook", url, headers: { [name]: value }, timeoutMs: 1, retries: 0 };
    const check = () => checkActions(rulesOf([{ do: "drop" }, action]));
    if (problem === undefined) await check();
    else {
      const { message } = await assertRejects(check, HookDefinitionError);
      assertEquals(message, `hooks[0].then[1].webhook.headers: ${problem}`);
    }
  }
});

Deno.test({
  name: "a webhook whose host may not be reached is told when the rule is loaded",
  permissions: { net: ["127.0.0.1:9000"] },
  async fn() {
    const webhook = (url: string): Action => ({ do: "webhook", url, headers: {}, timeoutMs: 1, retries: 0 });
    await checkActions(rulesOf([webhook("http://127.0.0.1:9000/abuse")]));
    await assertRejects(
      () => checkActions(rulesOf([webhook("https://h.example/x")])),
      HookDefinitionError,
      'hooks[0].then[0].webhook: found "https://h.example/x", ' +
        "wanted the permission to reach it: --allow-net=h.example:443",
    );
  },
});

Deno.test("what an instance asks for is taken only in its exact form", () => {
  const request: ActionRequest = {
    hook: 0,
    action: 1,
    event: {
      event: "command",
      command: "AUTH",
      direction: "in",
      connection: { id: "a.1.0.1", remote: "192.0.2.7:4711" },
      at: "2030-01-01T00:00:00.000Z",
    },
    message: '{"user":"Ann"}',
  };
  assertEquals(readActionRequest({ ...request, more: 1 }), request);
  const { event } = request;
  const wrong: unknown[] = [
    null,
    "act",
    { ...request, hook: -1 },
    { ...request, hook: 0.5 },
    { ...request, action: "then" },
    { ...request, message: { user: "Ann" } },
    { ...request, message: 'null,"service":"another"' },
    { ...request, message: JSON.stringify("x".repeat(MAX_JSON * 2)) },
    { ...request, event: null },
    { ...request, event: { ...event, event: "signal" } },
    { ...request, event: { ...event, direction: "both" } },
    { ...request, event: { ...event, command: 5 } },
    { ...request, event: { ...event, at: "x".repeat(2000) } },
    { ...request, event: { ...event, connection: { id: 1, remote: "" } } },
    { ...request, event: { ...event, connection: undefined } },
  ];
  for (const one of wrong) {
    assertEquals(readActionRequest(one), undefined, JSON.stringify(one)?.slice(0, 200));
  }
});

Deno.test("a request means the action at its place, if that is one that the server runs", () => {
  const exec: Action = { do: "exec", command: ["cat"], timeoutMs: 1 };
  const topic: Action = { do: "publish", topic: "abuse" };
  const sources = [{ module: "file:///hooks.ts" }, ...rulesOf([{ do: "drop" }, exec, topic])];
  const places: [hook: number, action: number, found: Action | undefined][] = [
    [1, 1, exec],
    [1, 0, undefined],
    [1, 2, topic],
    [1, 3, undefined],
    [0, 0, undefined],
    [2, 0, undefined],
  ];
  for (const [hook, action, found] of places) assertEquals(actionOf(sources, { hook, action }), found);
});
