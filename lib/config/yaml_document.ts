/**
 * Reading YAML: its value, and where in the text each part of it stands. Pure.
 *
 * @module
 */

import { constructFromEvents, type Event, EVENT_ID, parseEvents, YAMLException } from "js-yaml";
import { type Finding, finding } from "./problem.ts";
import { type Position, TextPositions } from "./text_position.ts";
import { MAX_DEPTH } from "./tree_bounds.ts";
import { scalarStart, YamlIndex } from "./yaml_index.ts";
import { syntaxProblem } from "./yaml_problem.ts";

/** The most keys, values, lists and mappings, their ends included; a service of ten lines has about thirty. */
const MAX_EVENTS = 500_000;

/** What a text in YAML says. */
export interface YamlDocument {
  /** A JSON value, dates as strings; undefined if the text cannot be read. */
  value: unknown;
  /** What is wrong with the text itself: its syntax, or keys that stand twice. */
  findings: Finding[];
  /** Where a finding stands, as near as can be told. */
  positionOf(finding: Finding): Position | undefined;
}

/** Reads a text by the core schema of YAML 1.2, which makes JSON values only. */
export function readYaml(text: string): YamlDocument {
  const source = text.replace(/^\ufeff/, "");
  const positions = new TextPositions(source);
  const findings: Finding[] = [];
  let index: YamlIndex | undefined;
  let value: unknown;
  try {
    const events = parseEvents(source, { maxDepth: MAX_DEPTH });
    if (events.length > MAX_EVENTS) {
      const [found, wanted] = [`more than ${MAX_EVENTS} keys, values and lists`, "fewer"];
      return { value: undefined, findings: [finding([], { found, wanted })], positionOf: () => undefined };
    }
    const second = events.findIndex(({ type }, at) => type === EVENT_ID.DOCUMENT && at > 0);
    const first = second < 0 ? events : events.slice(0, second);
    if (second >= 0) {
      const problem = { found: "a second document after ---", wanted: "one document" };
      findings.push({ ...finding([], problem), offset: startOf(events[second + 1]) ?? source.length });
    }
    index = new YamlIndex(first, source);
    findings.push(...index.repeated.map(({ place, first, second }) => {
      const found = JSON.stringify(place.at(-1));
      const message = `this key already stands on line ${positions.at(first).line}, wanted each key once`;
      return { ...finding(place, { found, wanted: "each key once", message }), offset: second };
    }));
    // The key that stands last is taken: that one stands twice is told beside all else that is wrong.
    value = constructFromEvents(first, { source, json: true })[0] ?? null;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const stopped = error.mark?.position ?? 0;
    const { offset = stopped, ...problem } = syntaxProblem(error.reason, source, stopped);
    findings.push({ ...finding([], problem), offset });
  }
  return {
    value,
    findings,
    positionOf({ offset, place, atKey }) {
      const found = offset ?? index?.offsetOf(place, { atKey });
      return found === undefined ? undefined : positions.at(found);
    },
  };
}

/** Where what an event is about begins. */
function startOf(event: Event | undefined): number | undefined {
  switch (event?.type) {
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.SCALAR:
      return event.valueStart < 0 ? undefined : scalarStart(event);
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    default:
      return undefined;
  }
}
