import { assert, assertEquals } from "@std/assert";
import { ask, fromSource } from "../support/program.ts";
import { until, Wire } from "../support/wire.ts";
import {
  alive,
  find,
  limited,
  say,
  service,
  serving,
  testCompiledCode,
  testEscapes,
  testForgeries,
  testMisbehaving,
  testOrphans,
  testPooledForgeries,
  testSharedFiles,
  testSignals,
  testTerminal,
  testWorkers,
} from "./isolation_suite.ts";

/** What is looked at stands in /proc. */
const ignore = Deno.build.os !== "linux";

Deno.test("whatever six services do, four others answer everything in time, and the six come back", {
  ignore,
}, () => testMisbehaving(fromSource));

Deno.test("a service can do nothing that it was not given", { ignore }, () => testEscapes(fromSource));

Deno.test("nor can one whose connections each have a process", {
  ignore,
}, () => testEscapes(fromSource, "connection"));

Deno.test("a worker that signals its process, or gives itself orders, ends alone", {
  ignore,
}, () => testWorkers(fromSource));

Deno.test("nobody at the server's terminal is asked what a worker may do", { ignore }, () => {
  const [run, ...args] = fromSource.args;
  return testTerminal({ ...fromSource, args: [run, "--no-prompt", ...args] });
});

Deno.test("no child can write to a file that another process reads when it has no permission", {
  ignore,
}, () => testSharedFiles(fromSource));

Deno.test("a child that replaces another runs compiled code that no service can have written", {
  ignore,
}, () => testCompiledCode(fromSource));

Deno.test("what a program of a service writes to the server's pipe costs that instance alone", {
  ignore,
}, () => testForgeries(fromSource));

Deno.test("what one writes to the pipe of a pool costs its connection alone", {
  ignore,
}, () => testPooledForgeries(fromSource));

Deno.test("no child outlives a server that is killed", { ignore }, () => testOrphans(fromSource));

Deno.test("HUP to a child restarts its service", { ignore }, () => testSignals(fromSource));

Deno.test("a slow leak is restarted with a drain before the limit", { ignore }, async () => {
  await using server = await serving(fromSource, {
    services: { leak: limited(service("misbehaves", { how: "leak" }), "memory: 128MiB") },
  });
  const { leak } = await server.ports();
  using wire = await Wire.open(leak);
  await wire.write("misbehave\n");
  assertEquals(await wire.line(), "misbehave");
  await server.program.until(/leak: Restarting: memory near its limit/);
  await server.program.until(/Generation 2 serving/);
  // Its connection goes on with the old generation, as at any restart.
  await wire.write("still here\n");
  assertEquals(await wire.line(), "still here");
  await until(async () => find(await server.status(), "leak").generation === 2);
});

Deno.test("what a service prints stands in the log and reaches nobody else", { ignore }, async () => {
  await using server = await serving(fromSource, {
    services: { print: service("misbehaves", { how: "print" }) },
  });
  const { print } = await server.ports();
  using wire = await Wire.open(print);
  await wire.write("misbehave\n");
  assertEquals(await wire.line(), "misbehave");
  await server.program.until(/print: printed by the service/);
  await server.program.until(/print: complained by the service/);
  await server.program.until(/print: \{"type":"stopped"\}/);
  assertEquals(find(await server.status(), "print").crashes, 0);
});

Deno.test(
  "one of two instances loops for ever and is replaced, while the other goes on",
  { ignore },
  async () => {
    await using server = await serving(fromSource, {
      defaults: "{ limits: { heartbeat: 2s } }",
      services: { a: service("misbehaves", { how: "loop" }, 2) },
    });
    const { a } = await server.ports();
    const wires = new Map<string, Wire>();
    while (wires.size < 2) {
      const wire = await Wire.open(a);
      await wire.write("pid\n");
      const pid = await wire.line();
      wires.get(pid)?.[Symbol.dispose]();
      wires.set(pid, wire);
    }
    const [[busy, first], [other, second]] = wires;
    await first.write("misbehave\n");
    await until(async () => {
      await second.write("pid\n");
      assertEquals(await second.line(), other);
      const { instances, crashes, state } = find(await server.status(), "a");
      return state === "running" && crashes === 1 && instances.every(({ pid }) => String(pid) !== busy);
    });
    for (const wire of wires.values()) wire[Symbol.dispose]();
  },
);

Deno.test("without permission to run programs services are workers, and the log says so", async () => {
  const args = fromSource.args.flatMap((arg) =>
    arg === "-P=serve" ? ["net", "read", "write", "env", "sys"].map((name) => `--allow-${name}`) : [arg]
  );
  await using server = await serving({ ...fromSource, args }, { services: { a: service("misbehaves") } });
  await server.program.until(
    /Services run as workers in one process: .* no permission to run programs \(--allow-run\)/,
  );
  const { isolation, instances } = find(await server.status(), "a");
  assertEquals([isolation, instances[0].pid], ["worker", server.program.pid]);
});

Deno.test("a process that is stopped is replaced, and the server lives on", { ignore }, async () => {
  await using server = await serving(fromSource, {
    defaults: "{ limits: { heartbeat: 2s } }",
    services: { a: service("misbehaves"), b: service("misbehaves") },
  });
  const { a, b } = await server.ports();
  for (let times = 1; times <= 2; times++) {
    const pid = await server.pid("a");
    // What the server sends from now on is unread when the process is ended.
    Deno.kill(pid, "SIGSTOP");
    await until(async () => (await server.instance("a"))?.restarts === times);
    await until(() => ask(a, "x").then((answer) => answer === "x", () => false));
    assert(!alive(pid));
    assertEquals(await ask(b, "x"), "x");
  }
});

Deno.test("restarts leave nothing behind", { ignore }, async () => {
  await using server = await serving(fromSource, { services: { a: service("misbehaves") } });
  const restart = async () => {
    const before = await server.pid("a");
    Deno.kill(before, "SIGHUP");
    await until(async () => (await server.pid("a")) !== before && !alive(before));
  };
  for (let i = 0; i < 3; i++) await restart();
  const before = resources(server.program.pid);
  for (let i = 0; i < 10; i++) await restart();
  const after = resources(server.program.pid);
  assertEquals(after.children, before.children);
  assert(
    after.descriptors <= before.descriptors + 2,
    `${before.descriptors} to ${after.descriptors} descriptors`,
  );
  assert(after.threads <= before.threads + 2, `${before.threads} to ${after.threads} threads`);
  await server.program.until(/Generation 14 serving/);
});

function resources(pid: number): { children: number; descriptors: number; threads: number } {
  return {
    children: lines(say("ps", "--ppid", String(pid), "-o", "pid=")),
    descriptors: lines(say("ls", `/proc/${pid}/fd`)),
    threads: lines(say("ls", `/proc/${pid}/task`)),
  };
}

function lines(text: string): number {
  return text === "" ? 0 : text.split("\n").length;
}
