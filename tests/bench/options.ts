/**
 * The command line of the benchmarks.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import type { Effort } from "./scenario.ts";

const FULL: Effort = { rounds: 5, seconds: 2, quick: false };
const QUICK: Effort = { rounds: 3, seconds: 0.5, quick: true };
const GATE: Effort = { rounds: 7, seconds: 0.6, quick: true };

/** The options of a run. */
export interface BenchOptions {
  effort: Effort;
  /** Names of scenarios; all where there are none. */
  only: string[];
  /** Compares protohost with the bare loop alone, and fails where it is too slow. */
  gate: boolean;
  help: boolean;
  /** Files to write. */
  json?: string;
  plot?: string;
  markdown?: string;
}

/** An invalid command line. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
  readonly code = "bad_options";
}

/**
 * Reads the command line.
 *
 * @throws {OptionsError} On an unknown option or an invalid number.
 */
export function parseOptions(args: string[]): BenchOptions {
  const { quick, gate, help, only, rounds, seconds, json, plot, markdown, _: rest } = parseArgs(args, {
    boolean: ["quick", "gate", "help"],
    string: ["only", "rounds", "seconds", "json", "plot", "markdown"],
    collect: ["only"],
    unknown(arg) {
      throw new OptionsError(`Unknown option ${arg}: --help lists the options`);
    },
  });
  if (rest.length > 0) throw new OptionsError(`Unexpected argument ${rest[0]}`);
  const effort = gate ? GATE : quick ? QUICK : FULL;
  return {
    effort: {
      ...effort,
      rounds: Math.ceil(positive("rounds", rounds, effort.rounds)),
      seconds: positive("seconds", seconds, effort.seconds),
    },
    only: (only as string[]).flatMap((names) => names.split(",")),
    ...{ gate, help, json, plot, markdown },
  };
}

function positive(name: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!(Number(value) > 0)) {
    throw new OptionsError(`Cannot use ${JSON.stringify(value)} as --${name}: wanted a number above 0`);
  }
  return Number(value);
}
