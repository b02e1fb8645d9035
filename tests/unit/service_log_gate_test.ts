import { assertEquals } from "@std/assert";
import { configureSync, resetSync } from "@logtape/logtape";
import type { LogRecord } from "../../lib/spec/log_spec.ts";
import { ServiceLogGate } from "../../lib/supervisor/service_log_gate.ts";

/** What is written while a gate is used. */
async function written(use: (gate: ServiceLogGate) => unknown, limit: number): Promise<string[]> {
  const lines: string[] = [];
  configureSync({
    reset: true,
    sinks: { lines: ({ message }) => void lines.push(message.join("")) },
    loggers: [
      { category: [], sinks: ["lines"], lowestLevel: "trace" },
      { category: ["logtape", "meta"], lowestLevel: "fatal" },
    ],
  });
  try {
    const gate = new ServiceLogGate("a", limit);
    await use(gate);
    gate.close();
  } finally {
    resetSync();
  }
  return lines;
}

function hits(numbers: number[], timestamp = Date.now()): LogRecord[] {
  return numbers.map((number) => ({
    level: "info",
    category: ["protohost", "a"],
    message: `hit ${number}`,
    template: "hit {number}",
    properties: {},
    timestamp,
  }));
}

Deno.test("all instances of a service together log so many lines of a kind in a second", async () => {
  const now = Date.now();
  const lines = await written((gate) => {
    gate.write(hits([1, 2], now));
    gate.write(hits([3, 4], now));
    gate.write(hits([5], now));
  }, 3);
  assertEquals(lines, [
    "hit 1",
    "hit 2",
    "hit 3",
    '2 lines dropped of "hit {number}": more than 3 within 1000 ms (log.flood)',
  ]);
});

Deno.test("equal lines of two instances are both written, and the limit 0 is none", async () => {
  assertEquals(await written((gate) => [1, 2].forEach(() => gate.write(hits([7]))), 5), ["hit 7", "hit 7"]);
  assertEquals((await written((gate) => [1, 2].forEach(() => gate.write(hits([1, 2, 3]))), 0)).length, 6);
});

Deno.test("lines that claim another time get no more room by that", async () => {
  const now = Date.now();
  const lines = await written((gate) => {
    for (const timestamp of [now, now + 5000, now - 5000, 0, now + 90_000]) {
      gate.write(hits([1, 2], timestamp));
    }
  }, 3);
  assertEquals(lines.length, 4);
  assertEquals(lines.at(-1), '7 lines dropped of "hit {number}": more than 3 within 1000 ms (log.flood)');
});

Deno.test("how many lines were dropped is told once their second is over, though nobody logs", async () => {
  const lines = await written(async (gate) => {
    gate.write(hits([1, 2]));
    await new Promise((resolve) => setTimeout(resolve, 1800));
    gate.write(hits([3]));
  }, 1);
  assertEquals(lines, [
    "hit 1",
    '1 line dropped of "hit {number}": more than 1 within 1000 ms (log.flood)',
    "hit 3",
  ]);
});
