/**
 * Reading YAML: its value, and where in the text each part of it stands. Pure.
 *
 * @module
 */

import { parse } from "@std/yaml";
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

/**
 * Reads a text by the core schema of YAML 1.2, which makes JSON values only.
 *
 * `@std/yaml` says what its value is. `js-yaml` reads it too, for what the other does not tell: how deep and how large it is
 * before anything is made of it, and where each part of it stands. A bracket that closes left of its entries, as formatters
 * write it, `js-yaml` alone does not take: such a text is read without places.
 */
export function readYaml(text: string): YamlDocument {
  const source = text.replace(/^\ufeff/, "");
  const positions = new TextPositions(source);
  const { index, findings, end, failure } = outline(source, positions);
  const read = failure?.isFinal || end === undefined
    ? { value: undefined }
    : readValue(source.slice(0, end), { allowDuplicateKeys: index !== undefined });
  const wrong = read.value === undefined ? failure?.finding ?? read.finding : undefined;
  if (wrong !== undefined) findings.push(wrong);
  return {
    value: read.value,
    findings,
    positionOf({ offset, place, atKey }) {
      const found = offset ?? index?.offsetOf(place, { atKey });
      return found === undefined ? undefined : positions.at(found);
    },
  };
}

/** What is known of a text before its value is made. */
interface Outline {
  index?: YamlIndex;
  findings: Finding[];
  /** Where the first document ends; undefined if no value is to be made of it. */
  end?: number;
  /** Why it could not be read; final unless the other parser is to say. */
  failure?: { finding: Finding; isFinal: boolean };
}

function outline(source: string, positions: TextPositions): Outline {
  const findings: Finding[] = [];
  try {
    const events = parseEvents(source, { maxDepth: MAX_DEPTH });
    if (events.length > MAX_EVENTS) {
      const [found, wanted] = [`more than ${MAX_EVENTS} keys, values and lists`, "fewer"];
      return { findings: [finding([], { found, wanted })] };
    }
    const second = events.findIndex(({ type }, at) => type === EVENT_ID.DOCUMENT && at > 0);
    const first = second < 0 ? events : events.slice(0, second);
    let end = source.length;
    if (second >= 0) {
      const offset = startOf(events[second + 1]) ?? source.length;
      findings.push({
        ...finding([], { found: "a second document after ---", wanted: "one document" }),
        offset,
      });
      end = Math.max(source.lastIndexOf("\n---", offset), 0);
    }
    const index = new YamlIndex(first, source);
    // The key that stands last is taken: that one stands twice is told beside all else that is wrong.
    findings.push(...index.repeated.map(({ place, first, second }) => {
      const found = JSON.stringify(place.at(-1));
      const message = `this key already stands on line ${positions.at(first).line}, wanted each key once`;
      return { ...finding(place, { found, wanted: "each key once", message }), offset: second };
    }));
    // For what it refuses, such as an alias without its anchor: it says where.
    constructFromEvents(first, { source, json: true });
    return { index, findings, end };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const stopped = error.mark?.position ?? 0;
    const { offset = stopped, ...problem } = syntaxProblem(error.reason, source, stopped);
    const isFinal = !/^deficient indentation/.test(error.reason) || !"]}".includes(source.charAt(stopped));
    return {
      findings,
      end: source.length,
      failure: { finding: { ...finding([], problem), offset }, isFinal },
    };
  }
}

function readValue(
  source: string,
  { allowDuplicateKeys }: { allowDuplicateKeys: boolean },
): { value: unknown; finding?: Finding } {
  try {
    return { value: parse(source, { schema: "core", allowDuplicateKeys }) ?? null };
  } catch (error) {
    const found = (error as Error).message.split("\n", 1)[0];
    return { value: undefined, finding: finding([], { found, wanted: "YAML" }) };
  }
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
