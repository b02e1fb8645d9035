import { assertEquals } from "@std/assert";
import {
  close,
  type HookModule,
  line,
  listen,
  on,
  type Protocol,
  reply,
  sequence,
  step,
  text,
} from "@protohost/protohost";
import { Wire } from "../support/wire.ts";

/** Lines; each request has one reply, in order. A message's command is its first word. */
const lines: Protocol<string> = {
  name: "lines",
  input: line(),
  decode: (frame) => text(frame).trimEnd(),
  encode: (message) => `${message}\n`,
  command: (message) => message.split(" ")[0],
  answers: () => true,
};

/** Refuses every password. */
const handler = {
  onMessage(connection: { send(message: string): unknown }, message: string): void {
    connection.send(
      message.startsWith("PASS") ? "530 no" : message.startsWith("USER") ? "331 more" : "200 ok",
    );
  },
};

const out = (name: string) => step(name, { direction: "out" });

/** What a client hears that sends all at once, served and through a proxy; both have to be the same. */
async function hears(hooks: HookModule, ...requests: string[]): Promise<string[]> {
  await using behind = await listen("lines://127.0.0.1:0", { protocol: lines, ...handler });
  await using served = await listen("lines://127.0.0.1:0", { protocol: lines, hooks, ...handler });
  const upstream = `tcp://127.0.0.1:${behind.port}`;
  await using proxied = await listen("lines://127.0.0.1:0", { protocol: lines, hooks, upstream });
  const [one, other] = await Promise.all([served, proxied].map(async ({ port }) => {
    using wire = await Wire.open(port);
    await wire.write(requests.map((request) => `${request}\n`).join(""));
    await wire.conn.closeWrite();
    return (await wire.rest()).split("\n");
  }));
  assertEquals(other, one);
  return one;
}

Deno.test("a sequence of requests and replies is the same for a client that waits for no reply", async () => {
  const guess = ["USER", "PASS", out("530")];
  const hooks = [sequence([...guess, ...guess, "USER"], () => close("421 enough"))];
  const requests = ["USER a", "PASS 1", "NOOP", "USER a", "PASS 2", "USER a", "PASS 3"];
  assertEquals(await hears(hooks, ...requests), [
    "331 more",
    "530 no",
    "200 ok",
    "331 more",
    "530 no",
    "421 enough",
    "",
  ]);
});

Deno.test("a reply's hook gets the request that it answers, also where hooks answer some in the server's place", async () => {
  const seen: string[] = [];
  const hooks = [
    on("USER", () => reply("530 nobody")),
    on("*", ({ message, request }) => void seen.push(`${request?.message}: ${message}`), {
      direction: "out",
      request: true,
    }),
  ];
  const heard = await hears(hooks, "NOOP", "USER a", "PASS 1", "QUIT");
  assertEquals(heard, ["200 ok", "530 nobody", "530 no", "200 ok", ""]);
  const expected = ["NOOP: 200 ok", "PASS 1: 530 no", "QUIT: 200 ok"];
  assertEquals(seen.toSorted(), [...expected, ...expected].toSorted());
});

Deno.test("handlers and hooks count under names of their own, where the service's counters are", async () => {
  await using server = await listen("lines://127.0.0.1:0", {
    protocol: lines,
    hooks: (context) => {
      context.count("made");
      return [on("*", ({ command, count }) => count(`command.${command}`), { observe: true })];
    },
    onMessage: (connection, message: string) => void connection.send(message),
  });
  using wire = await Wire.open(server.port);
  await wire.write("A\nB\nA\n");
  for (let count = 0; count < 3; count++) await wire.line();
  assertEquals(server.stats.counts, { made: 1, "command.A": 2, "command.B": 1 });
});
