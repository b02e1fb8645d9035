// deno-lint-ignore-file no-console
/**
 * Measures protohost beside others, on this machine, in one run: `deno task bench`.
 *
 * README.md in this folder tells what is measured and how.
 *
 * @module
 */

import { abuse } from "./abuse.ts";
import { PROXIES, SERVERS } from "./contestants.ts";
import { GATE_RATIOS, shortfalls } from "./gate.ts";
import { hookCost } from "./hook_cost.ts";
import { isolation } from "./isolation.ts";
import { thisMachine } from "./machine.ts";
import { memory } from "./memory.ts";
import { type BenchOptions, OptionsError, parseOptions } from "./options.ts";
import { plot } from "./plot.ts";
import { Processes } from "./processes.ts";
import { formatHeader, formatMarkdown, formatScenario, type Report } from "./report.ts";
import { restart } from "./restart.ts";
import { runScenario, type ScenarioResult } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import type { Bench } from "./stage.ts";
import { gateScenario, throughput } from "./throughput.ts";
import { openToolbox } from "./toolbox.ts";

const SCENARIOS: Scenario[] = [...throughput, memory, isolation, restart, abuse, hookCost];

const HELP = `deno task bench [OPTIONS]

  --quick           fewer, shorter rounds and fewer points: whether all works, not how fast it is
  --only NAME,...   some scenarios of: ${SCENARIOS.map(({ name }) => name).join(", ")}
  --rounds N        how often each contestant is measured (5)
  --seconds S       how long each time (2)
  --json FILE       write all that was measured
  --plot FILE.svg   draw the ratios
  --markdown FILE   write one table over the scenarios
  --gate            protohost beside the bare loop alone, at ${
  Object.keys(GATE_RATIOS).length
} points; fails below the ratios of gate.ts
`;

Deno.exit(await main(Deno.args));

async function main(args: string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options.help) {
      console.log(HELP);
      return 0;
    }
    return await measure(choose(options), options);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(error.message);
    return 2;
  }
}

function choose({ only, gate }: BenchOptions): Scenario[] {
  if (gate) return [gateScenario];
  const unknown = only.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown !== undefined) {
    throw new OptionsError(`Cannot run ${unknown}, wanted one of the scenarios that --help shows`);
  }
  return SCENARIOS.filter(({ name }) => only.length === 0 || only.includes(name));
}

/** Measures, and answers the exit code. Whatever was started is stopped first, after an interruption too. */
async function measure(scenarios: Scenario[], options: BenchOptions): Promise<number> {
  await using stack = new AsyncDisposableStack();
  const dir = await Deno.makeTempDir({ prefix: "protohost-bench-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  const processes = stack.use(new Processes());
  const run = async () => {
    const toolbox = await openToolbox(dir);
    const bench: Bench = { toolbox, processes, effort: options.effort, say: (line) => console.error(line) };
    const report = await runAll(scenarios, bench);
    if (options.gate) return await judge(report, bench);
    await write(report, options);
    return report.scenarios.every(isWhole) ? 0 : 1;
  };
  return await Promise.race([run(), interruption()]);
}

/** The exit code of the first signal. */
function interruption(): Promise<number> {
  return new Promise((resolve) => {
    Deno.addSignalListener("SIGINT", () => resolve(130));
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => resolve(143));
  });
}

async function runAll(scenarios: Scenario[], bench: Bench): Promise<Report> {
  const header = await headerOf(bench);
  console.log(formatHeader(header));
  const results: ScenarioResult[] = [];
  for (const scenario of scenarios) {
    const result = await runScenario(scenario, bench);
    results.push(result);
    console.log(`\n${formatScenario(result)}\n`);
  }
  return { ...header, scenarios: results };
}

async function headerOf({ toolbox, effort }: Bench): Promise<Omit<Report, "scenarios">> {
  const versions: Record<string, string> = {};
  const skipped: Record<string, string> = {};
  for (const { name, missing, version } of [...SERVERS, ...PROXIES]) {
    const why = missing?.(toolbox);
    if (why === undefined) versions[name] = version(toolbox);
    else skipped[name] = why;
  }
  return { machine: await thisMachine(), effort, generator: toolbox.generator, versions, skipped };
}

/** A ratio that falls short has a second chance, with twice the rounds: a machine that was busy is not a regression. */
async function judge({ scenarios }: Report, bench: Bench): Promise<number> {
  if (scenarios.flatMap(shortfalls).length === 0) return 0;
  const effort = { ...bench.effort, rounds: bench.effort.rounds * 2 };
  const again = await runScenario(gateScenario, { ...bench, effort });
  console.log(`\n${formatScenario(again)}\n`);
  const found = shortfalls(again);
  for (const line of found) console.error(`Too slow: ${line}`);
  return found.length === 0 ? 0 : 1;
}

async function write(report: Report, options: BenchOptions): Promise<void> {
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, JSON.stringify(report, undefined, 2) + "\n");
  }
  if (options.plot !== undefined) {
    await Deno.writeTextFile(options.plot, plot(report.scenarios, formatHeader({ ...report, skipped: {} })));
  }
  if (options.markdown !== undefined) {
    await Deno.writeTextFile(options.markdown, formatMarkdown(report.scenarios) + "\n");
  }
}

/** Whether all went as it should. */
function isWhole({ points, failed }: ScenarioResult): boolean {
  return failed === undefined &&
    points.every(({ cases }) => cases.every((each) => each.failed === undefined));
}
