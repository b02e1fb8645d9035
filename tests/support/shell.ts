/**
 * What a document tells people to type: whether there is such a command, task, flag and file.
 *
 * @module
 */

import { readArguments } from "../../lib/cli/arguments.ts";
import { commands } from "../../lib/cli/commands.ts";
import config from "../../deno.json" with { type: "json" };
import { root } from "./documents.ts";

/** Programs that are not ours. */
const PROGRAMS: readonly string[] = ["curl", "git", "jq", "kill", "mv", "nc", "npm", "printf"];

/** Our own folders: what is named in them must be there. */
const OWN_FILE = /^(?:examples|tests|scripts|docs)\//;

const TOKEN = /'[^']*'|"[^"]*"|\$\(|[()|&;<>\n]|#[^\n]*|[^\s'"()|&;<>]+/g;

/** The command lines in a script, each as its words. */
export function commandLines(script: string): string[][] {
  const lines: string[][] = [[]];
  for (const [token] of script.matchAll(TOKEN)) {
    if (token.startsWith("#")) continue;
    if (/^(?:\$\(|[()|&;\n])$/.test(token)) lines.push([]);
    else lines.at(-1)!.push(token.replace(/^(["'])(.*)\1$/s, "$2"));
  }
  return lines.filter((line) => line.length > 0);
}

/** What is wrong with a command line; undefined if nothing is. */
export async function commandProblem(words: readonly string[]): Promise<string | undefined> {
  const [program, ...args] = words;
  for (const path of args.filter((arg) => OWN_FILE.test(arg))) {
    if (!path.endsWith(".sock") && !await exists(path)) return `there is no ${path}`;
  }
  switch (program) {
    case "protohost":
    case "dist/protohost":
      return await protohostProblem(args);
    case "deno":
      return await denoProblem(args);
    case "npx":
      return args[0] === "-y" && args[1].startsWith("deno@")
        ? await denoProblem(args.slice(2))
        : "not our npx";
    default:
      return PROGRAMS.includes(program) ? undefined : `${program} is a program that nobody has heard of`;
  }
}

/** @param args Without the program's name. */
async function protohostProblem([name, ...args]: readonly string[]): Promise<string | undefined> {
  if (["--version", "--help"].includes(name)) return undefined;
  const entry = commands.find((entry) => entry.name === name);
  if (entry === undefined) return name === "COMMAND" ? undefined : `there is no command ${name}`;
  if (args.includes("--help")) return undefined;
  try {
    readArguments((await entry.load()).default, beforeRedirection(args));
  } catch (error) {
    return (error as Error).message;
  }
}

function beforeRedirection(args: readonly string[]): string[] {
  const at = args.indexOf("<");
  return args.slice(0, at < 0 ? args.length : at);
}

async function denoProblem([command, ...args]: readonly string[]): Promise<string | undefined> {
  switch (command) {
    case "task":
      return await taskProblem(args);
    case "run":
    case "test":
      return await runProblem(args);
    case "add":
    case "bundle":
      return undefined;
    default:
      return `deno ${command} is not what we tell anybody to type`;
  }
}

async function taskProblem([name, ...args]: readonly string[]): Promise<string | undefined> {
  if (!Object.hasOwn(config.tasks, name)) return `there is no task ${name}`;
  if (name === "protohost") return await protohostProblem(args);
  const task = config.tasks[name as keyof typeof config.tasks];
  const [script] = /\S+\.ts/.exec(task.command) ?? [];
  if (script === undefined) return undefined;
  const folder = new URL("./", new URL(script, root));
  for (const flag of args.filter((arg) => arg.startsWith("--"))) {
    if (!await isMentioned(folder, flag.slice(2))) return `the task ${name} has no ${flag}`;
  }
}

async function runProblem(args: readonly string[]): Promise<string | undefined> {
  const set = args.find((arg) => arg.startsWith("-P="))?.slice(3);
  if (set !== undefined && !Object.hasOwn(config.permissions, set)) {
    return `there is no permission set ${set}`;
  }
  const main = args.indexOf("main.ts");
  return main < 0 ? undefined : await protohostProblem(args.slice(main + 1));
}

async function isMentioned(folder: URL, word: string): Promise<boolean> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".ts")) continue;
    if (new RegExp(`\\b${word}\\b`).test(await Deno.readTextFile(new URL(name, folder)))) return true;
  }
  return false;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(new URL(path, root));
    return true;
  } catch {
    return false;
  }
}
