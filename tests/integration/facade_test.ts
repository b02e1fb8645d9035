/**
 * What handlers, hooks and protocols are given, gone over as far as it leads: nothing that other connections share can be
 * changed there, and whoever breaks all that can be broken breaks a connection of its own.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  type AnyProtocol,
  type Codec,
  connect,
  type Connection,
  type Conversation,
  listen,
  on,
  type Peer,
  sequence,
  type ServiceContext,
  text,
} from "@protohost/protohost";
import type { Client } from "../../lib/embed/client.ts";
import type { ListenOptions } from "../../lib/embed/listen.ts";
import type { HookContext } from "../../lib/hooks/hook_context.ts";
import { isPlatformObject, type Reached, vandalise, walk } from "../fixtures/walk.ts";
import { soon, until, Wire } from "../support/wire.ts";
import { LogWatch, supervise } from "./supervised.ts";

const CONNECTION = {
  id: true,
  side: true,
  transport: true,
  remoteAddr: true,
  localAddr: true,
  limits: true,
  session: true,
  state: true,
  bytesRead: true,
  bytesWritten: true,
  queuedBytes: true,
  signal: true,
  error: true,
  canStartTls: true,
  send: true,
  flushed: true,
  pause: true,
  resume: true,
  close: true,
  end: true,
  destroy: true,
  pipe: true,
  upgrade: true,
} satisfies Record<keyof Connection, true>;

const CONVERSATION = {
  connection: true,
  ping: true,
  pingPong: true,
  pong: true,
  [Symbol.asyncIterator]: true,
} satisfies Record<keyof Conversation, true>;

const CLIENT = {
  connection: true,
  closed: true,
  send: true,
  ping: true,
  pingPong: true,
  pong: true,
  close: true,
  [Symbol.asyncIterator]: true,
  [Symbol.asyncDispose]: true,
} satisfies Record<keyof Client, true>;

const CONTEXT = {
  name: true,
  instance: true,
  options: true,
  base: true,
  log: true,
  draining: true,
  signal: true,
  connections: true,
  count: true,
  publish: true,
  subscribe: true,
} satisfies Record<keyof ServiceContext, true>;

const HOOK_CONTEXT = {
  message: true,
  command: true,
  direction: true,
  request: true,
  matched: true,
  connection: true,
  notes: true,
  log: true,
  publish: true,
  count: true,
} satisfies Record<keyof HookContext, true>;

/** The names of all members, inherited ones too. */
function membersOf(value: object): string[] {
  const names = new Set<string>();
  for (let one = value; one !== null && one !== Object.prototype; one = Object.getPrototypeOf(one)) {
    for (const key of Reflect.ownKeys(one)) if (key !== "constructor") names.add(String(key));
  }
  return [...names].sort();
}

function namesIn(record: object): string[] {
  return Reflect.ownKeys(record).map(String).sort();
}

const MEMBERS = namesIn(CONNECTION);

function isConnection(value: object): value is Connection {
  return Object.hasOwn(value, "state") && "bytesRead" in value;
}

/** What is user code's own of what it is given: it may change, and others may not notice. */
class Given {
  /** By who was given it. */
  readonly reached: Map<string, Reached[]> = new Map();
  /** What was made for one connection or message alone, and is not frozen. */
  readonly own: Set<object> = new Set();

  /** Notes what somebody is given, the first time. */
  take(who: string, ...values: unknown[]): void {
    for (const [index, value] of values.entries()) {
      const name = `${who}(${index})`;
      if (this.reached.has(name)) continue;
      const reached = walk(value, name);
      this.reached.set(name, reached);
      for (const { value } of reached) {
        if (isConnection(value) && value.session !== undefined) this.own.add(value.session as object);
      }
    }
  }

  all(): Reached[] {
    return [...this.reached.values()].flat();
  }

  /** Those that could be changed, of what is not the platform's and not the taker's own. */
  open(): string[] {
    return this.all()
      .filter(({ value }) => !this.own.has(value) && !isPlatformObject(value) && !isOwn(value))
      .filter(({ value }) => !Object.isFrozen(value))
      .map(({ path }) => path);
  }
}

/** Errors are made for whom they are given to; of a connection only the session and the state can be changed. */
function isOwn(value: object): boolean {
  if (Object.hasOwn(value, "stack")) return true;
  return isConnection(value) && Object.isSealed(value) && membersOf(value).length === MEMBERS.length;
}

/** Lines, by a codec of each direction that has all that a protocol can have. */
function noticing(given: Given): AnyProtocol {
  const codec = (direction: string): Codec<string> => ({
    input(buffer, peer, from) {
      given.take(`${direction} input`, this === protocol || this === protocol.reply, peer);
      return buffer.indexOf(10, from) + 1;
    },
    decode(frame, peer) {
      given.take(`${direction} decode`, peer);
      return text(frame).trimEnd();
    },
    encode(message, peer) {
      given.take(`${direction} encode`, peer);
      return `${message}\n`;
    },
    command(message, peer) {
      given.take(`${direction} command`, peer);
      return message.split(" ")[0];
    },
    end(rest, peer) {
      given.take(`${direction} end`, peer);
      return text(rest);
    },
  });
  const upgrade = (_message: unknown, _direction: unknown, peer: Peer): undefined => {
    given.take("upgrade", peer);
    return undefined;
  };
  const protocol: AnyProtocol = {
    name: "noticing",
    ...codec("in"),
    reply: codec("out"),
    upgrade,
    session: () => ({ seen: 0 }),
    answers(_message: string, peer: Peer) {
      given.take("answers", peer);
      return true;
    },
    asks(_message: string, peer: Peer) {
      given.take("asks", peer);
      return true;
    },
    withdrawn: (_message: string, peer: Peer) => void given.take("withdrawn", peer),
    replaced: (_message: string, _other: string, peer: Peer) => given.take("replaced", peer),
    refusal(error: Error, peer: Peer) {
      given.take("refusal", error, peer);
      return "refused";
    },
  };
  return protocol;
}

function hooks(given: Given): ListenOptions["hooks"] {
  const seen = (who: string) =>
    function (this: unknown, context: HookContext) {
      given.own.add(context).add(context.notes).add(context.matched);
      for (const matched of context.matched) given.own.add(matched);
      given.take(who, this, context);
    };
  return (context) => {
    given.own.add(context.options as object);
    given.take("hooks", context);
    return [
      on("*", seen("hook"), { direction: "both" }),
      on("*", ({ request }) => {
        if (request !== undefined) given.own.add(request);
        given.take("request", request);
      }, { direction: "out", request: true }),
      on(function (this: unknown) {
        given.take("predicate", this);
        return true;
      }, seen("predicate's hook")),
      sequence(["a", "b"], seen("sequence")),
      on("drop", () => ({ verdict: "drop" })),
      on("swap", () => ({ verdict: "replace", message: "swapped" })),
    ];
  };
}

/** The name of its class. */
function nameOf(value: object): string {
  return Object.getPrototypeOf(value)?.constructor?.name ?? "";
}

/** Of all that was given: the shared is frozen, and a connection has the members of the contract and no others. */
function assertClosed(given: Given, takers: readonly string[]): void {
  for (const taker of takers) assert(given.reached.has(`${taker}(0)`), `${taker} was not called`);
  assertEquals(given.open(), []);
  for (const { path, value } of given.all()) {
    assertEquals(
      /Service|Host|Stats|Relay|Inbound|Outbound|Logger|Conn$|Transport|Queue/.test(nameOf(value)),
      false,
      path,
    );
    if (isConnection(value)) assertEquals(membersOf(value), MEMBERS, path);
  }
}

Deno.test("a served connection leads its handler, hooks and protocol to nothing that others share", async () => {
  const given = new Given();
  const log = new LogWatch();
  using _ = log;
  await using server = await listen("noticing://127.0.0.1:0", {
    protocol: noticing(given),
    hooks: hooks(given),
    onStart(context) {
      assertEquals(membersOf(context), namesIn(CONTEXT));
      given.take("onStart", context);
    },
    onConnect: (connection) => given.take("onConnect", connection),
    onMessage(connection, message) {
      given.take("onMessage", connection);
      connection.send(message);
      if (message === "throw") throw new Error("boom");
    },
    onEnd: (connection) => given.take("onEnd", connection),
    onError: (connection, error) => given.take("onError", connection, error),
    onClose: (connection) => given.take("onClose", connection),
    onDrain: (connection) => given.take("onDrain", connection),
    onStop: (context) => given.take("onStop", context),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\ndrop\nswap\nthrow\n");
  assertEquals(await wire.rest(), "a\nb\nswapped\nthrow\n");
  using ended = await Wire.open(server.port);
  await ended.conn.closeWrite();
  await ended.rest();
  using _drained = await Wire.open(server.port);
  await until(() => server.stats.open === 1);
  await server.close();
  assertClosed(given, [
    ...["onStart", "onConnect", "onMessage", "onEnd", "onError", "onClose", "onDrain", "onStop"],
    ...["hooks", "hook", "predicate", "predicate's hook", "sequence"],
    ...["in input", "in decode", "in command", "out encode", "out command", "upgrade"],
  ]);
  for (const [taker, reached] of given.reached) {
    if (/^(hook|sequence|predicate's hook)\(1\)/.test(taker)) {
      assertEquals(membersOf(reached[0].value), namesIn(HOOK_CONTEXT));
    }
    // Of `this` a hook or a predicate gets nothing.
    if (/^(hook|sequence|predicate|predicate's hook)\(0\)/.test(taker)) assertEquals(reached, []);
  }
});

Deno.test("a proxied connection leads hooks and protocol to nothing that others share, on neither of its sides", async () => {
  await using upstream = await listen("text://127.0.0.1:0", {
    onMessage: (connection, line: string) => void connection.send(line),
  });
  const given = new Given();
  await using proxy = await listen("noticing://127.0.0.1:0", {
    protocol: noticing(given),
    upstream: `tcp://127.0.0.1:${upstream.port}`,
    hooks: hooks(given),
    limits: { frameTimeout: 200 },
  });
  using wire = await Wire.open(proxy.port);
  await wire.write("a\nb\ndrop\nswap\n");
  assertEquals([await wire.line(), await wire.line(), await wire.line()], ["a", "b", "swapped"]);
  await wire.write("no end");
  await wire.rest();
  assertClosed(given, [
    ...["hooks", "hook", "predicate", "predicate's hook", "sequence"],
    ...["in input", "in decode", "in command", "in encode", "out input", "out decode", "out encode"],
    ...["upgrade", "answers", "asks", "withdrawn", "replaced", "refusal"],
  ]);
});

Deno.test("a client and a conversation lead to their own connection alone", async () => {
  const given = new Given();
  await using server = await listen("text://127.0.0.1:0", {
    async transmission(socket: Conversation<string>) {
      assertEquals(membersOf(socket), namesIn(CONVERSATION));
      const iterator = socket[Symbol.asyncIterator]();
      given.own.add(iterator);
      given.take("transmission", socket, iterator);
      for await (const line of socket) {
        if (line === "throw") throw new Error("boom");
        socket.ping(line);
      }
    },
    exception: (error, socket) => given.take("exception", error, socket),
  });
  await using client = await connect<string>(server.addresses[0], {
    onConnect: (connection) => given.take("client's onConnect", connection),
    onError: (connection) => given.take("client's onError", connection),
    onClose: (connection) => given.take("client's onClose", connection),
  });
  assertEquals(membersOf(client), namesIn(CLIENT));
  assertEquals(await soon(client.pingPong("a")), "a");
  given.own.add(client);
  given.take("client", client);
  client.send("throw");
  assertEquals(await soon(client.pong()), null);
  await client.close();
  assertClosed(given, ["transmission", "exception", "client", "client's onConnect", "client's onClose"]);
});

/** Breaks everything that it is given, all the way, but the sessions and states of others, which are no secret of theirs. */
function breakAll(...given: unknown[]): void {
  const reached = given.flatMap((each) => walk(each, "given"));
  for (const { value } of reached) vandalise(value);
}

Deno.test("a handler, a hook and a protocol that break all they can reach break no other connection", async () => {
  let vandal: Connection | undefined;
  const contexts: ServiceContext[] = [];
  const inner = noticing(new Given());
  const isVandal = (peer: Peer) => vandal !== undefined && peer.id === vandal.id;
  await using server = await listen("noticing://127.0.0.1:0", {
    protocol: {
      ...inner,
      decode(frame, peer) {
        const message = inner.decode(frame, peer);
        if (isVandal(peer)) breakAll(peer);
        return message;
      },
    },
    limits: { maxConnectionsPerAddress: 3, lingerTimeout: 100 },
    hooks: (context) => {
      contexts.push(context);
      return [
        on("*", (context) => {
          if (isVandal(context.connection)) breakAll(context);
        }),
        on("guarded", () => ({ verdict: "reply", message: "no" })),
      ];
    },
    onStart: (context) => void contexts.push(context),
    onMessage(connection, message) {
      if (message === "vandal") {
        vandal = connection;
        const signal = connection.signal;
        signal.addEventListener("abort", () => {});
        breakAll(connection, signal, ...contexts);
        throw Object.assign(Object.create(null), { code: "__proto__" });
      }
      connection.send(
        `${message} ${contexts[0].connections.size} ${connection.limits.maxConnectionsPerAddress}`,
      );
    },
    onError(connection, error) {
      if (connection.id === vandal?.id) breakAll(connection, error);
    },
    onClose(connection) {
      if (connection.id === vandal?.id) breakAll(connection);
    },
  });
  using good = await Wire.open(server.port);
  await good.write("before\n");
  assertEquals(await good.line(), "before 1 3");
  for (let round = 0; round < 5; round++) {
    using bad = await Wire.open(server.port);
    await bad.write("vandal\n");
    await bad.rest();
    await until(() => server.stats.open === 1, "the end of the vandal");
    await good.write("after\nguarded\n");
    assertEquals([await good.line(), await good.line()], ["after 1 3", "no"]);
  }
  const { errors, accepted, messagesIn } = server.stats;
  assertEquals([accepted, messagesIn, { ...errors }], [6, 16, { handler_error: 5 }]);
});

/** Things to throw, each of which throws when it is looked at, or is no error. */
const THROWN: Record<string, () => unknown> = {
  undefined: () => undefined,
  symbol: () => Symbol("thrown"),
  "object without a prototype": () => Object.create(null),
  "error whose message throws": () =>
    Object.defineProperty(new Error(), "message", { get: () => JSON.parse("{") }),
  "error whose code throws": () => Object.defineProperty(new Error(), "code", { get: () => JSON.parse("{") }),
  "error whose stack throws": () =>
    Object.defineProperty(new Error(), "stack", { get: () => JSON.parse("{") }),
  "proxy whose every trap throws": () => {
    const traps = ["get", "has", "ownKeys", "getPrototypeOf", "getOwnPropertyDescriptor"];
    return new Proxy({}, Object.fromEntries(traps.map((trap) => [trap, () => JSON.parse("{")])));
  },
};

/** Where user code can throw, and how. */
const PLACES: Record<string, (thrown: () => unknown) => ListenOptions> = {
  onMessage: (thrown) => ({
    onMessage() {
      throw thrown();
    },
  }),
  "onMessage later": (thrown) => ({ onMessage: () => Promise.reject(thrown()) }),
  onError: (thrown) => ({
    onMessage() {
      throw thrown();
    },
    onError() {
      throw thrown();
    },
    onClose() {
      throw thrown();
    },
  }),
  transmission: (thrown) => ({ transmission: () => Promise.reject(thrown()) }),
  exception: (thrown) => ({
    transmission: () => Promise.reject(thrown()),
    exception() {
      throw thrown();
    },
  }),
  hook: (thrown) => ({
    hooks: [on("*", () => {
      throw thrown();
    })],
  }),
  "hook later": (thrown) => ({ hooks: [on("*", () => Promise.reject(thrown()))] }),
  "observing hook later": (thrown) => ({
    onMessage: (connection) => connection.close(),
    hooks: [on("*", () => Promise.reject(thrown()), { observe: true })],
  }),
  ...Object.fromEntries(
    ["input", "decode", "encode", "command"].map((
      member,
    ) => [member, (thrown: () => unknown): ListenOptions => ({
      protocol: {
        ...noticing(new Given()),
        reply: undefined,
        [member]() {
          throw thrown();
        },
      },
      hooks: member === "command" ? [on("*", () => {})] : [],
      onMessage: (connection, message) => void connection.send(message),
    })]),
  ),
};

Deno.test("whatever user code throws, wherever, ends its own connection and is counted", async () => {
  using _ = new LogWatch();
  for (const [place, make] of Object.entries(PLACES)) {
    for (const [name, thrown] of Object.entries(THROWN)) {
      const limits = { lingerTimeout: 10 };
      await using server = await listen("text://127.0.0.1:0", { limits, ...make(thrown) });
      using wire = await Wire.open(server.port);
      await wire.write("x\n");
      assertEquals(await soon(wire.rest(), `the end of ${place}: ${name}`), "");
      await until(() => server.stats.open === 0, `the end of ${place}: ${name}`);
      assert(Object.keys(server.stats.errors).length > 0, `${place}: ${name}`);
    }
  }
});

for (const isolation of ["worker", "process"] as const) {
  Deno.test(`an instance in a ${isolation} outlives a handler that breaks all it can reach`, async () => {
    using _ = new LogWatch();
    await using server = await supervise({ a: { handler: "vandal", isolation } });
    const first = await server.ask("a", "before");
    assertEquals(first, "before");
    for (let round = 0; round < 3; round++) {
      using bad = await Wire.open(Number(new URL(server.address("a")).port));
      await bad.write("vandal\n");
      await bad.rest();
      assertEquals(await server.ask("a", "after"), "after");
    }
    await until(async () => {
      await server.supervisor.connections();
      return server.status("a").stats.errors.handler_error === 3;
    });
    const { restarts } = server.status("a").instances[0];
    assertEquals(restarts, 0);
    await server.supervisor.restart("a");
    assertEquals(await server.ask("a", "restarted"), "restarted");
  });
}
