import { assertEquals } from "@std/assert";
import { readLine } from "../suites/redis_suite.ts";
import { differences, Gathered, knownDifferences } from "../suites/suite.ts";

Deno.test("what runtest says of a test is read, in colours too", () => {
  assertEquals(readLine("\x1b[32mok\x1b[0m"), undefined);
  assertEquals(readLine("[\x1b[0;32;49mok\x1b[0m]: PING (3 ms)"), ["PING", "passed"]);
  assertEquals(readLine("[err]: a (b) in tests/unit/x.tcl"), ["a (b) in tests/unit/x.tcl", "failed"]);
  assertEquals(readLine("[ignore]: MIGRATE: Not supported"), ["MIGRATE: Not supported", "skipped"]);
  assertEquals(readLine("[3/5 done]: unit/x (1 seconds)"), undefined);
});

Deno.test("a difference is what passes directly and not through a proxy; tests of one name are told apart", () => {
  const direct = new Gathered();
  for (const name of ["a", "b", "b", "c"]) direct.add(name, "passed");
  direct.add("d", "failed");
  const proxied = new Gathered();
  for (const name of ["a", "b"]) proxied.add(name, "passed");
  proxied.add("c", "failed");
  assertEquals(differences(direct.results, proxied.results), [
    { test: "b (2)", proxied: "not run" },
    { test: "c", proxied: "failed" },
  ]);
});

Deno.test("known differences are the rows of a document with the suite's name", () => {
  const document = [
    "| suite | test | why |",
    "| ----- | ---- | --- |",
    "| redis | `a test` | it is slow |",
    "| ioredis | `another` | other |",
  ].join("\n");
  assertEquals([...knownDifferences(document, "redis")], [["a test", "it is slow"]]);
});
