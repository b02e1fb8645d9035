import { assertEquals, assertStringIncludes } from "@std/assert";
import { HookError } from "../../../lib/hooks/hook_error.ts";
import { hookReports } from "../../../lib/hooks/hook_reports.ts";
import { createStats, mergeStats } from "../../../lib/contract/stats.ts";
import { testConnection, testOptions } from "./support.ts";

Deno.test("what fails and what rules count stands in the service's counters, and what fails in its log", () => {
  const { options, told } = testOptions();
  const stats = createStats();
  const { report, count } = hookReports(stats, options.context.log);
  const cause = new RangeError("no such thing");
  report(
    new HookError("hook_error", "The hook failed", { hook: "guard.ts: hook 2", at: "command MAIL", cause }),
    testConnection(),
  );
  report(new HookError("hook_queue_full", "Not tried", { hook: "hooks[0]" }));
  count("tries");
  count("tries");
  assertEquals(stats.errors, { hook_error: 1, hook_queue_full: 1 });
  assertEquals(stats.counts, { tries: 2 });
  assertEquals(told.logged.map(({ level, properties }) => [level, properties.hook, properties.remote]), [
    ["error", "guard.ts: hook 2", "192.0.2.7:4711"],
    ["error", "hooks[0]", undefined],
  ]);
  assertEquals(told.logged.map(({ line }) => line), [
    "Connection test.1 from 192.0.2.7:4711: hook_error: guard.ts: hook 2 failed at command MAIL: " +
    "RangeError: no such thing",
    "hook_queue_full: Not tried",
  ]);
  // Where in the user's code it was.
  assertStringIncludes((told.logged[0].properties.error as Error).stack!, "hook_reports_test.ts");
});

Deno.test("the counts of several instances are added up by name", () => {
  const all: Record<string, number>[] = [{ a: 1, b: 2 }, {}, { b: 3 }];
  const sum = mergeStats(all.map((counts) => ({ ...createStats(), counts })));
  assertEquals(sum.counts, { a: 1, b: 5 });
});
