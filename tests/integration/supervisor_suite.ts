/**
 * What a supervisor does, whatever its services run in: one suite for isolates, processes, and processes for each
 * connection.
 *
 * @module
 */

import { assert, assertArrayIncludes, assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { Client } from "../../lib/embed/client.ts";
import { connect } from "../../lib/embed/connect.ts";
import { DialError } from "../../lib/transport/dial.ts";
import { parseEndpoint } from "../../lib/contract/endpoint.ts";
import type { Config } from "../../lib/config/mod.ts";
import type { Isolation } from "../../lib/spec/worker_spec.ts";
import { resolveLimits } from "../../lib/contract/limits.ts";
import { canSharePorts } from "../../lib/transport/listener.ts";
import { Supervisor, type SupervisorOptions } from "../../lib/supervisor/supervisor.ts";
import {
  ReloadError,
  RestartError,
  StartError,
  UnknownServiceError,
} from "../../lib/supervisor/supervisor_error.ts";
import { until } from "../support/wire.ts";
import {
  configOf,
  fixture,
  LogWatch,
  QUICK,
  type ServiceWords,
  supervise as superviseAny,
  Supervised,
} from "./supervised.ts";

const briefly = resolveLimits({ drainTimeout: 100, lingerTimeout: 50 });

/** Registers the tests for one kind of isolation. */
export function testSupervisor(isolation: Isolation): void {
  // There a crash is the end of a connection, not of an instance; and each process reads the code when it starts.
  const eachConnection = isolation === "connection";
  function test(
    name: string,
    ...rest: [() => Promise<void>] | [{ ignore?: boolean }, () => Promise<void>]
  ): void {
    const [options, fn] = rest.length === 1 ? [{}, rest[0]] : rest;
    Deno.test({ name: `${name} (${isolation})`, ...options, fn });
  }
  function supervise(
    services: Record<string, ServiceWords>,
    options: SupervisorOptions = {},
  ): Promise<Supervised> {
    return superviseAny(services, { isolation, ...options });
  }
  function supervisorOf(config: Config, options: SupervisorOptions = {}): Supervisor {
    return new Supervisor(config, { isolation, ...options });
  }

  test("supervisor serves with two instances at one port", { ignore: !canSharePorts }, async () => {
    await using server = await supervise({ a: { handler: "shout", instances: 2 } });
    assertEquals(server.status("a").instances.map(({ state }) => state), ["ready", "ready"]);
    const answers = new Set<string>();
    for (let i = 0; i < 100 && answers.size < 2; i++) answers.add(await server.ask("a", "who"));
    assertEquals([...answers].sort(), ["a 0", "a 1"]);
  });

  test("stop leaves no one at the port, and settles finished", async () => {
    const server = await supervise({ a: { handler: "shout" } });
    const address = server.address("a");
    const { port } = parseEndpoint(address) as { port: number };
    assertEquals(await server.ask("a", "x"), "X");
    await server.supervisor.stop();
    await server.supervisor.finished;
    assertEquals(server.supervisor.status().state, "stopped");
    assertEquals(server.supervisor.status().services[0].state, "stopped");
    await assertRejects(() => Deno.connect({ port }), Deno.errors.ConnectionRefused);
  });

  test("start tells all problems together and leaves nothing when services are broken", async () => {
    const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = probe.addr;
    probe.close();
    const supervisor = supervisorOf(
      configOf({
        good: { handler: "shout", listen: [`text://127.0.0.1:${port}`] },
        throws: { handler: "throw_on_load" },
        refuses: { handler: "throw_on_start" },
        both: { handler: "both_styles" },
        bare: { handler: "no_default" },
        mistyped: { handler: "shout", listen: ["txt://127.0.0.1:0"] },
        gone: { handler: "is_not_there" },
        nobody: {},
      }),
      { timing: QUICK },
    );
    const error = await assertRejects(() => supervisor.start(), StartError);
    const messages = Object.fromEntries(error.problems.map(({ service, error }) => [service, error.message]));
    assertEquals(Object.keys(messages).sort(), [
      "bare",
      "both",
      "gone",
      "mistyped",
      "nobody",
      "refuses",
      "throws",
    ]);
    assertMatch(error.message, /throws: .*, on purpose \(file:.*throw_on_load\.ts:3:7\)$/m);
    assertMatch(error.message, /refuses: no database \(file:.*throw_on_start\.ts:6:11\)$/m);
    assertMatch(messages.throws, /throw_on_load\.ts: TypeError: does not load, on purpose$/);
    assertMatch(messages.refuses, /^no database$/);
    assertMatch(messages.both, /both_styles\.ts as a service: it has both onMessage and transmission/);
    assertMatch(
      messages.bare,
      /it has no default export, it exports only handler: wanted export default { handler } or the like$/,
    );
    assertMatch(
      messages.mistyped,
      /^Cannot find the protocol "txt" in .*protocols\/txt\.ts.*; did you mean "text"\?$/,
    );
    assertMatch(messages.gone, /is_not_there\.ts/);
    assertMatch(messages.nobody, /it has no handler, and the protocol text needs one$/);
    await supervisor.finished;
    await assertRejects(() => Deno.connect({ port }), Deno.errors.ConnectionRefused);
  });

  test("start fails when another server has the port, shared or not", async () => {
    await using first = await supervise({ a: { handler: "shout" } });
    const second = supervisorOf(configOf({ b: { handler: "shout", listen: [first.address("a")] } }));
    const error = await assertRejects(
      () => second.start(),
      StartError,
      "Cannot start: b: Cannot listen at text://",
    );
    assertEquals(error.problems[0].error.code, "listen_failed");
    assertEquals(await first.ask("a", "x"), "X");
  });

  test("start fails when two services want one address", async () => {
    const listen = ["text://127.0.0.1:7"];
    const supervisor = supervisorOf(
      configOf({ a: { handler: "shout", listen }, b: { handler: "shout", listen } }),
    );
    await assertRejects(
      () => supervisor.start(),
      StartError,
      "b: Cannot listen at text://127.0.0.1:7: service a listens there",
    );
  });

  test("a service module brings its own address and protocol", async () => {
    await using server = await supervise({ a: { handler: "own_address", listen: [] } });
    assertEquals(await server.ask("a", "x").catch(() => ""), "");
    const { port } = parseEndpoint(server.address("a")) as { port: number };
    using connection = await Deno.connect({ port });
    await connection.write(new TextEncoder().encode("x\n"));
    const buffer = new Uint8Array(32);
    assertEquals(new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0)), "own x\n");
  });

  for (const portSharing of canSharePorts ? [true, false] : [false]) {
    const how = portSharing ? "sharing its port" : "closing, then listening";

    test(`restart brings new code while the old serves its connections out, ${how}`, async () => {
      const folder = await Deno.makeTempDir();
      const handler = new URL(`file://${folder}/service.ts`).href;
      const write = (answer: string) =>
        Deno.writeTextFile(
          new URL(handler),
          `export default { onMessage: (connection) => void connection.send(${JSON.stringify(answer)}) };`,
        );
      await write("one");
      {
        await using server = await supervise({ a: { handler }, other: { handler: "shout" } }, {
          portSharing,
        });
        await using other = await server.connect("other");
        const address = server.address("a");
        await using held = await server.connect("a");
        assertEquals(await held.pingPong("?"), "one");
        await write("two");
        await server.supervisor.restart("a");
        assertEquals(server.address("a"), address);
        assertEquals(await server.ask("a", "?"), "two");
        assertEquals(await held.pingPong("?"), "one");
        assertEquals(await other.pingPong("x"), "X");
        const { generation, instances } = server.status("a");
        assertEquals(generation, 2);
        assertEquals(instances.map(({ generation, state }) => [generation, state]), [[1, "draining"], [
          2,
          "ready",
        ]]);
      }
      await Deno.remove(folder, { recursive: true });
    });

    test(
      `restart changes nothing when the new code does not load, ${how}`,
      { ignore: eachConnection },
      async () => {
        const folder = await Deno.makeTempDir();
        const handler = new URL(`file://${folder}/service.ts`).href;
        await Deno.writeTextFile(
          new URL(handler),
          `export default { onMessage: (connection) => void connection.send("one") };`,
        );
        {
          await using server = await supervise({ a: { handler } }, { portSharing });
          await using held = await server.connect("a");
          assertEquals(await held.pingPong("?"), "one");
          await Deno.writeTextFile(new URL(handler), `export default { onMessage: `);
          const error = await assertRejects(() => server.supervisor.restart("a"), RestartError);
          assertMatch(
            error.message,
            /^Cannot restart a: a: Cannot load the service module file:.*service\.ts/,
          );
          assertEquals(await held.pingPong("?"), "one");
          assertEquals(await server.ask("a", "?"), "one");
          assertEquals(server.status("a").generation, 1);
          assertEquals(server.status("a").state, "running");
        }
        await Deno.remove(folder, { recursive: true });
      },
    );

    test(`reload adds, changes and removes services, ${how}`, async () => {
      await using server = await supervise({
        keeps: { handler: "shout" },
        changes: { handler: "shout" },
        goes: { handler: "shout" },
      }, { portSharing });
      const gone = server.address("goes");
      await using kept = await server.connect("keeps");
      assertEquals(await kept.pingPong("x"), "X");
      await server.supervisor.reload(configOf({
        keeps: { handler: "shout" },
        changes: { handler: "own_address" },
        comes: { handler: "shout", listen: [gone] },
      }));
      assertEquals(await kept.pingPong("y"), "Y");
      assertEquals(await server.ask("keeps", "x"), "X");
      assertEquals(await server.ask("changes", "x"), "own x");
      assertEquals(await server.ask("comes", "x"), "X");
      const names = server.supervisor.status().services.filter(({ state }) => state === "running");
      assertEquals(names.map(({ name }) => name), ["keeps", "changes", "comes"]);
    });

    test(`reload changes nothing when a service is broken, ${how}`, async () => {
      await using server = await supervise({ a: { handler: "shout" }, b: { handler: "shout" } }, {
        portSharing,
      });
      await using taken = await supervise({ z: { handler: "shout" } });
      await using held = await server.connect("a");
      assertEquals(await held.pingPong("x"), "X");
      const addresses = [server.address("a"), server.address("b")];
      for (
        const broken of [
          { handler: "throw_on_start" },
          { handler: "shout", listen: [taken.address("z")] },
          { handler: "shout", listen: [addresses[0].replace("127.0.0.1", "192.0.2.1")] },
        ]
      ) {
        await assertRejects(
          () => server.supervisor.reload(configOf({ a: { handler: "own_address" }, b: broken })),
          ReloadError,
        );
        assertEquals(await held.pingPong("x"), "X");
        assertEquals(await server.ask("a", "x"), "X");
        assertEquals(await server.ask("b", "x"), "X");
        assertEquals([server.address("a"), server.address("b")], addresses);
        assertEquals(server.status("a").state, "running");
      }
    });

    test(`a unix socket is handed over, and back when a reload fails, ${how}`, {
      ignore: Deno.build.os === "windows",
    }, async () => {
      const folder = await Deno.makeTempDir();
      {
        const listen = [`text+unix://${folder}/a.sock`];
        await using server = await supervise({ a: { handler: "shout", listen, instances: 2 } }, {
          portSharing,
        });
        await server.supervisor.restart("a");
        assertEquals(await server.ask("a", "who"), "a 0");
        const broken = configOf({
          a: { handler: "own_address", listen, protocol: "text" },
          b: { handler: "shout", listen: ["text://192.0.2.1:1"] },
        });
        await assertRejects(() => server.supervisor.reload(broken), ReloadError);
        assertEquals(await server.ask("a", "x"), "X");
        assertEquals(server.status("a").instances.length, 1);
      }
      assertEquals(await Array.fromAsync(Deno.readDir(folder), ({ name }) => name), []);
      await Deno.remove(folder, { recursive: true });
    });
  }

  test("restart of an unknown service names the nearest", async () => {
    await using server = await supervise({ chat: { handler: "shout" } });
    await assertRejects(() => server.supervisor.restart("chta"), UnknownServiceError, `did you mean "chat"?`);
  });

  test("restarts one after the other when many are asked for at once, and none is lost", async () => {
    await using server = await supervise({ a: { handler: "shout" }, b: { handler: "shout" } });
    await Promise.all([
      server.supervisor.restart("a"),
      server.supervisor.restart("b"),
      server.supervisor.reload(undefined, { all: true }),
      server.supervisor.restart("a"),
    ]);
    assertEquals([server.status("a").generation, server.status("b").generation], [4, 3]);
    assertEquals(await server.ask("a", "x"), "X");
  });

  test("a service whose name is that of a part of every object is served and logged", async () => {
    using log = new LogWatch();
    await using server = await supervise({ constructor: { handler: "logs" } });
    assertEquals(await server.ask("constructor", "1"), "done");
    await until(() =>
      log.records.some(({ category }) => category[1] === "constructor" && category.length === 2)
    );
    await server.supervisor.restart("constructor");
    assertEquals(server.status("constructor").generation, 2);
  });

  test("a service that cannot even be prepared is refused, and nothing of the others is left", async () => {
    using log = new LogWatch();
    await using server = await supervise({ a: { handler: "shout" } });
    const next = configOf({ a: { handler: "shout" }, b: { handler: "shout", listen: ["no address"] } });
    await assertRejects(() => server.supervisor.reload(next), ReloadError, "b: Cannot read the address");
    assertEquals(server.supervisor.status().services.map(({ name, instances }) => [name, instances.length]), [
      ["a", 1],
    ]);
    assertMatch(log.lines.at(-1)!, /Cannot read the address/);
    await server.supervisor.reload(configOf({ a: { handler: "shout" } }));
    assertEquals(server.status("a").generation, 1);
  });

  test("reloads that are asked for while one waits are one", async () => {
    const file = "/nowhere/protohost.yaml";
    const config = { ...configOf({ a: { handler: "shout" } }), file };
    let read = 0;
    const supervisor = supervisorOf(config, {
      timing: QUICK,
      loadConfig: () => {
        read++;
        return Promise.resolve(config);
      },
    });
    await using server = new Supervised(supervisor);
    await supervisor.start();
    const storm = Array.from({ length: 300 }, () => supervisor.reload(undefined, { all: true }));
    // One that is asked for once the first has begun reads the file again.
    await until(() => Promise.resolve(read === 1));
    storm.push(...Array.from({ length: 300 }, () => supervisor.reload(undefined, { all: true })));
    await Promise.all(storm);
    assertEquals([read, server.status("a").generation], [2, 3]);
    await supervisor.reload();
    assertEquals(read, 3);
  });

  test("a service that is restarted waits for none that takes long to load", async () => {
    await using server = await supervise({ a: { handler: "shout" }, slow: { handler: "shout" } }, {
      timing: { loadTimeoutMs: 60_000 },
    });
    // Its code waits for ever from now on.
    const { config } = server.supervisor;
    config.services.slow = { ...config.services.slow, handler: fixture("never_loads") };
    const outcome = server.supervisor.restart("slow").then(() => "done", () => "refused");
    await until(() => Promise.resolve(server.status("slow").instances.length === 2));
    await server.supervisor.restart("a");
    assertEquals([server.status("a").generation, server.status("slow").generation], [2, 1]);
    await server.supervisor.stop({ immediate: true });
    assertEquals(await outcome, "refused");
  });

  test("an instance comes back with the certificates from before when those are broken meanwhile", async () => {
    using log = new LogWatch();
    const folder = await Deno.makeTempDir();
    const [cert, key] = ["one.crt", "one.key"].map((name) => `${folder}/${name}`);
    for (const path of [cert, key]) {
      await Deno.copyFile(new URL(`../fixtures/tls/${path.slice(folder.length + 1)}`, import.meta.url), path);
    }
    const caCerts = [await Deno.readTextFile(cert)];
    {
      await using server = await supervise({
        a: {
          handler: "crash_on_message",
          listen: ["text+tls://localhost:0"],
          tls: { certificates: [{ cert, key }], clientCertificate: "none" },
          pool: { size: 4, spare: 1, waitMs: 20_000 },
        },
      });
      const client = () => connect<string>(server.address("a"), { tls: { caCerts } });
      {
        await using first = await client();
        assertEquals(await first.pingPong("x"), "x");
        const warned = log.next(
          /Cannot use .*one\.crt: it contains no certificate in PEM; serving with the certificates from before/,
        );
        await Deno.writeTextFile(cert, "broken");
        first.ping("crash");
        await warned;
      }
      await until(async () => {
        try {
          await using second = await client();
          return await second.pingPong("y") === "y";
        } catch {
          return false;
        }
      });
      // A restart by hand wants them whole.
      await assertRejects(
        () => server.supervisor.restart("a"),
        RestartError,
        "it contains no certificate in PEM",
      );
      await using third = await client();
      assertEquals(await third.pingPong("z"), "z");
    }
    await Deno.remove(folder, { recursive: true });
  });

  for (
    const [handler, line] of [
      ["crash_on_message", /Instance 0 of generation 1 crashed: RangeError: crashed as told; restarting in /],
      ["reject_promise", /Instance 0 of generation 1 crashed: Error: nobody caught this; restarting in /],
      ["exit", /Instance 0 of generation 1 called Deno\.exit\(3\); restarting in /],
      ["close_self", /Instance 0 of generation 1 called self\.close\(\); restarting in /],
      ...(isolation === "worker" ? [] : [
        [
          "busy",
          /Instance 0 of generation 1 did not answer pings within 150 ms \(limits\.heartbeat\); restarting in /,
        ] as const,
        [
          "kill_self",
          /Instance 0 of generation 1 lost its process: SIGKILL; restarting in /,
        ] as const,
      ]),
    ] as const
  ) {
    test(`a worker comes back, and others do not notice, when its code does ${handler}`, {
      ignore: eachConnection,
    }, async () => {
      using log = new LogWatch();
      const limits = resolveLimits({ heartbeat: handler === "busy" ? 150 : 5000 });
      await using server = await supervise({ bad: { handler, limits }, good: { handler: "shout" } });
      await using good = await server.connect("good");
      assertEquals(await good.pingPong("x"), "X");
      await using bad = await server.connect("bad");
      const crashed = log.next(line);
      const back = log.next(/Instance 0 of generation 1 serving again/);
      bad.ping("crash");
      await crashed;
      assertEquals(await good.pingPong("y"), "Y");
      await back;
      assertEquals(await server.ask("bad", "still here"), "still here");
      assertEquals(await good.pingPong("z"), "Z");
      const { state, crashes, restarts, lastError, generation } = server.status("bad");
      assertEquals({ state, crashes, restarts, generation }, {
        state: "running",
        crashes: 1,
        restarts: 1,
        generation: 1,
      });
      assert(lastError !== undefined);
    });
  }

  test("an instance crashes alone while the other goes on", {
    ignore: eachConnection || !canSharePorts,
  }, async () => {
    using log = new LogWatch();
    const timing = { backoffFirstMs: 60_000, backoffMaxMs: 60_000 };
    await using server = await supervise({ a: { handler: "crash_on_message", instances: 2 } }, { timing });
    const crashed = log.next(/crashed/);
    await using client = await server.connect("a");
    client.ping("crash");
    await crashed;
    assertEquals(server.status("a").state, "degraded");
    for (let i = 0; i < 10; i++) assertEquals(await server.ask("a", "x"), "x");
  });

  test("a service that keeps crashing has failed, is tried slowly, and others go on", {
    ignore: eachConnection,
  }, async () => {
    using log = new LogWatch();
    await using server = await supervise(
      { bad: { handler: "crash_on_message" }, good: { handler: "shout" } },
      { timing: { failedRetryMs: 300, backoffJitter: 0, healthyMs: 200 } },
    );
    for (let crashes = 1; crashes <= 5; crashes++) {
      const crashed = log.next(/crashed/);
      const back = log.next(/serving again/);
      await using client = await server.connect("bad");
      client.ping("crash");
      await crashed;
      assertEquals(server.status("bad").crashes, crashes);
      assertEquals(server.status("bad").state, crashes < 5 ? "restarting" : "failed");
      assertEquals(await server.ask("good", "x"), "X");
      await back;
    }
    assertArrayIncludes(log.lines, [
      "Instance 0 of generation 1 crashed: RangeError: crashed as told; restarting in 80 ms",
      "Instance 0 of generation 1 crashed: RangeError: crashed as told; restarting in 300 ms",
      "Service failed: 5 crashes within 60 s; restarting every 300 ms from now on",
    ]);
    assertEquals(await server.ask("bad", "x"), "x");
    assertEquals(server.status("bad").state, "running");
  });

  test("a drain lets connections finish, says goodbye, and cuts what outlives its deadline", async () => {
    using log = new LogWatch();
    await using server = await supervise({ a: { handler: "says_goodbye", limits: briefly } });
    await using polite = await server.connect("a");
    await using clinging = await server.connect("a");
    assertEquals(await polite.pingPong("x"), "x");
    assertEquals(await clinging.pingPong("x"), "x");
    const ended = log.next(/Generation 1 ended/);
    await server.supervisor.restart("a");
    assertEquals(await polite.pong(), "goodbye");
    await polite.close();
    assertEquals(await ended, "Generation 1 ended: 1 connection finished, 1 cut");
    await clinging.closed;
    assertEquals(server.status("a").instances.length, 1);
    assertEquals(server.status("a").stats.accepted, 2);
  });

  test("ids of connections do not repeat when an instance crashes, is replaced, or its service comes back", {
    ignore: eachConnection,
  }, async () => {
    using log = new LogWatch();
    const crashing = { handler: "crash_on_message" };
    await using server = await supervise({ a: crashing });
    const ids: string[] = [];
    const meet = async (leave: (client: Client) => Promise<unknown>) => {
      await using client = await server.connect("a");
      assertEquals(await client.pingPong("x"), "x");
      ids.push(...(await server.supervisor.connections()).map(({ id }) => id));
      await leave(client);
    };
    const crash = async (client: Client) => {
      const back = log.next(/Instance 0 of generation 1 serving again/);
      client.ping("crash");
      await back;
    };
    const stay = () => Promise.resolve();
    await meet(crash);
    await meet(crash);
    await meet(stay);
    await server.supervisor.restart("a");
    await meet(stay);
    await server.supervisor.reload(configOf({ b: { handler: "shout" } }));
    await server.supervisor.reload(configOf({ a: crashing }));
    await meet(stay);
    assertEquals(ids, ["a.1.0.1", "a.1.0-1.1", "a.1.0-2.1", "a.2.0.1", "a.3.0.1"]);
  });

  test("context.draining aborts when a generation begins to drain, context.signal when it has drained", async () => {
    using log = new LogWatch();
    await using server = await supervise({ a: { handler: "tells_of_its_end" } });
    await using client = await server.connect("a");
    assertEquals(await client.pingPong("x"), "x");
    const draining = log.next(/draining with 1 connection/);
    await server.supervisor.restart("a");
    await draining;
    assertEquals(await client.pingPong("still there"), "still there");
    const ended = log.next(/ended with 0 connections/);
    await client.close();
    await ended;
  });

  test("the oldest generation is cut when a fifth would drain", async () => {
    using log = new LogWatch();
    await using server = await supervise({
      a: { handler: "shout", limits: resolveLimits({ drainTimeout: 60_000 }) },
    });
    const held = [];
    let ended: Promise<string> | undefined;
    for (let i = 1; i <= 5; i++) {
      const client = await server.connect("a");
      held.push(client);
      assertEquals(await client.pingPong("x"), "X");
      ended = log.next(/Generation 1 ended/);
      await server.supervisor.restart("a");
    }
    await held[0].closed;
    assertArrayIncludes(log.lines, ["Generation 1 stopped: more than 4 generations draining"]);
    assertEquals(await ended, "Generation 1 ended: 0 connections finished, 1 cut");
    assertEquals(await held[1].pingPong("y"), "Y");
    for (const client of held) await client.close();
  });

  test("a stop at once counts as cut what was open, and a second one what had not finished", async () => {
    for (const atOnce of [true, false]) {
      using log = new LogWatch();
      const server = await supervise({
        a: { handler: "says_goodbye", limits: resolveLimits({ drainTimeout: 60_000 }) },
      });
      const held = [await server.connect("a"), await server.connect("a"), await server.connect("a")];
      for (const client of held) assertEquals(await client.pingPong("x"), "x");
      if (!atOnce) {
        server.supervisor.stop();
        for (const client of held) assertEquals(await client.pong(), "goodbye");
      }
      await held[0].close();
      await until(async () => {
        await server.supervisor.refresh();
        return server.status("a").stats.open === 2;
      });
      await server.supervisor.stop({ immediate: true });
      assertArrayIncludes(log.lines, [
        `Generation 1 ended: ${atOnce ? "0 connections" : "1 connection"} finished, 2 cut`,
      ]);
      for (const client of held) await client.closed;
    }
  });

  test("what a worker that ends in the middle of its drain had open counts as cut", {
    ignore: eachConnection,
  }, async () => {
    using log = new LogWatch();
    await using server = await supervise({
      a: { handler: "crash_on_message", limits: resolveLimits({ drainTimeout: 60_000 }) },
    });
    const held = [await server.connect("a"), await server.connect("a")];
    for (const client of held) assertEquals(await client.pingPong("x"), "x");
    await server.supervisor.restart("a");
    await server.supervisor.refresh();
    const ended = log.next(/Generation 1 ended/);
    held[0].ping("crash");
    assertEquals(await ended, "Generation 1 ended: 0 connections finished, 2 cut");
    for (const client of held) await client.closed;
  });

  test("stop waits for connections, and cuts them when told a second time", async () => {
    const server = await supervise({
      a: { handler: "shout", limits: resolveLimits({ drainTimeout: 60_000 }) },
    });
    await using held = await server.connect("a");
    assertEquals(await held.pingPong("x"), "X");
    const stopped = server.supervisor.stop();
    assertEquals(server.supervisor.status().state, "stopping");
    assertEquals(await held.pingPong("y"), "Y");
    await server.supervisor.stop({ immediate: true });
    await stopped;
    await held.closed;
    assertEquals(server.supervisor.status().state, "stopped");
  });

  test("stop does not wait for ever when onStop never settles", async () => {
    using log = new LogWatch();
    const server = await supervise({ a: { handler: "never_stops" } }, { timing: { stopTimeoutMs: 100 } });
    await server.supervisor.stop();
    assertArrayIncludes(log.lines, ["Instance 0 of generation 1 was still stopping after 100 ms"]);
  });

  test("stop breaks off a start that hangs", async () => {
    const supervisor = supervisorOf(configOf({ a: { handler: "never_loads" } }), { timing: QUICK });
    const starting = supervisor.start();
    const failed = assertRejects(() => starting, StartError);
    await until(() => supervisor.status().services[0]?.state === "starting");
    await supervisor.stop();
    await failed;
    assertEquals(supervisor.status().state, "stopped");
  });

  test("start says when a module loads slowly, and gives up when it never does", async () => {
    using log = new LogWatch();
    const supervisor = supervisorOf(configOf({ a: { handler: "never_loads" } }), {
      timing: { loadTimeoutMs: 300, slowLoadMs: 100 },
    });
    await assertRejects(() => supervisor.start(), StartError, "was still loading after 300 ms");
    assertEquals(log.lines.filter((line) => line.includes("Still loading after 100 ms")).length, 1);
  });

  test(
    "what one instance publishes is heard in all, its own included",
    { ignore: !canSharePorts },
    async () => {
      await using server = await supervise({
        a: { handler: "publishes", instances: 2 },
        b: { handler: "publishes" },
      });
      const clients = [await server.connect("b")];
      const instances = new Set(["b"]);
      while (instances.size < 3) {
        const client = await server.connect("a");
        const instance = await client.pingPong("who");
        // Which one it reaches is the system's choice: what is not wanted goes, so that no pool is full of it.
        if (instances.has(instance)) await client.close();
        else clients.push(client);
        instances.add(instance);
      }
      assertEquals(await clients[0].pingPong("who"), "0");
      clients[0].ping("hello");
      assertEquals(await Promise.all(clients.map((client) => client.pong())), clients.map(() => "hello"));
      clients[0].ping("deep 500");
      assertEquals(await Promise.all(clients.map((client) => client.pong())), clients.map(() => "deep"));
      for (const client of clients) await client.close();
    },
  );

  test("connections and counters are those of all instances and generations", async () => {
    await using server = await supervise({ a: { handler: "shout", instances: 2 } });
    await using first = await server.connect("a");
    await first.pingPong("x");
    await server.supervisor.restart("a");
    await using second = await server.connect("a");
    await second.pingPong("x");
    const connections = await server.supervisor.connections();
    assertEquals(connections.map(({ id }) => id.split(".").slice(0, 2).join(".")).sort(), ["a.1", "a.2"]);
    await server.supervisor.refresh();
    const { open, accepted, messagesIn, messagesOut } = server.status("a").stats;
    assertEquals({ open, accepted, messagesIn, messagesOut }, {
      open: 2,
      accepted: 2,
      messagesIn: 2,
      messagesOut: 2,
    });
  });

  test("a worker's log reaches the supervisor's, floods folded", async () => {
    using log = new LogWatch();
    await using server = await supervise({ a: { handler: "logs" } });
    const folded = log.next(/repeated/);
    assertEquals(await server.ask("a", "600"), "done");
    assertEquals(await folded, "Got 600 ... repeated 580 times");
    const records = log.records.filter(({ category }) => category[1] === "a" && category.length === 2);
    const [record] = records.filter(({ message }) => String(message[0]).startsWith("Got"));
    assertEquals(record.level, "info");
    assertEquals((record.properties.error as { message: string }).message, "told");
  });

  test("a configuration read again is the one of the file", async () => {
    const file = "/nowhere/protohost.yaml";
    const config = { ...configOf({ a: { handler: "shout" } }), file };
    const read: string[] = [];
    const supervisor = supervisorOf(config, {
      timing: QUICK,
      loadConfig: (path) => {
        read.push(path);
        return read.length === 1
          ? Promise.reject(new Error("line 3 is wrong"))
          : Promise.resolve({ ...configOf({ b: { handler: "shout" } }), file });
      },
    });
    await supervisor.start();
    await using server = new Supervised(supervisor);
    await assertRejects(() => supervisor.reload(), Error, "line 3 is wrong");
    assertEquals(await server.ask("a", "x"), "X");
    await supervisor.reload();
    assertEquals(read, [file, file]);
    assertEquals(await server.ask("b", "x"), "X");
    assertEquals(supervisor.status().config, file);
  });

  test("protocols come from the configuration, then from beside it, then from the bundled ones", async () => {
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(`${folder}/protocols`);
    const source = (mark: string) => `
    const decoder = new TextDecoder();
    export default {
      name: "x", input: (b) => b.indexOf(10) + 1, decode: (f) => decoder.decode(f).trim(),
      encode: (m) => "${mark} " + m + "\\n",
    };`;
    await Deno.writeTextFile(`${folder}/protocols/Text.ts`, source("beside"));
    await Deno.writeTextFile(`${folder}/protocols/mine.ts`, source("beside"));
    await Deno.writeTextFile(`${folder}/elsewhere.ts`, source("configured"));
    {
      const supervisor = supervisorOf(
        configOf({
          a: { handler: "shout", listen: ["text://127.0.0.1:0"] },
          b: { handler: "shout", listen: ["Mine://127.0.0.1:0"] },
          c: { listen: ["echo://127.0.0.1:0"] },
        }, { base: `file://${folder}/`, protocols: { mine: `file://${folder}/elsewhere.ts` } }),
        { timing: QUICK },
      );
      await supervisor.start();
      await using server = new Supervised(supervisor);
      const ask = async (service: string) => {
        const { port } = parseEndpoint(server.address(service)) as { port: number };
        using connection = await Deno.connect({ port });
        await connection.write(new TextEncoder().encode("x\n"));
        const buffer = new Uint8Array(32);
        return new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
      };
      assertEquals([await ask("a"), await ask("b"), await ask("c")], ["beside X\n", "configured X\n", "x\n"]);
    }
    await Deno.remove(folder, { recursive: true });
  });

  test("without port sharing a service runs one instance and the log says so", async () => {
    using log = new LogWatch();
    await using server = await supervise({ a: { handler: "shout", instances: 3 } }, { portSharing: false });
    assertEquals(server.status("a").instances.length, 1);
    assertEquals(log.lines.slice(0, 2), [
      "Ports cannot be shared here: each service has one instance, and a restart closes its ports for a moment",
      "Running 1 instance instead of 3: ports cannot be shared here",
    ]);
  });

  test("a client finds nobody at the address of a service that a reload removed", async () => {
    await using server = await supervise({ a: { handler: "shout" }, b: { handler: "shout" } });
    const address = server.address("b");
    await server.supervisor.reload(configOf({ a: { handler: "shout" } }));
    await assertRejects(() => connect(address), DialError);
    assertEquals(fixture("shout").endsWith("/shout.ts"), true);
  });
}
