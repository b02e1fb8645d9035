/**
 * A guard before real servers: what passes it is what its hooks have seen, and a refusal is one for the server too.
 *
 * @module
 */

import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import { defineHooks, drop, listen, on, reply, type Server } from "@protohost/protohost";
import { type Command, subcommand } from "../../protocols/resp/mod.ts";
import { parseDocument, root } from "../support/documents.ts";
import { lacksRedis, RedisServer, redisServers, runTool } from "../support/redis.ts";
import { soon, until, Wire } from "../support/wire.ts";

const REFUSED = "-ERR refused";

type Hooks = ReturnType<typeof on>[];

/** A guard that refuses FLUSHALL, with what its hooks saw. */
interface Guard extends AsyncDisposable {
  port: number;
  server: Server;
  seen: string[];
}

async function guard(redis: RedisServer, more: Hooks = []): Promise<Guard> {
  const seen: string[] = [];
  const server = await listen("resp://127.0.0.1:0", {
    upstream: `unix://${redis.path}`,
    hooks: defineHooks([
      on(() => true, ({ command }) => void seen.push(command)),
      on("FLUSHALL", () => reply(REFUSED)),
      ...more,
    ]),
  });
  return { port: server.port, server, seen, [Symbol.asyncDispose]: () => server.close({ immediate: true }) };
}

/** Makes a test for each server that is installed. */
function guardTest(
  name: string,
  test: (redis: RedisServer, stack: AsyncDisposableStack) => Promise<void>,
): void {
  for (const program of redisServers) {
    Deno.test({
      name: `${name} (${program})`,
      ignore: lacksRedis,
      async fn() {
        await using stack = new AsyncDisposableStack();
        await test(stack.use(await RedisServer.start(program)), stack);
      },
    });
  }
}

/** Sends bytes and ends this half; answers the lines of all that comes. */
async function answersTo(to: number | string, sent: Uint8Array | string): Promise<string[]> {
  using wire = await Wire.open(to);
  await wire.write(sent);
  await wire.conn.closeWrite();
  const received = await wire.restBytes();
  return latin1(received).split("\r\n").slice(0, -1);
}

/** Sends requests of which the last is PING; answers the lines of all that comes. */
async function answersUntilPong(to: number | string, sent: string): Promise<string[]> {
  using wire = await Wire.open(to);
  await wire.write(sent);
  const lines = [];
  do lines.push((await wire.line()).replace("\r", "")); while (lines.at(-1) !== "+PONG");
  return lines;
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

// The table of the documentation.

/** What a cell's code stands for. */
function unescape(code: string): Uint8Array {
  const names: Record<string, string> = { r: "\r", n: "\n", t: "\t", v: "\v", f: "\f", 0: "\0", "\\": "\\" };
  const plain = code.replaceAll(
    /\\(?:x([0-9a-f]{2})|(.))/g,
    (_, hex, name) => hex === undefined ? names[name] : String.fromCharCode(parseInt(hex, 16)),
  );
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

/** What a cell says of an answer: its lines, and whether the connection goes on. */
function readCell(cell: string): { lines: string[]; goesOn: boolean } {
  const lines = [...cell.matchAll(/`([^`]*)`/g)].map(([, code]) => latin1(unescape(code)));
  // Markdown has no blank at the end of code.
  return { lines, goesOn: lines.length > 0 && !cell.endsWith("closes") };
}

interface Row {
  sent: string;
  direct: string;
  guarded: string;
}

async function readRows(): Promise<Row[]> {
  const path = "docs/protocols/resp.md";
  const { tables } = parseDocument(path, await Deno.readTextFile(new URL(path, root)));
  return tables.get("How servers read requests")!.map(([sent, direct, guarded]) => ({
    sent: sent.replace(/^`(.*)`$/, "$1"),
    direct,
    guarded: guarded === "the same" ? direct : guarded,
  }));
}

guardTest(
  "a server and a guard before it answer requests as the documentation says",
  async (redis, stack) => {
    const { port } = stack.use(await guard(redis));
    const rows = await readRows();
    assertGreater(rows.length, 40);
    for (const { sent, direct, guarded } of rows) {
      for (const [to, cell] of [[redis.path, direct], [port, guarded]] as const) {
        const { lines, goesOn } = readCell(cell);
        const request = new Uint8Array([...unescape(sent), ...unescape("ECHO end\\r\\n")]);
        const wanted = goesOn ? [...lines, "$3", "end"] : lines;
        assertEquals(
          (await answersTo(to, request)).map((line) => line.trimEnd()),
          wanted,
          `${sent} ${typeof to === "number" ? "guarded" : "direct"}`,
        );
      }
    }
  },
);

guardTest(
  "a name with a zero byte is carried out by a server now and then, and passes no guard",
  async (redis, stack) => {
    const names = Array.from({ length: 8000 }, (_, index) => `FLUSHALL\0${index}`);
    const wire = names.map((name) => `*1\r\n$${name.length}\r\n${name}\r\n`).join("");
    const direct = await answersTo(redis.path, wire);
    assertGreater(direct.filter((line) => line === "+OK").length, 0);
    await answersTo(redis.path, "SET k 1\r\n");
    const { port, seen, server } = stack.use(await guard(redis));
    const answers = await answersTo(port, `${wire}DBSIZE\r\n`);
    assertEquals(
      new Set(answers.slice(0, -1)),
      new Set(["-ERR unknown command 'FLUSHALL', with args beginning with: "]),
    );
    assertEquals(answers.length, names.length + 1);
    assertEquals(answers.at(-1), ":1");
    assertEquals(seen, ["DBSIZE"]);
    assertEquals(server.stats.errors, { ambiguous_request: names.length });
  },
);

guardTest("a guard on a subcommand is not passed by its case or by a zero byte", async (redis, stack) => {
  const hooks = [
    on(
      "CONFIG",
      ({ message }) => subcommand(message as Command) === "SET" ? reply("-ERR read only") : undefined,
    ),
  ];
  const { port } = stack.use(await guard(redis, hooks));
  const names = Array.from({ length: 200 }, (_, index) => `set\0${index}`);
  const command = (name: string) =>
    `*4\r\n$6\r\nconfig\r\n$${name.length}\r\n${name}\r\n$4\r\nhz\r\n`.replace(
      "\r\n$4\r\nhz",
      "\r\n$2\r\nhz",
    ) + "$2\r\n33\r\n";
  const direct = await answersTo(redis.path, names.map(command).join(""));
  assertGreater(direct.filter((line) => line === "+OK").length, 0);
  await answersTo(redis.path, "CONFIG SET hz 10\r\n");
  const answers = await answersTo(port, ["set", "SeT", ...names].map(command).join("") + "CONFIG GET hz\r\n");
  assertEquals(answers.slice(0, 3), [
    "-ERR read only",
    "-ERR read only",
    "-ERR unknown subcommand 'set'. Try CONFIG HELP.",
  ]);
  assertEquals(answers.at(-1), "10");
});

guardTest(
  "a refusal within MULTI makes EXEC fail, as a refusal of the server's own",
  async (redis, stack) => {
    const lost = [on("LOSE", () => drop())];
    const { port } = stack.use(await guard(redis, lost));
    const abort = "-EXECABORT Transaction discarded because of previous errors.";
    const dialogues: [sent: string, answers: string[]][] = [
      ["MULTI|SET k 1|FLUSHALL|GET k|EXEC|GET k", ["+OK", "+QUEUED", REFUSED, "+QUEUED", abort, "$1", "0"]],
      ["MULTI|FLUSHALL|DISCARD|FLUSHALL|GET k", ["+OK", REFUSED, "+OK", REFUSED, "$1", "0"]],
      ["MULTI|SET k 1|LOSE|EXEC|GET k", ["+OK", "+QUEUED", abort, "$1", "0"]],
      ["FLUSHALL|MULTI|SET k 0|EXEC|FLUSHALL", [REFUSED, "+OK", "+QUEUED", "*1", "+OK", REFUSED]],
      ["WATCH k|MULTI|FLUSHALL|EXEC|MULTI|PING|EXEC", [
        "+OK",
        "+OK",
        REFUSED,
        abort,
        "+OK",
        "+QUEUED",
        "*1",
        "+PONG",
      ]],
      ["CLIENT REPLY OFF|FLUSHALL|MULTI|SET k 1|FLUSHALL|EXEC|CLIENT REPLY ON|GET k", ["+OK", "$1", "0"]],
      ["CLIENT REPLY SKIP|FLUSHALL|PING|FLUSHALL", ["+PONG", REFUSED]],
      ["MULTI|CLIENT REPLY SKIP|FLUSHALL|EXEC|GET k", ["+OK", "+QUEUED", REFUSED, abort, "$1", "0"]],
      ["MULTI|*1\r\n$9\r\nFLUSHALL\0|EXEC", [
        "+OK",
        "-ERR unknown command 'FLUSHALL', with args beginning with: ",
        abort,
      ]],
      [
        "SUBSCRIBE a b|FLUSHALL|UNSUBSCRIBE|FLUSHALL",
        [
          ...["*3", "$9", "subscribe", "$1", "a", ":1", "*3", "$9", "subscribe", "$1", "b", ":2", REFUSED],
          ...[
            "*3",
            "$11",
            "unsubscribe",
            "$1",
            "",
            ":1",
            "*3",
            "$11",
            "unsubscribe",
            "$1",
            "",
            ":0",
            REFUSED,
          ],
        ],
      ],
    ];
    for (const [sent, wanted] of dialogues) {
      await answersTo(redis.path, "SET k 0\r\n");
      const answers = await answersTo(port, `${sent.replaceAll("|", "\r\n")}\r\n`);
      // The server picks the order in which channels are unsubscribed.
      const shown = answers.map((line, index) => answers[index - 2] === "unsubscribe" ? "" : line);
      assertEquals(shown, wanted, sent);
    }
  },
);

guardTest("a refused EXEC discards the transaction, as where the server refuses it", async (redis, stack) => {
  const { port } = stack.use(await guard(redis, [on("EXEC", () => reply("-NOPERM no exec"))]));
  assertEquals(await answersTo(port, "MULTI\r\nSET x 1\r\nEXEC\r\nEXEC\r\nGET x\r\n"), [
    "+OK",
    "+QUEUED",
    "-NOPERM no exec",
    "-NOPERM no exec",
    "$-1",
  ]);
});

guardTest("a replica syncs through a guard, and what it sends is guarded still", async (redis, stack) => {
  await answersTo(redis.path, "SET before 1\r\n");
  const { port } = stack.use(await guard(redis));
  const replica = stack.use(await RedisServer.start(redis.program));
  const asked = async (path: string, command: string) =>
    (await runTool("redis-cli", ["-s", path, ...command.split(" ")])).stdout.trim();
  assertEquals(await asked(replica.path, `REPLICAOF 127.0.0.1 ${port}`), "OK");
  await until(async () => await asked(replica.path, "GET before") === "1", "the first sync");
  await asked(redis.path, "SET after 2");
  await until(async () => await asked(replica.path, "GET after") === "2", "the stream");
  await until(
    async () => /state=online,offset=[1-9]\d*/.test(await asked(redis.path, "INFO replication")),
    "an ACK",
  );
  // A client that makes itself a replica.
  using wire = await Wire.open(port);
  await wire.write("PING\r\n");
  assertEquals(await wire.line(), "+PONG\r");
  await wire.write("SYNC\r\n");
  let line;
  while ((line = await wire.line()) === "");
  assertMatch(line, /^\$/);
  await wire.write("FLUSHALL\r\n*1\r\n$8\r\nflushall\r\n");
  await asked(redis.path, "SET last 3");
  await until(async () => await asked(replica.path, "GET last") === "3");
  assertEquals(await asked(redis.path, "GET before"), "1");
});

guardTest(
  "replies of any shape are relayed as they came, whether hooks look at them or not",
  async (redis, stack) => {
    const scripts = [
      "local t={1} for i=1,200 do t={t} end return t",
      "redis.setresp(3); return {big_number='123\\r\\n123'}",
      "redis.setresp(3); return {double=1/0}",
      "redis.setresp(3); return {map={a={set={b=true}}}}",
      "redis.setresp(3); return {verbatim_string={format='txt', string='a\\r\\nb'}}",
      "return {err='a b ' .. string.rep('x', 70000)}",
      "return {ok='multi\\nline'}",
    ];
    const request =
      ["HELLO 3", ...scripts.map((script) => `EVAL "${script.replaceAll("\\", "\\\\")}" 0`), "PING"].join(
        "\r\n",
      ) + "\r\n";
    const direct = await answersUntilPong(redis.path, request);
    const seen: unknown[] = [];
    const looks = [
      on(["value", "error", "ok", "push"], ({ message }) => void seen.push(message), { direction: "out" }),
    ];
    for (const hooks of [undefined, looks]) {
      const { port } = stack.use(await guard(redis, hooks));
      const answers = await answersUntilPong(port, request);
      const withoutId = (lines: string[]) =>
        lines.filter((_, index) =>
          lines[index - 1] !== "$2" && lines[index - 2] !== "id" && lines[index - 1] !== "id"
        );
      assertEquals(withoutId(answers), withoutId(direct));
    }
    assertEquals(seen.length, scripts.length + 2);
  },
);

Deno.test({
  name: "a string of 600 MB passes a guard where the server takes it",
  ignore: lacksRedis,
  async fn() {
    await using redis = await RedisServer.start("redis-server", ["--proto-max-bulk-len", "700mb"]);
    await using guarded = await guard(redis);
    using wire = await Wire.open(guarded.port);
    const size = 600_000_000;
    const piece = new Uint8Array(1_000_000).fill(120);
    const sending = (async () => {
      await wire.write(`*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n$${size}\r\n`);
      for (let sent = 0; sent < size; sent += piece.length) await wire.write(piece);
      await wire.write("\r\nSTRLEN big\r\n");
    })();
    assertEquals(await wire.line(), "+OK\r");
    assertEquals(await wire.line(), `:${size}\r`);
    await soon(sending);
    assertEquals(guarded.seen.filter((name) => name !== ""), ["SET", "STRLEN"]);
  },
});
