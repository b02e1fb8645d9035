/**
 * The checks in their order, each with those that it depends on: if one fails, the checks that depend on it do not run, so
 * that a report names the cause and not its consequences.
 *
 * @module
 */

import { inputCost } from "./cost.ts";
import {
  allAtOnce,
  byteByByte,
  from,
  overwrittenBuffer,
  prefixes,
  randomSplits,
  splitInTwo,
  twoConnections,
  windows,
} from "./delivery.ts";
import { garbage, overTheLimit } from "./hostile.ts";
import { command, encode, parse, roundTrip } from "./round_trip.ts";
import type { Subject } from "./subject.ts";

/** A check: returns what is wrong, or undefined. */
export interface Check {
  name: string;
  /** Names of the checks that must have passed. */
  needs: readonly string[];
  check(subject: Subject): string | undefined;
}

/** The checks that apply to a direction. */
export function checksOf(subject: Subject): Check[] {
  const { codec } = subject;
  return all.filter(({ name }) => (name !== "command" || codec.command) && (name !== "parse" || codec.parse));
}

const all: readonly Check[] = [
  { name: "encode", needs: [], check: encode },
  { name: "round trip", needs: ["encode"], check: roundTrip },
  { name: "command", needs: [], check: command },
  { name: "parse", needs: ["round trip"], check: parse },
  { name: "window", needs: ["round trip"], check: windows },
  { name: "overwritten buffer", needs: ["round trip"], check: overwrittenBuffer },
  { name: "prefixes", needs: ["round trip"], check: prefixes },
  { name: "from", needs: ["prefixes"], check: from },
  { name: "all at once", needs: ["window", "overwritten buffer"], check: allAtOnce },
  { name: "split in two", needs: ["from", "all at once"], check: splitInTwo },
  { name: "byte by byte", needs: ["split in two"], check: byteByByte },
  { name: "random splits", needs: ["byte by byte"], check: randomSplits },
  { name: "two connections", needs: ["random splits"], check: twoConnections },
  { name: "over the limit", needs: ["split in two"], check: overTheLimit },
  { name: "garbage", needs: ["all at once"], check: garbage },
  { name: "cost of input", needs: ["random splits"], check: inputCost },
];
