import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { Redis } from "ioredis";
import {
  bytes,
  type Client,
  concat,
  connect,
  type Connection,
  DEFAULT_LIMITS,
  listen,
  type Peer,
  type Server,
  skip,
} from "@protohost/protohost";
import resp, {
  array,
  bulk,
  type Command,
  type CommandPart,
  error,
  plain,
  type Reply,
  RespSession,
  simple,
  type Value,
} from "../../protocols/resp/mod.ts";
import { lacksRedis, RedisServer, runTool } from "../support/redis.ts";
import { soon, Wire } from "../support/wire.ts";

type RespClient = Client<Command | CommandPart, Reply>;

function redisTest(name: string, test: () => Promise<void>): void {
  Deno.test({ name, ignore: lacksRedis, fn: test });
}

function connectTo(server: RedisServer): Promise<RespClient> {
  return connect<Command | CommandPart, Reply>(`resp+unix://${server.path}`);
}

function send(client: RespClient, ...commands: string[]): void {
  for (const command of commands) assertEquals(client.send(resp.parse!(command)), "queued");
}

async function receive(client: RespClient, count = 1): Promise<Value[]> {
  const values: Value[] = [];
  while (values.length < count) {
    const reply = await soon(client.pong(), "a reply");
    assert(reply !== null, "the stream ended");
    assert(!("part" in reply) && !("partial" in reply));
    values.push(reply);
  }
  return values;
}

async function ask(client: RespClient, ...commands: string[]): Promise<Value[]> {
  send(client, ...commands);
  return await receive(client, commands.length);
}

// Our client, redis' server.

redisTest("resp talks RESP2 with redis-server when it says nothing of versions", async () => {
  await using server = await RedisServer.start();
  await using client = await connectTo(server);
  assertEquals(
    await ask(
      client,
      "PING",
      'SET a "x\\xff\\r\\n"',
      "GET a",
      "GET missing",
      "INCRBY n 9007199254740993",
      "RPUSH l 1 2",
      "LRANGE l 0 -1",
      "HSET h f v",
      "HGETALL h",
      "LPUSH a 1",
      "NOPE",
    ),
    [
      simple("PONG"),
      simple("OK"),
      bulk(Uint8Array.of(120, 255, 13, 10)),
      bulk(null),
      { type: "integer", value: 9007199254740993n },
      { type: "integer", value: 2 },
      array([bulk("1"), bulk("2")]),
      { type: "integer", value: 1 },
      array([bulk("f"), bulk("v")]),
      error("WRONGTYPE Operation against a key holding the wrong kind of value"),
      error("ERR unknown command 'NOPE', with args beginning with: "),
    ],
  );
  assertEquals(await ask(client, "BLPOP none 0.01"), [{ type: "array", value: null }]);
});

redisTest("resp talks RESP3 with redis-server after HELLO 3, in every type it has", async () => {
  await using server = await RedisServer.start();
  await using client = await connectTo(server);
  const [hello] = await ask(client, "HELLO 3");
  assertEquals(hello.type, "map");
  assertEquals(Object.fromEntries(plain(hello) as [string, unknown][]).proto, 3);
  const types = "string integer double null array set map verbatim true false".split(" ");
  const values = await ask(client, ...types.map((type) => `DEBUG PROTOCOL ${type}`));
  assertEquals(values, [
    bulk("Hello World"),
    { type: "integer", value: 12345 },
    { type: "double", value: 3.141 },
    { type: "null", value: null },
    array([0, 1, 2].map((value) => ({ type: "integer", value }))),
    { type: "set", value: [0, 1, 2].map((value) => ({ type: "integer", value })) },
    {
      type: "map",
      value: [0, 1, 2].map((n) => [{ type: "integer", value: n }, { type: "boolean", value: n === 1 }]),
    },
    { type: "verbatim", format: "txt", value: "This is a verbatim\nstring" },
    { type: "boolean", value: true },
    { type: "boolean", value: false },
  ]);
  assertEquals(await ask(client, "DEBUG PROTOCOL bignum", "DEBUG PROTOCOL attrib"), [
    { type: "bignumber", value: 1234567999999999999999999999999999999n },
    {
      ...bulk("Some real reply following the attribute"),
      attributes: [[bulk("key-popularity"), array([bulk("key:123"), { type: "integer", value: 90 }])]],
    },
  ]);
  await ask(client, "ZADD z 1.5 a", "CLIENT TRACKING ON");
  assertEquals(await ask(client, "ZSCORE z a"), [{ type: "double", value: 1.5 }]);
  await using other = await connectTo(server);
  await ask(other, "ZADD z 2 a");
  assertEquals((await receive(client)).map(plain), [["invalidate", ["z"]]]);
});

redisTest("resp pipelines, and speaks transactions, with redis-server", async () => {
  await using server = await RedisServer.start();
  await using client = await connectTo(server);
  const many = Array.from({ length: 5000 }, (_, i) => `ECHO ${i}`);
  assertEquals((await ask(client, ...many)).map(plain), many.map((_, i) => `${i}`));

  const transaction = await ask(client, "WATCH k", "MULTI", "SET k 1", "INCR k", "LPUSH k x", "EXEC");
  assertEquals(transaction.map(plain).slice(0, 5), ["OK", "OK", "QUEUED", "QUEUED", "QUEUED"]);
  assertEquals(
    transaction[5],
    array([
      simple("OK"),
      { type: "integer", value: 2 },
      error("WRONGTYPE Operation against a key holding the wrong kind of value"),
    ]),
  );
  await using other = await connectTo(server);
  await ask(client, "WATCH k", "MULTI", "GET k");
  await ask(other, "SET k 9");
  assertEquals(await ask(client, "EXEC"), [{ type: "array", value: null }]);
});

redisTest("resp passes 64 MiB in parts to redis-server and back", async () => {
  await using server = await RedisServer.start();
  await using client = await connectTo(server);
  const size = 64 * 1024 ** 2;
  const piece = new Uint8Array(256 * 1024).map((_, i) => (i * 31) % 251);
  client.send({ args: ["SET", "big"], partial: true, count: 5, bodyBytes: size });
  for (let left = size; left > 0;) {
    left -= piece.length;
    client.send({ part: "body", bytes: piece, last: left === 0, complete: false });
    await soon(client.connection.flushed(), "a flush");
  }
  client.send({ part: "args", args: ["EX", "100"], complete: true });
  assertEquals(await receive(client), [simple("OK")]);

  send(client, "STRLEN big", "GET big", "PING");
  assertEquals(await receive(client), [{ type: "integer", value: size }]);
  const head = await soon(client.pong(), "the head");
  assertEquals(head, {
    ...bulk(""),
    partial: true,
    wire: bytes(`$${size}\r\n`),
    bodyBytes: size,
  });
  let [got, most, same] = [0, 0, true];
  for (let complete = false; !complete;) {
    const part = await soon(client.pong(), "a part");
    assert(part !== null && "part" in part);
    for (let i = 0; i < part.bytes.length; i += 997) {
      same &&= part.bytes[i] === piece[(got + i) % piece.length];
    }
    got += part.bytes.length;
    most = Math.max(most, part.bytes.length);
    complete = part.complete;
  }
  assertEquals([got, same], [size, true]);
  assert(most <= DEFAULT_LIMITS.maxFrameBytes, `a part of ${most} bytes`);
  assertEquals(await receive(client), [simple("PONG")]);
});

// Which reply answers what: what the codec says of both directions, beside what the server does.

/** A client whose bytes both ways are seen by one session, as a proxy sees them. */
class Tapped implements Disposable {
  readonly #wire: Wire;
  readonly #peer = { session: new RespSession(), limits: DEFAULT_LIMITS } as Peer<RespSession>;
  #held: Uint8Array = new Uint8Array(0);
  #round = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  static async open(server: RedisServer): Promise<Tapped> {
    return new Tapped(await Wire.open(server.path));
  }

  /** Sends commands in one write, and a last one whose answer ends what is awaited. Answers the replies by class. */
  async say(...commands: string[]): Promise<{ answers: unknown[]; others: unknown[] }> {
    const token = `round-${++this.#round}`;
    const stream = [...commands, `PING ${token}`].map((command) => `${command}\r\n`);
    let asked = 0;
    for (const line of stream) {
      const message = resp.decode(bytes(line), this.#peer);
      if (message !== skip && resp.asks(message as Command, this.#peer)) asked++;
    }
    await this.#wire.write(stream.join(""));
    const [answers, others]: unknown[][] = [[], []];
    for (;;) {
      const reply = await this.#next();
      const isAnswer = resp.answers!(reply, this.#peer);
      (isAnswer ? answers : others).push(plain(reply));
      if (JSON.stringify(plain(reply)).includes(token)) break;
    }
    assertEquals(answers.length, asked, `${commands.join("; ")}: ${JSON.stringify({ answers, others })}`);
    answers.pop();
    return { answers, others };
  }

  async #next(): Promise<Value> {
    for (;;) {
      const length = resp.reply.input(this.#held, this.#peer, 0);
      if (length > 0 && length <= this.#held.length) {
        const frame = this.#held.slice(0, length);
        this.#held = this.#held.slice(length);
        return resp.reply.decode(frame, this.#peer) as Value;
      }
      this.#held = concat([this.#held, await this.#wire.bytes(1)]);
    }
  }

  [Symbol.dispose](): void {
    this.#wire[Symbol.dispose]();
  }
}

for (const version of [2, 3]) {
  redisTest(`resp tells answers from the rest as redis-server does, in RESP${version}`, async () => {
    await using server = await RedisServer.start();
    using client = await Tapped.open(server);
    using other = await Tapped.open(server);
    if (version === 3) await client.say("HELLO 3");

    await client.say("SET a 1", "RPUSH l message a x", "LRANGE l 0 -1", "GET a", "NOPE", "SUBSCRIBE");
    // Confirmations: of several channels, twice the same, of patterns and of shards; in RESP3 with commands between.
    const between = version === 3 ? ["LRANGE l 0 -1", "GET a"] : ["PING x"];
    assertEquals((await client.say("SUBSCRIBE c1 c2 c1", ...between, "PSUBSCRIBE p* q*")).others.length, 3);
    assertEquals((await client.say("SSUBSCRIBE s1", "SUBSCRIBE c3", ...between)).others.length, 0);
    await other.say("PUBLISH c1 hello", "PUBLISH pp hello", "SPUBLISH s1 hello");
    const { others } = await client.say(...between);
    assertEquals(others, [["message", "c1", "hello"], ["pmessage", "p*", "pp", "hello"], [
      "smessage",
      "s1",
      "hello",
    ]]);
    await client.say("UNSUBSCRIBE c1 none", "PING");
    assertEquals((await client.say("UNSUBSCRIBE", "UNSUBSCRIBE", "PING x")).others.length, 1);
    assertEquals((await client.say("SUNSUBSCRIBE", "PUNSUBSCRIBE", "PUNSUBSCRIBE")).others.length, 1);
    assertEquals((await client.say("LRANGE l 0 -1")).answers, [["message", "a", "x"]]);

    // An array of a script that looks like a confirmation is none.
    const script = `EVAL "return {'subscribe','x',1}" 0`;
    assertEquals((await client.say(script, "LRANGE l 0 -1")).answers.length, 2);

    // Silence.
    const silent = ["CLIENT REPLY SKIP", "SET a 2", "GET a", "CLIENT REPLY OFF", "GET a", "NOPE", "GET a"];
    assertEquals((await client.say(...silent, "CLIENT REPLY ON")).answers, ["2", "OK"]);
    const nested = ["CLIENT REPLY SKIP", "CLIENT REPLY SKIP", "GET a", "GET a", "CLIENT REPLY NOPE"];
    assertEquals((await client.say(...nested)).answers.length, 2);
    const loud = ["CLIENT REPLY OFF", "SUBSCRIBE x y", "UNSUBSCRIBE", "SUBSCRIBE", "CLIENT REPLY SKIP"];
    assertEquals((await client.say(...loud, "CLIENT REPLY ON")).answers.length, 3);
    await client.say("CLIENT REPLY SKIP", "CLIENT REPLY ON", "GET a");
    await client.say("CLIENT REPLY SKIP", "MULTI", "SET a 3", "EXEC", "GET a");

    // Transactions, where these are queued.
    assertEquals((await client.say("MULTI", "SET a 1", "NOPE", "EXEC")).answers.length, 4);
    assertEquals((await client.say("MULTI", "SUBSCRIBE z z2", "DISCARD", "GET a")).answers.length, 4);

    await client.say("CLIENT REPLY OFF", "GET a", "RESET", "GET a");
    await client.say("SUBSCRIBE c1", "RESET", "LRANGE l 0 -1");
    await client.say("*0", "", "GET a");
  });
}

redisTest("resp tells the lines of MONITOR from answers as redis-server sends them", async () => {
  await using server = await RedisServer.start();
  using client = await Tapped.open(server);
  using other = await Tapped.open(server);
  assertEquals((await client.say("MONITOR")).answers, ["OK"]);
  await other.say("SET a 1", "GET a");
  const { answers, others } = await client.say("PING again");
  assertEquals(answers, ["again"]);
  assertMatch(others.join("\n"), /"SET" "a" "1"\n.*"GET" "a"\n/);
  assertEquals((await client.say("RESET", "GET a")).answers, ["RESET", "1"]);
});

// Redis' clients, our server.

/** A server of a few commands. */
function serve(): Promise<Server> {
  const values = new Map<string, Value>();
  return listen<Command | CommandPart, Reply, RespSession>("resp://127.0.0.1:0", {
    onMessage: (connection, message) => {
      if ("args" in message && !("part" in message)) answer(connection, message, values);
    },
  });
}

function answer(connection: Connection<Reply>, command: Command, values: Map<string, Value>): void {
  const [name, ...args] = command.args;
  switch (String(name).toUpperCase()) {
    case "PING":
      return void connection.send(args.length > 0 ? bulk(args[0]) : simple("PONG"));
    case "ECHO":
      return void connection.send(bulk(args[0]));
    case "SET":
      values.set(String(args[0]), bulk(args[1]));
      return void connection.send(simple("OK"));
    case "GET":
      return void connection.send(values.get(String(args[0])) ?? bulk(null));
    case "HELLO":
      return void connection.send({
        type: "map",
        value: [[bulk("server"), bulk("redis")], [bulk("version"), bulk("7.0.0")], [bulk("proto"), {
          type: "integer",
          value: Number(args[0]),
        }]],
      });
    case "CLIENT":
      return void connection.send(simple("OK"));
    case "PAIRS":
      return void connection.send({ type: "map", value: [[bulk("a"), { type: "double", value: 1.5 }]] });
    case "QUIT":
      return connection.close(simple("OK"));
    default:
      connection.send(error(`ERR unknown command '${name}'`));
  }
}

redisTest("resp serves redis-cli", async () => {
  await using server = await serve();
  const cli = ["-h", "127.0.0.1", "-p", `${server.port}`, "--no-raw"];
  const script = 'PING\nSET k "a \\xff\\n"\nGET k\nGET none\nNOPE\nECHO "naïve"\n';
  assertEquals(
    (await runTool("redis-cli", cli, script)).stdout,
    'PONG\nOK\n"a \\xff\\n"\n(nil)\n(error) ERR unknown command \'NOPE\'\n"na\\xc3\\xafve"\n',
  );
  assertMatch((await runTool("redis-cli", [...cli, "-3", "PAIRS"])).stdout, /1# "a" => \(double\) 1\.5/);

  const sets = Array.from({ length: 3000 }, (_, i) => `SET key:${i} ${i}\r\n`).join("");
  const piped = await runTool("redis-cli", ["-p", `${server.port}`, "--pipe"], sets);
  assertMatch(piped.stdout, /errors: 0, replies: 3000/);
  assertEquals((await runTool("redis-cli", [...cli, "GET", "key:2999"])).stdout, '"2999"\n');
});

redisTest("resp serves redis-benchmark, pipelined", async () => {
  await using server = await serve();
  const args = ["-p", `${server.port}`, "-t", "ping,set,get", "-n", "3000", "-c", "5", "-P", "16", "-q"];
  const { code, stdout } = await runTool("redis-benchmark", args);
  assertEquals(code, 0);
  for (const test of ["PING_INLINE", "PING_MBULK", "SET", "GET"]) {
    assertMatch(stdout, new RegExp(`${test}: [\\d.]+ requests per second`));
  }
  // Three thousand of each of the four tests, and what it asks before.
  assertGreater(server.stats.messagesIn, 12_000);
});

Deno.test("resp serves ioredis", async () => {
  await using server = await serve();
  const client = new Redis({ host: "127.0.0.1", port: server.port, enableReadyCheck: false });
  try {
    assertEquals(await client.ping(), "PONG");
    const value = Buffer.from(new Uint8Array(1000).map((_, i) => i));
    assertEquals(await client.set("bytes", value), "OK");
    assertEquals(await client.getBuffer("bytes"), value);
    assertEquals(await client.get("none"), null);
    const pipeline = client.pipeline();
    for (let i = 0; i < 1000; i++) pipeline.set(`k${i}`, i).get(`k${i}`);
    const results = await pipeline.exec() as [Error | null, unknown][];
    assertEquals(
      results.map(([, result]) => result),
      Array.from({ length: 2000 }, (_, i) => {
        return i % 2 === 0 ? "OK" : `${(i - 1) / 2}`;
      }),
    );
    const refused = await client.call("NOPE").then(() => "", (thrown: Error) => thrown.message);
    assertEquals(refused, "ERR unknown command 'NOPE'");
    assertEquals(await client.quit(), "OK");
  } finally {
    client.disconnect();
  }
});
