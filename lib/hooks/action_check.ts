/**
 * Whether the webhooks and programs of rules can run at all: found before a service starts, not at the first message.
 *
 * @module
 */

import { join } from "@std/path";
import { HEADER_NAME, HEADER_VALUE } from "../base/http_header.ts";
import { HookDefinitionError } from "./hook_error.ts";
import type { ExecAction, HookSource, WebhookAction } from "./rule.ts";

/**
 * Checks every webhook and program of a service's rules.
 *
 * @throws {HookDefinitionError} With all that is wrong, one a line.
 */
export async function checkActions(sources: readonly HookSource[]): Promise<void> {
  const problems: string[] = [];
  for (const [hook, source] of sources.entries()) {
    if (!("rule" in source)) continue;
    for (const [index, action] of source.rule.then.entries()) {
      if (action.do !== "webhook" && action.do !== "exec") continue;
      const problem = action.do === "webhook" ? await webhookProblem(action) : await programProblem(action);
      if (problem !== undefined) problems.push(`hooks[${hook}].then[${index}].${action.do}${problem}`);
    }
  }
  if (problems.length > 0) throw new HookDefinitionError(problems.join("\n"));
}

async function webhookProblem({ url, headers }: WebhookAction): Promise<string | undefined> {
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) return `.headers: ${problem}`;
  }
  const { protocol, hostname, port } = new URL(url);
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  if (await isGranted({ name: "net", host })) return undefined;
  return `: found ${JSON.stringify(url)}, wanted the permission to reach it: --allow-net=${host}`;
}

function headerProblem(name: string, value: string): string | undefined {
  if (!HEADER_NAME.test(name)) {
    return `found the name ${JSON.stringify(name)}, wanted one of letters, digits and - without spaces`;
  }
  if (!HEADER_VALUE.test(value)) {
    return `found ${JSON.stringify(value)} as ${name}, wanted one line of printable Latin-1 characters`;
  }
  return undefined;
}

async function programProblem({ command: [program] }: ExecAction): Promise<string | undefined> {
  const found = JSON.stringify(program);
  const file = await findProgram(program);
  if (file === "missing") {
    const wanted = isPath(program) ? "a file that exists" : "a program in one of the folders of PATH";
    return `: found ${found}, wanted ${wanted}`;
  }
  if (file === "not executable") return `: found ${found}, wanted a file with the permission to execute it`;
  if (await isGranted({ name: "run", command: program })) return undefined;
  return `: found ${found}, wanted the permission to run it: --allow-run=${program}`;
}

type Program = "found" | "missing" | "not executable" | "unknown";

async function findProgram(program: string): Promise<Program> {
  // On Windows a name may stand for several files, and no bit says which of them are programs.
  if (Deno.build.os === "windows") return "unknown";
  if (isPath(program)) return await look(program);
  if (!await isGranted({ name: "env", variable: "PATH" })) return "unknown";
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const seen = await Promise.all(folders.map((folder) => look(join(folder, program))));
  return (["found", "unknown", "not executable"] as const).find((one) => seen.includes(one)) ?? "missing";
}

async function look(path: string): Promise<Program> {
  if (!await isGranted({ name: "read", path })) return "unknown";
  try {
    const { isFile, mode } = await Deno.stat(path);
    if (!isFile) return "missing";
    return ((mode ?? 0) & 0o111) === 0 ? "not executable" : "found";
  } catch (error) {
    return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory
      ? "missing"
      : "unknown";
  }
}

function isPath(program: string): boolean {
  return /[/\\]/.test(program);
}

async function isGranted(descriptor: Deno.PermissionDescriptor): Promise<boolean> {
  try {
    return (await Deno.permissions.query(descriptor)).state === "granted";
  } catch {
    // Not a host, not a name.
    return false;
  }
}
