import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ControlError, controlRequest, controlStop } from "../../lib/control/control_client.ts";
import { serveControl } from "../../lib/control/control_server.ts";
import { EXIT } from "../../lib/cli/exit_codes.ts";
import { unreachable } from "../../lib/cli/running_server.ts";
import { connect } from "../../lib/embed/connect.ts";
import { DialError } from "../../lib/transport/dial.ts";
import { startServer } from "../../lib/server/start_server.ts";
import type { Supervisor } from "../../lib/supervisor/supervisor.ts";
import { StartError } from "../../lib/supervisor/supervisor_error.ts";
import { soon, Wire } from "../support/wire.ts";
import { ControlSocket } from "../../lib/control/control_socket.ts";
import { configOf, LogWatch, QUICK, supervise } from "./supervised.ts";

interface Controlled extends AsyncDisposable {
  supervisor: Supervisor;
  path: string;
}

/** A server with a control socket in a folder of its own. */
async function controlled(): Promise<Controlled> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/control.sock`;
  const log = new LogWatch();
  const config = configOf({ chat: { handler: "shout" }, other: { handler: "shout" } }, { control: path });
  const supervisor = await startServer(config, { timing: QUICK });
  return {
    supervisor,
    path,
    async [Symbol.asyncDispose]() {
      await supervisor.stop({ immediate: true });
      log[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

const options = { ignore: Deno.build.os === "windows" };

Deno.test("the control socket is its owner's alone and goes with the server", options, async () => {
  await using server = await controlled();
  assertEquals((await Deno.lstat(server.path)).mode! & 0o777, 0o600);
  await server.supervisor.stop();
  await assertRejects(() => Deno.lstat(server.path), Deno.errors.NotFound);
  await assertRejects(() => controlRequest(server.path, { command: "status" }), DialError);
});

Deno.test(
  "a control socket that is deleted is made again, and its open connections go on",
  options,
  async () => {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/control.sock`;
    {
      using log = new LogWatch();
      await using server = await supervise({ a: { handler: "shout" } });
      const socket = await ControlSocket.open(path, server.supervisor, { lookMs: 10 });
      using open = await Wire.open(path);
      const again = log.next(/The control socket .* was deleted: it is there again/);
      await Deno.remove(path);
      await again;
      assertEquals((await Deno.lstat(path)).mode! & 0o777, 0o600);
      const { state } = await controlRequest(path, { command: "status" });
      assertEquals(state, "running");
      await open.write('{"id":1,"command":"connections"}\n');
      assertEquals(await open.line(), '{"id":1,"ok":true,"result":[]}');
      await socket.close();
      await assertRejects(() => Deno.lstat(path), Deno.errors.NotFound);
    }
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test("status and connections come over the control socket, counters fresh", options, async () => {
  await using server = await controlled();
  const [{ addresses: [address] }] = server.supervisor.status().services;
  await using client = await connect<string>(address);
  assertEquals(await client.pingPong("x"), "X");
  const status = await controlRequest(server.path, { command: "status" });
  assertEquals(status.control, server.path);
  assertEquals(status.services.map(({ name, state, stats }) => [name, state, stats.messagesIn]), [
    ["chat", "running", 1],
    ["other", "running", 0],
  ]);
  const connections = await controlRequest(server.path, { command: "connections" });
  assertEquals(connections.map(({ id, bytesRead }) => [id, bytesRead]), [["chat.1.0.1", 2]]);
  assertEquals(await controlRequest(server.path, { command: "connections", service: "other" }), []);
});

Deno.test("restart, reload of one and reload of all replace what they name", options, async () => {
  await using server = await controlled();
  assertEquals(await controlRequest(server.path, { command: "restart", service: "chat" }), null);
  assertEquals(await controlRequest(server.path, { command: "reload", service: "chat" }), null);
  assertEquals(await controlRequest(server.path, { command: "reload" }), null);
  const changed = await controlRequest(server.path, { command: "status" });
  assertEquals(changed.services.map(({ generation }) => generation), [3, 1]);
  assertEquals(await controlRequest(server.path, { command: "reload", all: true }), null);
  const { services } = await controlRequest(server.path, { command: "status" });
  assertEquals(services.map(({ generation }) => generation), [4, 2]);
});

Deno.test("a refusal comes with its code and the nearest name", options, async () => {
  await using server = await controlled();
  for (const command of ["restart", "connections"] as const) {
    const error = await assertRejects(
      () => controlRequest(server.path, { command, service: "chta" }),
      ControlError,
      `did you mean "chat"?`,
    );
    assertEquals(error.code, "unknown_service");
  }
});

Deno.test("stop over the control socket is answered, and ends the server", options, async () => {
  await using server = await controlled();
  assertEquals(await controlRequest(server.path, { command: "stop" }), null);
  await server.supervisor.finished;
  assertEquals(server.supervisor.status().state, "stopped");
});

Deno.test("who has a server stop can wait until it has, and is told what it waits for", options, async () => {
  for (const immediate of [false, true]) {
    await using server = await controlled();
    const [{ addresses: [address] }] = server.supervisor.status().services;
    await using held = await connect<string>(address);
    assertEquals(await held.pingPong("x"), "X");
    const told = Promise.withResolvers<number>();
    const stopped = controlStop(server.path, { immediate, waitingAfterMs: 10 }, told.resolve);
    if (!immediate) {
      assertEquals(await soon(told.promise), 1);
      assertEquals(await held.pingPong("still here"), "STILL HERE");
      await held.close();
    }
    await soon(stopped);
    // Another server can be started there now.
    await assertRejects(() => Deno.lstat(server.path), Deno.errors.NotFound);
    await soon(server.supervisor.finished);
  }
});

Deno.test("what is no request is answered, and the connection goes on", options, async () => {
  await using server = await controlled();
  using wire = new Wire(await Deno.connect({ transport: "unix", path: server.path }));
  const cases: [string, number | null, string][] = [
    [`{"command":"status"}`, null, "bad_request"],
    [`{"id":1,"command":"restrat"}`, 1, "bad_request"],
    [`{"id":2,"command":"toString"}`, 2, "bad_request"],
    [`{"id":3,"command":"restart"}`, 3, "bad_request"],
    [`{"id":4,"command":"stop","immediate":"yes"}`, 4, "bad_request"],
    [`[1]`, null, "bad_request"],
    [`null`, null, "bad_request"],
  ];
  for (const [line, id, code] of cases) {
    await wire.write(`${line}\n`);
    const reply = JSON.parse(await wire.line());
    assertEquals([reply.id, reply.ok, reply.error.code], [id, false, code], line);
    assert(reply.error.stack === undefined);
  }
  await wire.write(`{"id":"last","command":"status"}\n`);
  assertEquals(JSON.parse(await wire.line()).ok, true);
});

Deno.test(
  "silent clients of the control socket give way to others, and are closed in time",
  options,
  async () => {
    const folder = await Deno.makeTempDir();
    await using server = await controlled();
    const path = `${folder}/busy.sock`;
    await using control = await serveControl(path, server.supervisor, { silentMs: 1500 });
    const silent: Deno.Conn[] = [];
    for (let index = 0; index < 200; index++) silent.push(await Deno.connect({ transport: "unix", path }));
    const ends = silent.map(async (connection) => {
      const count = await connection.read(new Uint8Array(1)).catch(() => null);
      connection.close();
      return count;
    });
    // Well before any of them has been silent too long.
    assertEquals((await soon(controlRequest(path, { command: "status" }), "status", 1000)).pid, Deno.pid);
    // Those that came first have gone first.
    assertEquals(await soon(Promise.all(ends.slice(0, 136))), Array(136).fill(null));
    assertEquals(await soon(Promise.all(ends)), Array(200).fill(null));
    assertEquals(control.stats.open, 0);
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test(
  "a client that waits for a stop or for a reply is not silent, and one that asks again neither",
  options,
  async () => {
    const folder = await Deno.makeTempDir();
    await using server = await controlled();
    const path = `${folder}/waits.sock`;
    await using _control = await serveControl(path, server.supervisor, { silentMs: 100 });
    using asking = new Wire(await Deno.connect({ transport: "unix", path }));
    for (let id = 0; id < 8; id++) {
      await asking.write(`{"id":${id},"command":"status"}\n`);
      assertEquals(JSON.parse(await asking.line()).id, id);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
    const [{ addresses: [address] }] = server.supervisor.status().services;
    await using held = await connect<string>(address);
    assertEquals(await held.pingPong("x"), "X");
    using waiting = new Wire(await Deno.connect({ transport: "unix", path }));
    await waiting.write(`{"id":1,"command":"stop"}\n`);
    assertEquals(JSON.parse(await waiting.line()).ok, true);
    const over = waiting.rest();
    assertEquals(await asking.rest(), "");
    assertEquals(
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 300, "waits"))]),
      "waits",
    );
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test("requests beyond those that may be pending are refused, but status is told", options, async () => {
  const folder = await Deno.makeTempDir();
  await using server = await controlled();
  const path = `${folder}/many.sock`;
  const held = Promise.withResolvers<void>();
  const supervisor = Object.create(server.supervisor, { reload: { value: () => held.promise } });
  // What is inherited works on the real one.
  for (const name of ["refresh", "status"] as const) {
    Object.defineProperty(supervisor, name, { value: () => server.supervisor[name]() });
  }
  await using _control = await serveControl(path, supervisor);
  const refused = Promise.withResolvers<ControlError>();
  const outcomes = Promise.all(
    Array.from(
      { length: 33 },
      () =>
        controlRequest(path, { command: "reload" }).then(() => "reloaded", (error) => {
          refused.resolve(error);
          return "refused";
        }),
    ),
  );
  const { code, message } = await soon(refused.promise);
  assertEquals([code, message], ["busy", "Cannot reload now: 32 requests are pending already"]);
  assertEquals((await controlRequest(path, { command: "status" })).pid, Deno.pid);
  held.resolve();
  assertEquals(
    (await soon(outcomes)).sort(),
    [
      "refused",
      ...Array(32).fill("reloaded"),
    ].sort(),
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "a control socket that belongs to another is neither taken over nor called dead",
  // To root nothing is denied.
  ignore: options.ignore || Deno.uid() === 0,
  async fn() {
    await using server = await controlled();
    await Deno.chmod(server.path, 0);
    const second = configOf({ a: { handler: "shout" } }, { control: server.path });
    await assertRejects(() => startServer(second), StartError, "belongs to another user");
    const { cause } = await assertRejects(
      () => controlRequest(server.path, { command: "status" }),
      DialError,
    );
    assert(cause instanceof Deno.errors.PermissionDenied);
  },
});

Deno.test("who may not connect is told that, and ends with a code of its own", () => {
  const denied = new DialError("connect_failed", "x", { cause: new Deno.errors.PermissionDenied("x") });
  const refused = new DialError("connect_failed", "x", { cause: new Deno.errors.ConnectionRefused("x") });
  assertEquals(unreachable("/s", denied).exitCode, EXIT.denied);
  assertStringIncludes(unreachable("/s", denied).message, "Permission denied at the control socket /s");
  assertEquals(unreachable("/s", refused).exitCode, EXIT.noServer);
  assertStringIncludes(unreachable("/s", refused).message, "No server listens at the control socket /s");
});

Deno.test("a second server with the same control socket does not start", options, async () => {
  await using server = await controlled();
  const second = configOf({ a: { handler: "shout" } }, { control: server.path });
  const { message } = await assertRejects(() => startServer(second), StartError, "control: Cannot listen at");
  assertEquals(message.match(/Cannot listen at/g)?.length, 1, message);
  assertStringIncludes(
    message,
    "another server listens there; a second configuration in the same folder needs a socket of its own",
  );
  assertStringIncludes(message, "control: ./second.sock");
  assertEquals((await controlRequest(server.path, { command: "status" })).pid, Deno.pid);
});
