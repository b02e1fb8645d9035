import { assertEquals } from "@std/assert";
import {
  countName,
  createStats,
  MAX_COUNT_NAME,
  MAX_COUNTS,
  OTHER_COUNTS,
} from "../../lib/contract/stats.ts";

Deno.test("names of counters are bounded, whatever clients make of them", () => {
  const stats = createStats();
  for (let index = 0; index < MAX_COUNTS + 500; index++) {
    countName(stats, `name ${index}`);
    countName(stats, "name 0");
  }
  assertEquals(Object.keys(stats.counts).length, MAX_COUNTS + 1);
  assertEquals(stats.counts["name 0"], MAX_COUNTS + 501);
  assertEquals(stats.counts[OTHER_COUNTS], 500);
});

Deno.test("a counter's name is shown as it can be, and is no property that objects have", () => {
  const table: [name: string, key: string][] = [
    ["constructor", "constructor"],
    ["toString", "toString"],
    ["__proto__", OTHER_COUNTS],
    ["a\u001b[31m\nb", "a?[31m?b"],
    ["\u202ename", "?name"],
    ["x".repeat(MAX_COUNT_NAME + 50), "x".repeat(MAX_COUNT_NAME)],
    ["", ""],
  ];
  for (const [name, key] of table) {
    const stats = createStats();
    countName(stats, name);
    countName(stats, name);
    assertEquals(Object.entries(stats.counts), [[key, 2]], name);
  }
});
