/**
 * Writes what is made from the schema of a configuration: `schema.json`, by which editors complete and check one, and the
 * types that users write one by. With `--check` it writes nothing and fails if a file is not up to date.
 *
 *     deno run -P=build scripts/schema.ts [--check]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { configInputTypes, limitTypes } from "../lib/config/input_types.ts";
import { configJsonSchema } from "../lib/config/json_schema.ts";

const made: Record<string, string> = {
  "schema.json": `${JSON.stringify(configJsonSchema(), null, 2)}\n`,
  "lib/config/config_input.ts": await formatted(configInputTypes()),
  "lib/contract/limit_types.ts": await formatted(limitTypes()),
};
const { check } = parseArgs(Deno.args, { boolean: ["check"] });

for (const [path, text] of Object.entries(made)) {
  const file = new URL(`../${path}`, import.meta.url);
  const current = await Deno.readTextFile(file).catch(() => "");
  if (current.replaceAll("\r\n", "\n") === text) continue;
  if (check) {
    // deno-lint-ignore no-console
    console.error(`${path} is not up to date: run scripts/schema.ts`);
    Deno.exitCode = 1;
  } else await Deno.writeTextFile(file, text);
}

/** TypeScript as `deno fmt` writes it. */
async function formatted(code: string): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=ts", "-"],
    cwd: new URL("../", import.meta.url),
    stdin: "piped",
    stdout: "piped",
  });
  await using child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(code));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}
