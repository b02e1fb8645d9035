/**
 * What a foreign suite is to the one that runs it, and what of two runs differs.
 *
 * @module
 */

import type { Proxies } from "./proxies.ts";

/** What became of a test. */
export type Outcome = "passed" | "failed" | "skipped";

/** The tests of one run by their names. */
export type Results = ReadonlyMap<string, Outcome>;

/** Other people's tests of a client or a server, which can be put behind a proxy. */
export interface Suite {
  /** Its name in the tables of known differences. */
  readonly name: string;
  /** The variable that names the folder of its sources. */
  readonly variable: string;
  /** Where its sources are cloned from, and at what tag. */
  readonly repository: string;
  tag(): Promise<string>;
  /** The document that lists what differs by intent. */
  readonly document: string;
  /** The programs without which it cannot run. */
  readonly programs: readonly string[];
  /** Runs it in its folder, through proxies where there are some, and tells of each test. */
  run(folder: string, told: Telling, proxies?: Proxies): Promise<void>;
}

/** Takes what a run tells of a test. */
export type Telling = (name: string, outcome: Outcome) => void;

/** Gathers what a run tells: of tests of one name, the second is `NAME (2)`. */
export class Gathered {
  readonly results: Map<string, Outcome> = new Map();
  readonly #times = new Map<string, number>();

  /** Takes a test. */
  add(name: string, outcome: Outcome): void {
    const times = (this.#times.get(name) ?? 0) + 1;
    this.#times.set(name, times);
    this.results.set(times === 1 ? name : `${name} (${times})`, outcome);
  }

  /** How many came to an end in that way. */
  count(outcome: Outcome): number {
    return [...this.results.values()].filter((one) => one === outcome).length;
  }
}

/** A test that passes directly and not through the proxy. */
export interface Difference {
  test: string;
  proxied: Outcome | "not run";
}

/** The tests that passed directly, but not through the proxy. */
export function differences(direct: Results, proxied: Results): Difference[] {
  return [...direct].flatMap(([test, outcome]) => {
    const other = proxied.get(test) ?? "not run";
    return outcome === "passed" && other !== "passed" ? [{ test, proxied: other }] : [];
  });
}

/**
 * Reads the differences of a suite that a document lists, with their reasons: the rows of its tables whose first cell is
 * the suite's name and whose second is a test's, as code.
 */
export function knownDifferences(document: string, suite: string): Map<string, string> {
  const rows = document.split("\n").filter((line) => line.startsWith("|")).map((line) =>
    line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())
  );
  return new Map(
    rows.filter(([name]) => name === suite).map(([, test, why]) => [test.replace(/^`+ ?| ?`+$/g, ""), why]),
  );
}
