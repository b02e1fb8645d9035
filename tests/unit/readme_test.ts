/**
 * What the README says in tables is what the code says.
 *
 * @module
 */

import { assert, assertEquals, fail } from "@std/assert";
import { EXIT } from "../../lib/cli/exit_codes.ts";
import { CONNECTION_ERRORS } from "../../lib/contract/connection_error.ts";
import { ConfigError, parseConfig } from "../../lib/config/mod.ts";
import type { HookErrorCode } from "../../lib/hooks/hook_error.ts";
import { DEFAULT_LIMITS, LIMIT_FIELDS, parseLimit } from "../../lib/contract/limits.ts";

const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));

/** The first two cells of the rows of the table under a heading. */
function rowsUnder(heading: string): [string, string][] {
  const section = readme.split(new RegExp(`^#+ ${heading}$`, "m"))[1].split(/^#/m)[0];
  return [...section.matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)].slice(1)
    .map(([, first, second]): [string, string] => [first.trim(), second.trim()])
    .filter(([first]) => !first.startsWith("-"));
}

Deno.test("the README lists every error code with its meaning", () => {
  const listed = Object.fromEntries(
    rowsUnder("Error codes").map(([code, meaning]) => [code.slice(1, -1), meaning]),
  );
  assertEquals(listed, { ...CONNECTION_ERRORS });
});

Deno.test("the README lists every code of a failed hook", () => {
  const codes: Record<HookErrorCode, true> = {
    hook_error: true,
    hook_timeout: true,
    hook_queue_full: true,
    webhook_failed: true,
    exec_failed: true,
  };
  const listed = rowsUnder("Further codes").flatMap(([cell]) =>
    cell.split(", ").map((one) => one.slice(1, -1))
  );
  assertEquals(Object.keys(codes).filter((code) => !listed.includes(code)), []);
});

Deno.test("the README lists every limit with its default", () => {
  for (const [name, written] of rowsUnder("Limits")) {
    const key = name.slice(1, -1) as keyof typeof LIMIT_FIELDS;
    const value = written === "off"
      ? 0
      : parseLimit(key, /^[\d,]+$/.test(written) ? Number(written.replace(",", "")) : written);
    assertEquals(value, DEFAULT_LIMITS[LIMIT_FIELDS[key].field], name);
  }
  assertEquals(rowsUnder("Limits").map(([name]) => name.slice(1, -1)), Object.keys(LIMIT_FIELDS));
});

Deno.test("the README lists every exit code", () => {
  const listed = rowsUnder("Exit codes").flatMap(([codes]) => codes.split(", ").map(Number));
  assertEquals(listed, Object.values(EXIT));
});

Deno.test("the README's YAML is a configuration, each block of it", () => {
  const blocks = [...readme.matchAll(/^```yaml\n([^]*?)^```/gm)].map(([, yaml]) => yaml);
  assert(blocks.length >= 3);
  for (const yaml of blocks) {
    try {
      parseConfig(yaml, { file: "/readme/protohost.yaml", env: () => undefined });
    } catch (error) {
      if (error instanceof ConfigError) fail(`${error.message}\n${yaml}`);
      throw error;
    }
  }
});
