/**
 * `protohost check`: loads everything as `serve` does, and shows the plan.
 *
 * @module
 */

import { dirname } from "@std/path";
import { type CheckedConfig, inOrder, problemsIn } from "../config/check_config.ts";
import { checkFile, type Config, formatProblem, type Problem } from "../config/mod.ts";
import { finding } from "../config/problem.ts";
import { loadableServices } from "../config/loadable_services.ts";
import { placeOf } from "../base/error_place.ts";
import { DEFAULT_TIMING } from "../supervisor/timing.ts";
import type { Arguments, Command, Help } from "./command.ts";
import { CommandError } from "./errors.ts";
import { EXIT, type ExitCode } from "./exit_codes.ts";
import { fetchModules } from "./fetch_modules.ts";
import { findConfig } from "./find_config.ts";
import { configFlag, jsonFlag } from "./flags.ts";
import { loadServices } from "./load_services.ts";
import { formatPlan } from "./plan.ts";
import { formatDuration } from "../base/units.ts";
import type { Terminal } from "./terminal.ts";

const help: Help = {
  usage: "check [-c FILE] [--start] [--json] [--fetch]",
  text: `
Reads a configuration and loads the modules of every service as "serve" does, but calls none of their
callbacks and does not listen; with --start it runs "onStart" too, and then "onStop". Shows the plan:
addresses, protocols, handlers, instances, which hooks run for which command and in which order, and
the limits that differ from the defaults. If there are problems, it lists all of them and exits
with 1. Packages come from Deno's cache; --fetch downloads the missing ones first. A server may be
running with the same configuration.`,
  examples: [
    ["protohost check", "./protohost.yaml"],
    ["protohost check -c new.yaml && mv new.yaml protohost.yaml && protohost reload", "check, then change"],
  ],
};

const flags = {
  config: configFlag,
  start: { type: "boolean", text: "Run the onStart of each service too, and then its onStop" },
  json: jsonFlag,
  fetch: { type: "boolean", text: "Download the packages that services import into Deno's cache first" },
} as const;

const command: Command<typeof flags> = { help, flags, operands: [], run };
export default command;

const STILL_LOADING = `Still loading; a service may take up to ${
  formatDuration(DEFAULT_TIMING.loadTimeoutMs)
}`;

async function run(args: Arguments<typeof flags>, terminal: Terminal): Promise<ExitCode> {
  const config = await readConfig(await findConfig(args.flags.config, EXIT.failed));
  if (args.flags.fetch) await fetchModules(config);
  const slow = setTimeout(() => terminal.complain(STILL_LOADING), DEFAULT_TIMING.slowLoadMs);
  const services = await loadServices(config, { start: args.flags.start }).finally(() => clearTimeout(slow));
  terminal.print(
    args.flags.json ? JSON.stringify(services, null, 2) : formatPlan(config, services, terminal.paint),
  );
  const broken = services.filter((one) => !one.loaded).map(({ service }) => service.name);
  if (broken.length > 0) throw new CommandError(`Cannot load ${broken.join(", ")}`);
  return EXIT.ok;
}

async function readConfig(file: string): Promise<Config> {
  const checked = await checkFile(file);
  const { config, problems: told } = checked;
  if (config !== undefined && told.length === 0) return config;
  const problems = inOrder([...told, ...await problemsOfCode(file, checked)]);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new CommandError([count, ...problems.map(formatProblem)].join("\n"));
}

/** Problems that a service's options and limits cannot cause. */
const CODE_PROBLEMS = ["unknown_protocol", "bad_protocol", "module_failed"];

/** The problems of the modules and protocols that a broken configuration names. */
async function problemsOfCode(file: string, checked: CheckedConfig): Promise<Problem[]> {
  const { config, partial } = loadableServices(checked.tree, checked.problems, dirname(file));
  const findings = (await loadServices(config)).flatMap((one) => {
    if (one.loaded) return [];
    const { service: { name }, error } = one;
    if (partial.has(name) && !CODE_PROBLEMS.includes(error.code)) return [];
    const message = `${error.message}${placeOf(error)}`;
    return [finding(["services", name], { message, found: error.code, wanted: "a service that loads" })];
  });
  return problemsIn(checked.source, findings);
}
