import { assertEquals } from "@std/assert";
import {
  countError,
  countName,
  createStats,
  MAX_COUNT_NAME,
  MAX_COUNTS,
  mergeStats,
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

Deno.test("names of every object's parts are counted like any other", () => {
  const stats = createStats();
  for (const name of ["constructor", "__proto__", "toString", "constructor"]) {
    countError(stats, name);
    countName(stats, name);
  }
  for (const counts of [stats.errors, stats.counts, mergeStats([stats]).errors]) {
    assertEquals(Object.entries(counts), [["constructor", 2], ["other", 1], ["toString", 1]]);
  }
});

Deno.test("names beyond the bound are counted together, and none is lost", () => {
  const stats = createStats();
  for (let i = 0; i < 300_000; i++) countName(stats, `name ${i}`);
  countName(stats, "name 5");
  const sum = mergeStats([stats, stats]);
  for (const [counts, factor] of [[stats.counts, 1], [sum.counts, 2]] as const) {
    assertEquals(Object.keys(counts).length, MAX_COUNTS + 1);
    assertEquals([counts["name 5"], counts[OTHER_COUNTS]], [2 * factor, (300_000 - MAX_COUNTS) * factor]);
  }
});

Deno.test("instances that count different names share the bound of the sum", () => {
  const all = Array.from({ length: 3 }, (_, instance) => {
    const stats = createStats();
    for (let i = 0; i < MAX_COUNTS; i++) countError(stats, `${instance}.${i}`);
    return stats;
  });
  const { errors } = mergeStats(all);
  assertEquals(Object.keys(errors).length, MAX_COUNTS + 1);
  assertEquals(Object.values(errors).reduce((sum, count) => sum + count), 3 * MAX_COUNTS);
});

Deno.test("a long name is cut", () => {
  const stats = createStats();
  countError(stats, "x".repeat(1e6));
  countError(stats, "x".repeat(1e6));
  assertEquals(Object.entries(stats.errors), [["x".repeat(MAX_COUNT_NAME), 2]]);
});
