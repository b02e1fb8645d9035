/**
 * What a service may do to the others: nothing. The same from source and compiled.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl } from "@std/path";
import type { Isolation } from "../../lib/spec/worker_spec.ts";
import type { InstanceStatus, ServerStatus, ServiceStatus } from "../../lib/supervisor/server_status.ts";
import { ask, type Launcher, Program, runProgram, TempFolder } from "../support/program.ts";
import { until, Wire } from "../support/wire.ts";

/** What comes back, and what stays as if nothing had happened. */
const BAD = ["heap", "buffers", "loop", "crash", "exit", "kill"];
const GOOD = ["one", "two", "three", "four"];
/** How long the one that loops may be silent. */
const HEARTBEAT_SECONDS = 5;
/** The latest that a good service may answer: what hangs on the one that loops would take longer. */
const LATE_MS = 4000;

/** Ten services, six of which do the worst they can; the clients of the others count every reply. */
export async function testMisbehaving(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, {
    // On a slow machine what allocates is also silent for long: what ends it here is its memory alone.
    defaults: `{ limits: { memory: 128MiB, heartbeat: 0 } }`,
    services: Object.fromEntries([...BAD, ...GOOD].map((how) => [
      how,
      how === "loop"
        ? limited(service("misbehaves", { how }), `heartbeat: ${HEARTBEAT_SECONDS}s`)
        : service("misbehaves", { how }),
    ])),
  });
  const ports = await server.ports();
  let over = false;
  const counting = GOOD.map((name) => count(ports[name], () => over));
  try {
    await Promise.all(BAD.map(async (name) => {
      const before = await server.pid(name);
      using wire = await Wire.open(ports[name]);
      await wire.write("misbehave\n");
      // One look at both: between two of them the old process may have gone.
      await until(async () => {
        const instance = await server.instance(name);
        return instance?.state === "ready" && instance.pid !== before;
      });
      assertEquals(await ask(ports[name], `${name} is back`), `${name} is back`);
    }));
  } finally {
    over = true;
  }
  for (const { replies, latestMs } of await Promise.all(counting)) {
    assert(replies > 100, `${replies} replies`);
    assert(latestMs < LATE_MS, `a reply took ${latestMs} ms`);
  }
  const status = await server.status();
  for (const name of GOOD) assertEquals(find(status, name).crashes, 0);
  for (const name of BAD) assertEquals(find(status, name).crashes, 1, name);
  for (
    const [name, what] of [
      ["heap", "uses \\d+ MiB of memory, limit 128 MiB \\(limits.memory\\)"],
      ["buffers", "uses \\d+ MiB of memory, limit 128 MiB \\(limits.memory\\)"],
      ["loop", `did not answer pings within ${HEARTBEAT_SECONDS} s \\(limits.heartbeat\\)`],
    ]
  ) await server.program.until(new RegExp(`${name}: Instance 0 of generation 1 ${what}; restarting in`));
}

/** Everything that a service was not given, and how it is given. */
export async function testEscapes(launcher: Launcher, isolation: Isolation = "process"): Promise<void> {
  await using server = await serving({ ...launcher, env: { ...launcher.env, SECRET: "s" } }, {
    defaults: `{ isolation: ${isolation} }`,
    services: {
      jailed: service("escapes"),
      trusted: `{ listen: "text://127.0.0.1:0", handler: ./escapes.ts, permissions: ` +
        `{ read: [/etc/passwd], write: ./out, env: SECRET, run: true, net: "127.0.0.1" } }`,
    },
  }, { bound: true });
  await Deno.mkdir(server.folder.at("out"));
  const elsewhere = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const ports = await server.ports();
  const port = elsewhere.addr.port;
  const outside = new URL("../../README.md", import.meta.url);
  const forbidden: (readonly [attempt: string, answer: RegExp])[] = [
    ["read /etc/passwd", /^NotCapable: Requires read access/],
    ["read /proc/self/environ", /^NotCapable: Requires/],
    [`read ${server.folder.path}/../`, /^NotCapable: Requires read access/],
    [`read ${fromFileUrl(outside)}`, /^NotCapable: Requires read access/],
    [`import ${outside}`, /^TypeError: .*Requires read access/],
    [`nested ${outside}`, /^NotCapable: Cannot start a worker/],
    ["nested data:application/javascript,", /^NotCapable: Cannot start a worker/],
    ["thread process.exit()", /^NotCapable: Cannot start a worker/],
    [`write ${server.folder.at("out", "x")}`, /^NotCapable: Requires write access/],
    [`write ${server.folder.at("escapes.ts")}`, /^NotCapable: Requires write access/],
    [`connect ${port}`, /^NotCapable: Requires net access to "127\.0\.0\.1:\d+"/],
    [`listen ${port + 1}`, /^NotCapable: Requires net access/],
    [`fetch http://127.0.0.1:${port}/`, /^NotCapable: Requires net access/],
    [`unix ${server.folder.at("protohost.sock")}`, /^NotCapable: Requires/],
    ["spawn /bin/true", /^NotCapable: Requires run access/],
    ["env SECRET", /^NotCapable: Requires env access/],
    [`kill ${server.program.pid}`, /^NotCapable: Requires run access/],
    ["parent", /^NotCapable: Requires run access/],
    ["kill 0", /^NotCapable: Requires run access/],
    ["kill -1", /^NotCapable: Requires run access/],
    [
      `worker ${new URL("../fixtures/services/shout.ts", import.meta.url)}`,
      /^NotCapable: Cannot start a worker/,
    ],
    ["descriptor 3", /^NotCapable: Cannot open a descriptor by its number/],
    ["open 3", /^NotCapable: Cannot bind internal\/test\/binding/],
    ["binding pipe_wrap", /^NotCapable: Cannot bind pipe_wrap/],
    ["require internal/child_process", /^NotCapable: Cannot bind internal\/child_process/],
    ["store https://example.org/", /^TypeError: Cannot read properties of undefined \(reading 'open'\)/],
    ["ask", /^done$/],
    ["vsock 1", /^NotCapable: Requires net access to "vsock:1:1"/],
    // An order that its own code gives it, it does not carry out.
    ["order stop", /^done$/],
    ["internal", /^TypeError: Cannot read properties of undefined/],
    // What it posts nobody hears.
    ["supervisor", /^done$/],
  ];
  // A process that is handed its connection has nothing to listen for.
  if (isolation === "connection") {
    forbidden.push([`share ${ports.jailed}`, /^NotCapable: Requires net access/]);
  }
  for (const [attempt, answer] of forbidden) assertMatch(await ask(ports.jailed, attempt), answer, attempt);
  using wire = await Wire.open(ports.jailed);
  await wire.write("throw read /etc/passwd\n");
  await server.program.until(
    /Requires read access to "\/etc\/passwd": to allow it, give the service permissions: \{ read: \["\/etc\/passwd"\] \}/,
  );
  for (
    const attempt of [
      "read /etc/passwd",
      `write ${server.folder.at("out", "x")}`,
      `connect ${port}`,
      "spawn /bin/true",
      "env SECRET",
      "kill 0".replace("0", String(await server.pid("jailed"))),
    ]
  ) assertEquals(await ask(ports.trusted, attempt), "done", attempt);
  assertEquals((await server.status()).state, "running");
  elsewhere.close();
}

/** At a terminal nobody is asked what a worker may do: it is refused, and goes on. */
export async function testTerminal(launcher: Launcher): Promise<void> {
  await using server = await serving(atTerminal(launcher), {
    defaults: "{ isolation: worker }",
    services: { a: service("escapes") },
  });
  try {
    const { a } = await server.ports();
    assertEquals(await ask(a, "terminal"), "true true");
    assertMatch(await ask(a, "read /etc/passwd"), /^NotCapable: Requires read access/);
    assertEquals(await ask(a, "ask"), "done");
  } finally {
    // What ends the terminal's program only hangs up on the server, which is a reload to it.
    await runProgram(launcher, ["stop", "--now"], server.folder.path);
  }
}

/** A program with a terminal of its own. */
function atTerminal({ command, args, ...rest }: Launcher): Launcher {
  return {
    ...rest,
    command: "sh",
    args: ["-c", `exec script --quiet --return --command "$*" /dev/null`, "sh", command, ...args],
  };
}

/** What a worker does to the process that it runs in, and to itself, costs that worker alone. */
export async function testWorkers(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, {
    defaults: "{ isolation: worker }",
    services: {
      ...Object.fromEntries(["kill", "signal", "hang", "stop"].map((name) => [name, service("escapes")])),
      good: service("misbehaves"),
    },
  });
  const ports = await server.ports();
  const { pid } = server.program;
  for (
    const [name, attempt, what] of [
      ["kill", `kill ${pid}`, `called Deno\\.kill\\(${pid}, SIGTERM\\)`],
      ["signal", "signal SIGKILL", `called process\\.kill\\(${pid}, SIGKILL\\)`],
      ["hang", "signal SIGSTOP", `called process\\.kill\\(${pid}, SIGSTOP\\)`],
      ["stop", "order! stop", "sent stopped unasked"],
    ]
  ) {
    using wire = await Wire.open(ports[name]);
    await wire.write(`${attempt}\n`);
    await server.program.until(new RegExp(`${name}: Instance 0 of generation 1 ${what}; restarting in`));
    await until(async () => (await server.instance(name))?.state === "ready");
    assertMatch(await ask(ports[name], "env SECRET"), /^NotCapable/);
  }
  assertMatch(await ask(ports.kill, "vsock 1"), /^NotCapable: Requires net access/);
  const status = await server.status();
  assertEquals(["kill", "signal", "hang", "stop"].map((name) => find(status, name).crashes), [1, 1, 1, 1]);
  assertEquals(find(status, "good").crashes, 0);
  assertEquals(await ask(ports.good, "x"), "x");
}

/**
 * No child has a file open for writing that another process reads, whatever its permissions: a number is all that it
 * takes to write to a descriptor. And no package comes from a registry without `net`.
 */
export async function testSharedFiles(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, {
    services: {
      one: service("escapes", {}, 2),
      two: `{ listen: "text://127.0.0.1:0", handler: ./escapes.ts, ` +
        `isolation: connection, pool: { size: 2, spare: 1 } }`,
    },
  });
  const ports = await server.ports();
  using wire = await Wire.open(ports.two);
  await wire.write("internal\n");
  await wire.line();
  const owners = new Map<string, number>();
  const pids = say("pgrep", "-f", `child ${server.program.pid}`).split("\n");
  assert(pids.length >= 3, `${pids.length} children`);
  for (const pid of pids.map(Number)) {
    for (const file of writableFiles(pid)) {
      assertEquals(owners.get(file) ?? pid, pid, `${file} is open for writing in two processes`);
      owners.set(file, pid);
      assertStringIncludes(file, "protohost_cache_", `${file} is a child's own`);
    }
  }
}

/**
 * A child that replaces another runs compiled code, from files that it alone can write: what its service's code writes
 * there is in no cache that others are made of.
 */
export async function testCompiledCode(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, { services: { one: service("escapes") } });
  const restart = () => runProgram(launcher, ["restart", "one"], server.folder.path);
  const commandLine = async () => say("ps", "-o", "args=", "-p", String(await server.pid("one")));
  const compiled = async () =>
    writableFiles(await server.pid("one")).find((file) => file.endsWith("/v8_code_cache_v2"));
  assertStringIncludes(await commandLine(), "--no-code-cache");
  await until(async () => {
    await restart();
    return !(await commandLine()).includes("--no-code-cache");
  });
  const own = (await compiled())!;
  assertStringIncludes(own, "protohost_cache_");
  await Deno.writeTextFile(own, "written by the service's code");
  await restart();
  const next = (await compiled())!;
  assert(next !== own, "another child has a file of its own");
  assert(!(await Deno.readTextFile(next)).startsWith("written"), "nor is it a copy of that");
}

/** Regular files that a process has open for writing. Deno itself reads nothing of another process. */
function writableFiles(pid: number): string[] {
  const list =
    'for d in /proc/$0/fd/*; do echo "$(sed -n "s/^flags://p" /proc/$0/fdinfo/${d##*/}) $(readlink $d)"; done';
  const open = say("sh", "-c", list, String(pid)).split("\n").map((line) => line.trim().split(" "));
  return open.filter(([flags, file]) =>
    /^\/(?!dev\/|memfd:)/.test(file ?? "") && (parseInt(flags, 8) & 3) !== 0
  )
    .map(([, file]) => file);
}

/** Services run as the user that they name, with the right to a low port if they listen at one and no other of root's. */
export async function testUsers(launcher: Launcher): Promise<void> {
  const low = freeLowPort();
  await using server = await serving(launcher, {
    defaults: "{ user: nobody }",
    services: {
      low: `{ listen: "text://127.0.0.1:${low}", handler: ./escapes.ts }`,
      apart:
        `{ listen: "text://127.0.0.1:0", handler: ./escapes.ts, isolation: connection, pool: { size: 2, spare: 1 } }`,
      own: `{ listen: "text://127.0.0.1:0", handler: ./escapes.ts, user: 1, group: 2 }`,
    },
  }, { open: true });
  const ports = await server.ports();
  const status = await server.status();
  const [nobody, nogroup] = [say("id", "-u", "nobody"), say("id", "-g", "nobody")];
  for (
    const [name, user] of [["low", `${nobody} ${nogroup}`], ["apart", `${nobody} ${nogroup}`], ["own", "1 2"]]
  ) {
    const [{ pid }] = find(status, name).instances;
    assertEquals(say("ps", "-o", "uid=,gid=", "-p", String(pid)).replace(/ +/g, " "), user, name);
    assertMatch(await ask(ports[name], "write /tmp/protohost_escaped"), /^NotCapable/);
  }
  const pid = find(status, "low").instances[0].pid;
  const NET_BIND_SERVICE = 1 << 10;
  assertEquals(parseInt(say("sed", "-n", "s/^CapEff://p", `/proc/${pid}/status`), 16), NET_BIND_SERVICE);
}

function freeLowPort(): number {
  for (let port = 1023; port > 500; port--) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch { /* taken */ }
  }
  throw new Error("No free port below 1024");
}

/** The server is killed; whatever its children are busy with, they go. */
export async function testOrphans(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, {
    defaults: `{ limits: { heartbeat: 0 } }`,
    services: {
      loop: service("misbehaves", { how: "loop" }),
      idle: service("misbehaves", { how: "none" }, 2),
    },
  });
  const ports = await server.ports();
  const pids = (await server.status()).services.flatMap(({ instances }) => instances.map(({ pid }) => pid!));
  assertEquals(new Set(pids).size, 3);
  for (const pid of pids) assert(alive(pid));
  using wire = await Wire.open(ports.loop);
  await wire.write("misbehave\n");
  server.program.signal("SIGKILL");
  await until(() => !pids.some(alive));
}

/** Signals to a child: HUP restarts its service, the others are the server's affair. */
export async function testSignals(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, {
    services: { a: service("misbehaves"), b: service("misbehaves") },
  });
  const ports = await server.ports();
  const [a, b] = [await server.pid("a"), await server.pid("b")];
  for (const signal of ["SIGTERM", "SIGINT"] as const) Deno.kill(a, signal);
  assertEquals(await ask(ports.a, "pid"), String(a));
  Deno.kill(a, "SIGHUP");
  await server.program.until(/a: Restarting: its process received SIGHUP/);
  await until(async () => (await server.pid("a")) !== a && !alive(a));
  assertEquals(find(await server.status(), "a").generation, 2);
  assertEquals(await server.pid("b"), b);
  assertEquals(await ask(ports.a, "x"), "x");
}

/** A service in a few words of YAML. */
export function service(file: string, options: unknown = {}, instances = 1): string {
  return `{ listen: "text://127.0.0.1:0", handler: ./${file}.ts, instances: ${instances}, options: ${
    JSON.stringify(options)
  } }`;
}

/** A service that may write to the pipe between its process and the server, since it may run programs. */
function forging(isolation: Isolation): string {
  return service("forges").replace("{", `{ isolation: ${isolation}, permissions: { run: [perl] },`);
}

/** What comes over a process's pipe is checked: what is wrong costs that instance, and speaks for nobody else. */
export async function testForgeries(launcher: Launcher): Promise<void> {
  const bad: Record<string, [line: string, what: RegExp]> = {
    null: ["forge null", /sent a bad message: message is null, wanted an object/],
    garbage: ["forge this is not json", /sent a bad message: message is no JSON: "this is not json"/],
    pong: ['forge {"type":"pong","id":1}', /sent a bad message: pong\.stats is undefined, wanted an object/],
    ready: [
      'forge {"type":"ready","endpoints":"x"}',
      /sent a bad message: ready\.endpoints is "x", wanted an array/,
    ],
    endless: // What its host sends beside may come into a line.
      ["endless 256", /sent a bad message: message is (?:over 33554432 bytes|no JSON: "A+)/],
    flood: [
      'flood 5000000 {"type":"publish","topic":"t","json":"1"}',
      /sent (?:more than 20000 messages or published more than 67108864 characters a second for 10 s|a bad message: message is no JSON)/,
    ],
  };
  await using server = await serving(launcher, {
    // On a busy machine a flood makes others late.
    defaults: "{ limits: { heartbeat: 60s } }",
    services: {
      ...Object.fromEntries(Object.keys(bad).map((name) => [name, forging("process")])),
      log: forging("process"),
      good: service("misbehaves"),
    },
  });
  const ports = await server.ports();
  const begun = new Date();
  const record = {
    ...{ level: "warning", category: ["protohost", "good"], properties: {}, timestamp: 1.5e12 },
    message: "Authentication failed from 10.9.9.9",
  };
  await ask(ports.log, `forge ${JSON.stringify({ type: "log", records: [record] })}`);
  await server.program.until(/Authentication failed/);
  const [line] = server.program.output.split("\n").filter((text) => text.includes("Authentication failed"));
  assertMatch(line, /\[WRN\] log\.protohost\.good: Authentication failed from 10\.9\.9\.9$/);
  const years = [begun, new Date()].map((date) => String(date.getUTCFullYear()));
  assert(years.includes(line.slice(0, 4)), line);
  const before = memoryOf(server.program.pid);
  let over = false;
  const counting = count(ports.good, () => over);
  const memory = sampled(() => memoryOf(server.program.pid), () => over);
  await Promise.all(
    Object.entries(bad).map(async ([name, [words, what]]) => {
      using wire = await Wire.open(ports[name]);
      await wire.write(`${words}\n`);
      await server.program.until(new RegExp(`${name}: Instance 0 of generation 1 ${what.source}`));
      await until(async () => (await server.instance(name))?.state === "ready");
      assertEquals(await ask(ports[name], "again"), "again");
    }),
  );
  over = true;
  const { replies, latestMs } = await counting;
  assert(replies > 100 && latestMs < LATE_MS, `${replies} replies, the latest after ${latestMs} ms`);
  const grown = await memory - before;
  assert(grown < 200 * 1024 ** 2, `${Math.round(grown / 1024 ** 2)} MiB more`);
  const status = await server.status();
  for (const name of Object.keys(bad)) assertEquals(find(status, name).crashes, 1, name);
  for (const name of ["good", "log"]) {
    const { crashes, lastError } = find(status, name);
    assertEquals({ crashes, lastError }, { crashes: 0, lastError: undefined }, name);
  }
}

/** The same of a process that serves one connection: the others of its service go on. */
export async function testPooledForgeries(launcher: Launcher): Promise<void> {
  await using server = await serving(launcher, { services: { a: forging("connection") } });
  const { a } = await server.ports();
  using other = await Wire.open(a);
  await other.write("x\n");
  assertEquals(await other.line(), "x");
  for (
    const [words, what] of [
      ["forge null", "sent a bad message: message is null, wanted an object"],
      ['forge {"type":"stopped"}', "sent a bad message: stopped.stats is undefined, wanted an object"],
      ["endless 64", 'sent a bad message: message is (?:over 33554432 bytes|no JSON: "A+)'],
    ]
  ) {
    using wire = await Wire.open(a);
    await wire.write(`${words}\n`);
    // The process may have answered before it was found out.
    await wire.rest();
    await server.program.until(new RegExp(`Connection a\\.1\\.0\\.\\d+ from \\S+ cut: its process ${what}`));
    await other.write("y\n");
    assertEquals(await other.line(), "y");
  }
  const { crashes, state, stats } = find(await server.status(), "a");
  assertEquals({ crashes, state, errors: stats.errors }, {
    crashes: 0,
    state: "running",
    errors: { process_lost: 3 },
  });
}

/** The most that was found until it is over. */
async function sampled(look: () => number, isOver: () => boolean): Promise<number> {
  let most = 0;
  while (!isOver()) {
    most = Math.max(most, look());
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return most;
}

/** What a process takes, in bytes. */
function memoryOf(pid: number): number {
  return Number(say("ps", "-o", "rss=", "-p", String(pid))) * 1024;
}

/** A service with limits of its own. */
export function limited(words: string, limits: string): string {
  return words.replace("{", `{ limits: { ${limits} },`);
}

/** A server of fixtures in a folder of its own. */
export async function serving(
  launcher: Launcher,
  config: { defaults?: string; services: Record<string, string> },
  { bound = false, open = false }: { bound?: boolean; open?: boolean } = {},
): Promise<Serving> {
  const folder = new TempFolder();
  // For other users' processes to read.
  if (open) await Deno.chmod(folder.path, 0o755);
  const fixtures = ["misbehaves.ts", "escapes.ts", "forges.ts"];
  const texts = await Promise.all(
    fixtures.map((name) => Deno.readTextFile(new URL(`../fixtures/services/${name}`, import.meta.url))),
  );
  // A service at a port that the system chooses may connect to all of its host.
  const services = Object.entries(config.services).map(([name, words]) =>
    `  ${name}: ${bound ? words.replace("127.0.0.1:0", `127.0.0.1:${freePort()}`) : words}\n`
  );
  await folder.write({
    "protohost.yaml": `${config.defaults ? `defaults: ${config.defaults}\n` : ""}services:\n${
      services.join("")
    }`,
    ...Object.fromEntries(fixtures.map((name, index) => [name, texts[index]])),
  });
  const program = new Program(launcher, ["serve"], folder.path);
  await program.until(/Ctrl-C stops/);
  return new Serving(launcher, folder, program);
}

export class Serving implements AsyncDisposable {
  readonly #launcher: Launcher;
  readonly folder: TempFolder;
  readonly program: Program;

  constructor(launcher: Launcher, folder: TempFolder, program: Program) {
    this.#launcher = launcher;
    this.folder = folder;
    this.program = program;
  }

  async status(): Promise<ServerStatus> {
    const { stdout, stderr } = await runProgram(this.#launcher, ["status", "--json"], this.folder.path);
    assertStringIncludes(stdout, "{", stderr);
    return JSON.parse(stdout);
  }

  async ports(): Promise<Record<string, number>> {
    const { services } = await this.status();
    return Object.fromEntries(services.map(({ name, addresses: [address] }) => [
      name,
      Number(/:(\d+)$/.exec(address)![1]),
    ]));
  }

  /** The latest first instance of a service. */
  async instance(name: string): Promise<InstanceStatus | undefined> {
    return find(await this.status(), name).instances.findLast(({ instance }) => instance === 0);
  }

  async pid(name: string): Promise<number> {
    return (await this.instance(name))?.pid ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    await this.folder[Symbol.asyncDispose]();
  }
}

/** Asks one question after the other over one connection until told to end. */
async function count(port: number, over: () => boolean): Promise<{ replies: number; latestMs: number }> {
  using wire = await Wire.open(port);
  let replies = 0;
  let latestMs = 0;
  while (!over()) {
    const since = performance.now();
    await wire.write(`question ${replies}\n`);
    assertEquals(await wire.line(), `question ${replies}`);
    latestMs = Math.max(latestMs, performance.now() - since);
    replies++;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { replies, latestMs };
}

export function find(status: ServerStatus, name: string): ServiceStatus {
  return status.services.find((service) => service.name === name)!;
}

/** Whether a process is there and is no zombie. */
export function alive(pid: number): boolean {
  const state = say("ps", "-o", "stat=", "-p", String(pid));
  return state !== "" && !state.startsWith("Z");
}

/** What a program prints. */
export function say(program: string, ...args: string[]): string {
  return new TextDecoder().decode(new Deno.Command(program, { args }).outputSync().stdout).trim();
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
