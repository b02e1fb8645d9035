import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { HookSource } from "../../lib/hooks/rule.ts";
import type { Isolation } from "../../lib/spec/worker_spec.ts";
import { StartError } from "../../lib/supervisor/supervisor_error.ts";
import { TempFolder } from "../support/program.ts";
import { until } from "../support/wire.ts";
import { LogWatch, supervise } from "./supervised.ts";

const ISOLATIONS: Isolation[] = ["worker", "process", "connection"];

/** A rule on a command that runs a program with these arguments and posts to this URL. */
function ruleOf(on: string, command: string[], url: string): HookSource {
  return {
    rule: {
      on: [on],
      direction: "in",
      priority: 0,
      when: [],
      then: [
        { do: "exec", command, timeoutMs: 10_000 },
        { do: "webhook", url, headers: { "x-key": "secret" }, timeoutMs: 5000, retries: 0 },
      ],
    },
  };
}

Deno.test("the server runs a rule's program and webhook, and the service may do neither", {
  ignore: Deno.build.os === "windows",
}, async (test) => {
  for (const isolation of ISOLATIONS) await test.step(isolation, () => testActions(isolation));
});

async function testActions(isolation: Isolation): Promise<void> {
  await using folder = new TempFolder();
  const posted: { key: string | null; body: { service: string; message: string } }[] = [];
  await using receiver = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    posted.push({ key: request.headers.get("x-key"), body: await request.json() });
    return new Response(null);
  });
  // By another name than where the service listens, which it may reach.
  const url = `http://localhost:${receiver.addr.port}/abuse`;
  const file = folder.at("out");
  const script = '#!/bin/sh\n{ echo "$1 $PROTOHOST_SERVICE"; cat; } > "$2.part"; mv "$2.part" "$2"\n';
  await folder.write({ "ban.sh": script });
  await Deno.chmod(folder.at("ban.sh"), 0o700);
  const rule = ruleOf("ban", [folder.at("ban.sh"), "now", file], url);
  await using server = await supervise({ a: { handler: "escapes", isolation, hooks: [rule] } });
  await using client = await server.connect("a");
  assertMatch(await client.pingPong(`spawn ${folder.at("ban.sh")}`), /^NotCapable: Requires run access/);
  assertMatch(await client.pingPong(`fetch ${url}`), /^NotCapable: Requires net access/);
  await client.pingPong("ban");
  await until(() => Deno.stat(file).then(() => posted.length === 1, () => false));
  assertEquals(await Deno.readTextFile(file), 'now a\n"ban"');
  const [{ key, body }] = posted;
  assertEquals([key, body.service, body.message], ["secret", "a", "ban"]);
}

Deno.test("a program that fails is logged with its client and counted for its service, when the instance is gone too", async () => {
  using log = new LogWatch();
  const rule = ruleOf("crash", ["false"], "http://127.0.0.1:1/");
  await using server = await supervise({ a: { handler: "exit", isolation: "worker", hooks: [rule] } });
  const failed = Promise.all([log.next(/exec_failed/), log.next(/webhook_failed/)]);
  await using client = await server.connect("a");
  client.ping("crash");
  const [exec, webhook] = await failed;
  assertMatch(
    exec,
    /^Connection a\.1\.0\.1 from 127\.0\.0\.1:\d+: exec_failed: The program false of hooks\[0\] failed at command crash: false ended with code 1$/,
  );
  assertStringIncludes(webhook, "The webhook http://127.0.0.1:1/ of hooks[0] failed at command crash: ");
  assertEquals(server.status("a").stats.errors.exec_failed, 1);
  assertEquals(server.status("a").stats.errors.webhook_failed, 1);
});

Deno.test("a service does not start when a program of its rules does not exist", async () => {
  const rule = ruleOf("ban", ["/no/such/program"], "http://127.0.0.1:1/");
  const told = 'a: hooks[0].then[0].exec: found "/no/such/program", wanted a file that exists';
  try {
    await using _server = await supervise({ a: { handler: "shout", isolation: "worker", hooks: [rule] } });
    throw new Error("It has started");
  } catch (error) {
    assertEquals((error as Error).constructor, StartError);
    assertStringIncludes((error as Error).message, told);
  }
});

Deno.test("what a rule publishes reaches every subscriber, though its service may publish nothing itself", async () => {
  const rule: HookSource = {
    rule: { on: ["*"], direction: "in", priority: 0, when: [], then: [{ do: "publish", topic: "lines" }] },
  };
  for (const isolation of ISOLATIONS) {
    await using server = await supervise({
      a: { handler: "hears", isolation, hooks: [rule], topics: { publish: [], subscribe: true } },
      b: { handler: "hears", isolation: "worker" },
    });
    await using other = await server.connect("b");
    assertEquals(await other.pingPong("hello"), "here");
    await using own = await server.connect("a");
    own.ping("hello");
    // The instance answers before the server has published.
    assertEquals(await own.pong(), "here");
    assertMatch((await own.pong())!, /^\{"service":"a",.*"message":"hello"\}$/, isolation);
    assertMatch((await other.pong())!, /^\{"service":"a",.*"message":"hello"\}$/, isolation);
  }
});
