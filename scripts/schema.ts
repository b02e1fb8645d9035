/**
 * Writes `schema.json`, by which editors complete and check a configuration. With `--check` it writes nothing and
 * fails if the file is not up to date.
 *
 *     deno run --allow-read --allow-write scripts/schema.ts [--check]
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { configJsonSchema } from "../lib/config/json_schema.ts";

const file = new URL("../schema.json", import.meta.url);
const text = `${JSON.stringify(configJsonSchema(), null, 2)}\n`;

if (parseArgs(Deno.args, { boolean: ["check"] }).check) {
  const current = await Deno.readTextFile(file).catch(() => "");
  if (current.replaceAll("\r\n", "\n") !== text) {
    // deno-lint-ignore no-console
    console.error("schema.json is not what the schema says, wanted it written anew by scripts/schema.ts");
    Deno.exit(1);
  }
} else {
  await Deno.writeTextFile(file, text);
}
