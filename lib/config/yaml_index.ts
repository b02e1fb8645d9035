/**
 * Where the keys and values of a text in YAML stand, by the events of its parser. Pure.
 *
 * @module
 */

import {
  type AliasEvent,
  type Event,
  EVENT_ID,
  getScalarValue,
  SCALAR_STYLE,
  type ScalarEvent,
} from "js-yaml";
import type { Place } from "./problem.ts";

/** A value in the text. */
interface Node {
  /** Its offset; -1 if nothing stands there. */
  start: number;
  /** A mapping's entries by their keys. */
  entries?: Map<string, Entry>;
  /** A list's items. */
  items?: Node[];
}

/** A key with its value. */
interface Entry {
  start: number;
  value: Node;
}

/** A mapping or a list that is not read to its end. */
interface Open {
  node: Node;
  place: Place;
  /** The key whose value comes next. */
  key?: { text: string; start: number };
}

/** A key that stands twice in one mapping. */
export interface RepeatedKey {
  place: Place;
  /** Offsets of the first one and of this one. */
  first: number;
  second: number;
}

/** More are of no use to anybody. */
const MAX_REPEATED = 1000;

/** The keys and values of one document. */
export class YamlIndex {
  /** Keys that stand twice, the first of them. */
  readonly repeated: RepeatedKey[] = [];
  readonly #source: string;
  readonly #anchors: Map<string, Node> = new Map();
  readonly #open: Open[] = [];
  #root: Node | undefined;

  /** Reads the events of a document of this text. */
  constructor(events: readonly Event[], source: string) {
    this.#source = source;
    for (const event of events) this.#take(event);
  }

  /**
   * The offset of a place: of a value that is no mapping and no list, else of its key. Where nothing stands at the place,
   * that of the nearest part above it.
   */
  offsetOf(place: Place, { atKey = false }: { atKey?: boolean } = {}): number | undefined {
    let node = this.#root;
    let offset: number | undefined;
    for (const key of place) {
      const entry: Entry | undefined = node?.entries?.get(String(key));
      const item = typeof key === "number" ? node?.items?.[key] : undefined;
      const next: Node | undefined = entry?.value ?? item;
      if (next === undefined) return offset;
      const isPlain = next.entries === undefined && next.items === undefined && next.start >= 0;
      offset = entry === undefined || (isPlain && !atKey) ? next.start : entry.start;
      node = next;
    }
    return offset;
  }

  #take(event: Event): void {
    switch (event.type) {
      case EVENT_ID.MAPPING:
        return this.#enter({ start: event.start, entries: new Map() }, event);
      case EVENT_ID.SEQUENCE:
        return this.#enter({ start: event.start, items: [] }, event);
      case EVENT_ID.SCALAR: {
        const node: Node = { start: scalarStart(event) };
        this.#name(node, event);
        return void this.#put(node, event);
      }
      case EVENT_ID.ALIAS:
        return void this.#put({ ...this.#anchors.get(this.#anchorOf(event)), start: event.anchorStart - 1 });
      case EVENT_ID.POP:
        return void this.#open.pop();
      case EVENT_ID.DOCUMENT:
        return;
      default:
        event satisfies never;
    }
  }

  #enter(node: Node, event: { anchorStart: number; anchorEnd: number }): void {
    this.#name(node, event);
    this.#open.push({ node, place: this.#put(node) });
  }

  /** Puts a node where it belongs; answers its place. */
  #put(node: Node, scalar?: ScalarEvent): Place {
    const open = this.#open.at(-1);
    if (open === undefined) {
      this.#root ??= node;
      return [];
    }
    const { place, key, node: { entries, items } } = open;
    if (items !== undefined) {
      items.push(node);
      return [...place, items.length - 1];
    }
    if (key === undefined) {
      open.key = { text: scalar ? getScalarValue(this.#source, scalar) : "", start: Math.max(node.start, 0) };
      return place;
    }
    open.key = undefined;
    const here = [...place, key.text];
    const before = entries?.get(key.text);
    if (before !== undefined && this.repeated.length < MAX_REPEATED) {
      this.repeated.push({ place: here, first: before.start, second: key.start });
    }
    entries?.set(key.text, { start: key.start, value: node });
    return here;
  }

  #name(node: Node, event: { anchorStart: number; anchorEnd: number }): void {
    if (event.anchorStart >= 0) this.#anchors.set(this.#anchorOf(event), node);
  }

  #anchorOf({ anchorStart, anchorEnd }: Pick<AliasEvent, "anchorStart" | "anchorEnd">): string {
    return this.#source.slice(anchorStart, anchorEnd);
  }
}

/** Where a scalar begins, with its quotes; -1 if it is empty. */
export function scalarStart({ valueStart, style }: ScalarEvent): number {
  const isQuoted = style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED;
  return isQuoted ? valueStart - 1 : valueStart;
}
