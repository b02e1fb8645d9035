// deno-lint-ignore-file no-console
/**
 * Makes `dist/protohost` for this machine: `deno task compile [OUTPUT]`. Deno downloads the runtime that it appends the
 * program to; where it cannot, `DENORT_BIN` names one.
 *
 * @module
 */

import { format } from "@std/fmt/bytes";
import { compileProgram } from "./compile_program.ts";

const output = Deno.args[0] ?? `dist/protohost${Deno.build.os === "windows" ? ".exe" : ""}`;

try {
  const bytes = await compileProgram(output);
  console.log(`${output}  ${format(bytes, { binary: true })}  ${Deno.build.target}`);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(1);
}
