import { assertEquals, assertRejects } from "@std/assert";
import { listen, type ListenOptions, on, reply } from "@protohost/protohost";
import { resolveProxy } from "../../lib/config/resolve_proxy.ts";
import { ProtocolError } from "../../lib/modules/find_protocol.ts";
import { Wire } from "../support/wire.ts";
import { LogWatch, supervise } from "./supervised.ts";

const refuse = on("stop", () => reply({ error: "refused" }));

/** What a client hears of these lines through a guard, and which of them reach the server. */
async function guarded(
  options: Pick<ListenOptions, "command" | "hooks">,
  lines: string[],
): Promise<{ heard: string[]; reached: string[] }> {
  const reached: string[] = [];
  await using behind = await listen("text://127.0.0.1:0", {
    onMessage(connection, line: string) {
      reached.push(line);
      connection.send('"ok"');
    },
  });
  await using guard = await listen("jsonnl://127.0.0.1:0", {
    ...options,
    upstream: `tcp://127.0.0.1:${behind.port}`,
  });
  using wire = await Wire.open(guard.port);
  const heard: string[] = [];
  for (const line of lines) {
    await wire.write(`${line}\n`);
    heard.push(await wire.line());
  }
  return { heard, reached };
}

const EVASIONS = [
  '{"type":"x","method":"stop"}',
  '[{"method":"stop","id":1}]',
  '{"method":"stop","method":"ok"}',
  '{"METHOD":"stop"}',
  '{"method":["stop"]}',
];

Deno.test("no line that a server may read in another way passes a guard, and the rest does", async () => {
  const clear = ['{"method":"go"}', '{"result":1}', "[]", '"stop"'];
  const { heard, reached } = await guarded({ command: { key: "method" }, hooks: [refuse] }, [
    ...EVASIONS,
    ...clear,
  ]);
  assertEquals(heard, [
    '{"error":"refused"}',
    '{"error":"ambiguous request: it is a batch"}',
    '{"error":"ambiguous request: \\"method\\" comes twice"}',
    '{"error":"ambiguous request: \\"METHOD\\" differs from \\"method\\" in letter case"}',
    '{"error":"ambiguous request: \\"method\\" is no string"}',
    ...clear.map(() => '"ok"'),
  ]);
  assertEquals(reached, clear);
});

Deno.test("without a key a guard refuses lines that several keys could name", async () => {
  const { heard, reached } = await guarded({ hooks: [refuse] }, [...EVASIONS, '{"type":"go"}']);
  assertEquals(heard.map((line) => line.slice(0, 18)), [...EVASIONS.map(() => '{"error":"ambiguou'), '"ok"']);
  assertEquals(reached, ['{"type":"go"}']);
});

Deno.test("where hooks only observe no line is refused", async () => {
  const hooks = [on("*", () => {}, { observe: true })];
  const { reached } = await guarded({ hooks }, EVASIONS);
  assertEquals(reached, EVASIONS);
});

Deno.test("a handler's hooks go by the key that is chosen", async () => {
  await using server = await listen("jsonnl://127.0.0.1:0", {
    command: { key: "method" },
    hooks: [refuse],
    onMessage: (connection, message) => void connection.send(message),
  });
  using wire = await Wire.open(server.port);
  await wire.write('{"type":"x","method":"stop"}\n{"type":"stop"}\n');
  assertEquals([await wire.line(), await wire.line()], ['{"error":"refused"}', '{"type":"stop"}']);
});

Deno.test("a key for a protocol that names its commands itself is refused", async () => {
  const options: ListenOptions = { command: { key: "x" }, onMessage() {} };
  await assertRejects(
    () => listen("text://127.0.0.1:0", options),
    ProtocolError,
    'Cannot name commands by the key "x": the protocol text names them itself, wanted one whose users choose a key, such as jsonnl',
  );
});

Deno.test("a configured guard goes by its key, and one without is told what it refuses", async () => {
  using log = new LogWatch();
  const rule = {
    on: ["stop"],
    direction: "in" as const,
    priority: 0,
    when: [],
    then: [{ do: "drop" as const }],
  };
  const proxy = resolveProxy({ upstream: "tcp://127.0.0.1:1" }, import.meta.url);
  const guard = { listen: ["jsonnl://127.0.0.1:0"], proxy, hooks: [{ rule }], isolation: "worker" as const };
  const warning = log.next(/^jsonnl: requests that several keys could name are refused where hooks guard/);
  await using server = await supervise({ with: { ...guard, command: { key: "method" } }, without: guard });
  const line = await warning;
  // What the other one had to say while it was loaded has come too, once it has been stopped.
  await server.supervisor.stop({ immediate: true });
  const told = log.records.filter((_, index) => log.lines[index] === line);
  assertEquals(told.map(({ category, level }) => [category.at(-1), level]), [["without", "warning"]]);
});
