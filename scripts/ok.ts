// deno-lint-ignore-file no-console
/**
 * The whole gate, in one command: `deno task ok [--without STEP]`. Every step runs, whatever the ones before it said;
 * the last line counts them.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";

const steps: Record<string, string[]> = {
  format: ["fmt", "--check"],
  lint: ["lint"],
  check: ["check"],
  layers: ["run", "-P=build", "scripts/layers.ts"],
  doc: ["doc", "--lint", ...await exportedFiles()],
  schema: ["run", "--permission-set=test", "scripts/schema.ts", "--check"],
  test: ["task", "test:all"],
  publish: ["publish", "--dry-run", "--allow-dirty"],
};

const { without } = parseArgs(Deno.args, { string: ["without"], collect: ["without"] });
const chosen = Object.entries(steps).filter(([name]) => !without.includes(name));
const failed: string[] = [];
for (const [name, args] of chosen) {
  console.log(`--- ${name}: deno ${args.join(" ")}`);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: new URL("../", import.meta.url),
    stdin: "null",
  }).spawn().status;
  if (!success) failed.push(name);
}
if (failed.length > 0) console.log(`Failed: ${failed.join(", ")}`);
console.log(`ok: ${chosen.length - failed.length} passed, ${failed.length} failed`);
if (failed.length > 0) Deno.exit(1);

/** What others can import, as deno.json names it. */
async function exportedFiles(): Promise<string[]> {
  const { exports } = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  return Object.values(exports);
}
