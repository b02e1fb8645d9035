/**
 * Requests that hooks keep from the server behind: what it is told instead, what the client hears.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import {
  defineHooks,
  drop,
  type HookModule,
  line,
  listen,
  on,
  type Peer,
  type Protocol,
  replace,
  reply,
  type Server,
  text,
} from "@protohost/protohost";
import { Wire } from "../support/wire.ts";

interface Session {
  /** A batch is open: the server queues what it gets. */
  batch: boolean;
  /** Before the request decoded last. */
  before: boolean;
  /** Requests are not answered. */
  quiet: boolean;
  noted: string[];
}

const lines = line();

/**
 * A line a request, a line an answer. `begin` opens a batch, `commit` carries it out unless a request in it was bad;
 * `quiet` is answered by nothing, nor is what comes behind it. A request in capitals is one that servers read differently.
 */
const batches: Protocol<string, string, Session> = {
  name: "batches",
  session: () => ({ batch: false, before: false, quiet: false, noted: [] }),
  input: lines,
  decode(frame, { session, side }) {
    const line = text(lines.unwrap(frame));
    if (side === "server") note(line, session);
    return line;
  },
  encode: (message) => lines.wrap(message),
  command: (message) => message.split(" ")[0],
  reply: {
    input: lines,
    decode: (frame) => text(lines.unwrap(frame)),
    skim: (frame) => text(frame.subarray(0, 1)),
    encode: (message) => lines.wrap(message),
    command: (message) => message.split(" ")[0],
  },
  asks: (_, { session }) => !session.quiet,
  answers: (message) => !message.startsWith("*"),
  withdrawn(message, { session }) {
    session.batch = session.before;
    session.noted.push(`withdrawn ${message}`);
    if (session.batch) return { instead: "bad" };
    if (session.quiet) return { isAnswered: false };
  },
  replaced(message, by, { session }) {
    session.batch = session.before;
    session.noted.push(`replaced ${message}`);
    note(by, session);
  },
  ambiguous: (message) => message === message.toUpperCase() ? "no: unclear" : undefined,
};

function note(request: string, session: Session): void {
  session.before = session.batch;
  if (request === "begin") session.batch = true;
  if (request === "commit") session.batch = false;
  if (request === "quiet") session.quiet = true;
  session.noted.push(request);
}

/** What `batches` stands before. Each answer follows a word that answers nothing. */
async function batchServer(received: string[]): Promise<Server> {
  return await listen<string, string, unknown, { queued?: string[]; bad?: boolean; quiet?: boolean }>(
    "text://127.0.0.1:0",
    {
      onConnect: (connection) => void (connection.state = {}),
      onMessage(connection, request) {
        const { state } = connection;
        received.push(request);
        if (request === "quiet") state.quiet = true;
        if (state.quiet) return;
        connection.send("* by the way");
        if (request === "begin") {
          state.queued = [];
          connection.send("ok");
        } else if (request === "commit") {
          connection.send(state.bad ? "no: a bad request" : `done ${state.queued!.join(",")}`);
          connection.state = {};
        } else if (request === "bad") {
          state.bad = true;
          connection.send("no: bad");
        } else if (state.queued !== undefined) {
          state.queued.push(request);
          connection.send("queued");
        } else connection.send(`re ${request}`);
      },
    },
  );
}

interface Guarded {
  wire: Wire;
  proxy: Server;
  /** What the server got. */
  received: string[];
  /** What the proxy's session has noted. */
  noted(): string[];
}

async function guarded(stack: AsyncDisposableStack, hooks: HookModule): Promise<Guarded> {
  const received: string[] = [];
  const upstream = stack.use(await batchServer(received));
  let peer: Peer<Session> | undefined;
  const protocol: Protocol<string, string, Session> = {
    ...batches,
    input(buffer, connection, from) {
      peer ??= connection;
      return lines(buffer, connection, from);
    },
  };
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", { protocol, hooks, upstream: `tcp://127.0.0.1:${upstream.port}` }),
  );
  const wire = stack.adopt(await Wire.open(proxy.port), (wire) => wire[Symbol.dispose]());
  return { wire, proxy, received, noted: () => peer!.session.noted };
}

/** Sends requests in one write and answers so many lines, without those that answer nothing. */
async function ask(wire: Wire, requests: string[], count: number): Promise<string[]> {
  await wire.write(requests.map((request) => `${request}\n`).join(""));
  const answers: string[] = [];
  while (answers.length < count) {
    const line = await wire.line();
    if (!line.startsWith("*")) answers.push(line);
  }
  return answers;
}

Deno.test("a request kept from the server leaves there what its own refusal would", async () => {
  await using stack = new AsyncDisposableStack();
  const { wire, received } = await guarded(
    stack,
    defineHooks([on("wipe", () => reply("no: refused")), on("lose", () => drop())]),
  );
  assertEquals(await ask(wire, ["a", "wipe", "begin", "b", "wipe", "c", "commit", "d"], 8), [
    "re a",
    "no: refused",
    "ok",
    "queued",
    "no: refused",
    "queued",
    "no: a bad request",
    "re d",
  ]);
  assertEquals(received, ["a", "begin", "b", "bad", "c", "commit", "d"]);
  assertEquals(await ask(wire, ["begin", "e", "lose", "commit", "lose", "f"], 4), [
    "ok",
    "queued",
    "no: a bad request",
    "re f",
  ]);
  assertEquals(await ask(wire, ["begin", "g", "commit"], 3), ["ok", "queued", "done g"]);
});

Deno.test("a refusal that nobody waits for is not sent", async () => {
  await using stack = new AsyncDisposableStack();
  const { wire, received } = await guarded(stack, defineHooks([on("wipe", () => reply("no: refused"))]));
  assertEquals(await ask(wire, ["a", "quiet", "wipe", "b"], 1), ["re a"]);
  await wire.conn.closeWrite();
  assertEquals(await wire.rest(), "");
  assertEquals(received, ["a", "quiet", "b"]);
});

Deno.test("a request that a hook replaces is noted as the one that goes on", async () => {
  await using stack = new AsyncDisposableStack();
  const { wire, received, noted } = await guarded(
    stack,
    defineHooks([on("open", () => replace("begin")), on("wipe", () => reply("no: refused"))]),
  );
  assertEquals(await ask(wire, ["open", "a", "wipe", "commit"], 4), [
    "ok",
    "queued",
    "no: refused",
    "no: a bad request",
  ]);
  assertEquals(received, ["begin", "a", "bad", "commit"]);
  assertEquals(noted().slice(0, 3), ["open", "replaced open", "begin"]);
});

Deno.test("an ambiguous request is refused in its turn, and no hook sees it", async () => {
  await using stack = new AsyncDisposableStack();
  const seen: string[] = [];
  const { wire, proxy, received } = await guarded(
    stack,
    defineHooks([on(() => true, ({ command }) => void seen.push(command))]),
  );
  assertEquals(await ask(wire, ["a", "WIPE", "b", "begin", "WIPE", "commit"], 6), [
    "re a",
    "no: unclear",
    "re b",
    "ok",
    "no: unclear",
    "no: a bad request",
  ]);
  assertEquals(received, ["a", "b", "begin", "bad", "commit"]);
  assertEquals(seen, ["a", "b", "begin", "commit"]);
  assertEquals(proxy.stats.errors, { ambiguous_request: 2 });
});

for (const direction of ["in", "out"] as const) {
  Deno.test(`a direction that no hook looks at is skimmed, the other decoded: hooks look ${direction}`, async () => {
    await using stack = new AsyncDisposableStack();
    const seen: unknown[] = [];
    let skims = 0;
    const upstream = stack.use(await batchServer([]));
    const skim = (frame: Uint8Array) => {
      skims++;
      return text(frame.subarray(0, 1));
    };
    const protocol = { ...batches, skim, reply: { ...batches.reply!, skim } };
    const hooks = defineHooks([
      on(() => true, ({ message }) => void seen.push(message), { direction }),
    ]);
    const proxy = stack.use(
      await listen("tcp://127.0.0.1:0", { protocol, hooks, upstream: `tcp://127.0.0.1:${upstream.port}` }),
    );
    using wire = await Wire.open(proxy.port);
    assertEquals(await ask(wire, ["a", "b"], 2), ["re a", "re b"]);
    assertEquals(seen, direction === "in" ? ["a", "b"] : ["* by the way", "re a", "* by the way", "re b"]);
    assertEquals(skims, direction === "in" ? 4 : 2);
  });
}

Deno.test("a protocol of one codec is skimmed in the direction that no hook looks at, and in that alone", async () => {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(await batchServer([]));
  let decoded = 0;
  let skimmed = 0;
  const protocol: Protocol<string> = {
    name: "one codec",
    session: () => null,
    input: lines,
    decode(frame) {
      decoded++;
      return text(lines.unwrap(frame));
    },
    skim() {
      skimmed++;
      return "";
    },
    encode: (message) => lines.wrap(message),
  };
  const hooks = defineHooks([on(() => true, () => {}, { direction: "out" })]);
  const proxy = stack.use(
    await listen("tcp://127.0.0.1:0", { protocol, hooks, upstream: `tcp://127.0.0.1:${upstream.port}` }),
  );
  using wire = await Wire.open(proxy.port);
  assertEquals(await ask(wire, ["a"], 1), ["re a"]);
  assertEquals([decoded, skimmed], [2, 1]);
});
