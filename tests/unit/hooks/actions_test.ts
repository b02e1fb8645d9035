import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { HookDefinitionError, type HookError } from "../../../lib/hooks/hook_error.ts";
import type { HookSet } from "../../../lib/hooks/hook_set.ts";
import { loadHooks, type LoadHooksOptions } from "../../../lib/hooks/load_hooks.ts";
import type { Action } from "../../../lib/hooks/rule.ts";
import { close } from "../../../lib/hooks/verdict.ts";
import { testConnection, testOptions } from "./support.ts";

/** Hooks of one rule on every command, and a way to wait for what it reports. */
async function loadRule(then: Action[], queue: LoadHooksOptions["queue"] = {}): Promise<{
  hooks: HookSet;
  fire(message?: unknown, command?: string): unknown;
  error(): Promise<HookError>;
}> {
  const errors: HookError[] = [];
  const waiters: ((error: HookError) => void)[] = [];
  const { options } = testOptions({
    report(error) {
      const waiter = waiters.shift();
      if (waiter) waiter(error);
      else errors.push(error);
    },
  });
  const rule = { on: ["*"], direction: "in", priority: 0, when: [], then } as const;
  const hooks = await loadHooks([{ rule: { ...rule, on: ["*"], when: [] } }], {
    ...options,
    queue: { backoffMs: 1, graceMs: 50, ...queue },
  });
  const session = hooks.session(testConnection());
  return {
    hooks,
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
      () => loadRule([{ do: "exec", command: ["logger"], timeoutMs: 1 }]),
      HookDefinitionError,
      'hooks[0].then[0].exec: found "logger", wanted the permission to run it: --allow-run=logger',
    );
  },
});
