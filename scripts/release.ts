// deno-lint-ignore-file no-console
/**
 * Makes the executables of a release, `dist/protohost-TARGET(.exe)`, and their sums, `dist/SHA256SUMS`:
 * `deno task release [TARGET...]`. Needs Deno's download server.
 *
 * @module
 */

import { format } from "@std/fmt/bytes";
import { compileProgram } from "./compile_program.ts";

const allTargets = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
];

const targets = Deno.args.length > 0 ? Deno.args : allTargets;
const unknown = targets.filter((target) => !allTargets.includes(target));
if (unknown.length > 0) {
  console.log(`No target of a release: ${unknown.join(", ")}, wanted some of ${allTargets.join(", ")}`);
  Deno.exit(2);
}

const dist = new URL("../dist/", import.meta.url);
const sums: string[] = [];
for (const [index, target] of targets.entries()) {
  const name = `protohost-${target}${target.includes("windows") ? ".exe" : ""}`;
  console.log(`[${index + 1}/${targets.length}] ${target} ...`);
  try {
    const bytes = await compileProgram(`dist/${name}`, { target });
    const sum = await sha256(new URL(name, dist));
    sums.push(`${sum}  ${name}`);
    console.log(`      dist/${name}  ${format(bytes, { binary: true })}  sha256 ${sum}`);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
await Deno.writeTextFile(new URL("SHA256SUMS", dist), `${sums.join("\n")}\n`);
console.log("dist/SHA256SUMS");

async function sha256(file: URL): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
  return new Uint8Array(digest).toHex();
}
