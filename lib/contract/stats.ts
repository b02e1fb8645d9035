/**
 * What a service counts. Plain fields, since they are touched for each frame; a snapshot is a JSON value.
 *
 * @module
 */

/** Counters of one service instance, or the sum of several. */
export interface ServiceStats {
  /** Connections open now. */
  open: number;
  /** Connections accepted since the start. */
  accepted: number;
  /** Connections closed at once because of a limit. */
  refused: number;
  /** Connections closed since the start. */
  closed: number;
  /** Messages decoded. */
  messagesIn: number;
  /** Messages (or raw sends) queued. */
  messagesOut: number;
  /** Bytes received. */
  bytesIn: number;
  /** Bytes handed to the operating system. */
  bytesOut: number;
  /** Errors by their code. */
  errors: Record<string, number>;
  /** What rules, hooks and handlers count, by name; at most {@linkcode MAX_COUNTS} names. */
  counts: Record<string, number>;
}

/** Counters that all stand at zero. */
export function createStats(): ServiceStats {
  return {
    open: 0,
    accepted: 0,
    refused: 0,
    closed: 0,
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    errors: {},
    counts: {},
  };
}

/** Counts one error under its code. */
export function countError(stats: ServiceStats, code: string): void {
  add(stats.errors, code, 1);
}

/** The most names that are counted under. Names may be made of what clients send, so there have to be some. */
export const MAX_COUNTS = 1_000;
/** A name is cut at this many characters. */
export const MAX_COUNT_NAME = 100;
/** What is counted in place of further names. */
export const OTHER_COUNTS = "other";

const sizes: WeakMap<Record<string, number>, number> = new WeakMap();

/** Counts once under a name; under {@linkcode OTHER_COUNTS} if there are too many names already. */
export function countName({ counts }: ServiceStats, name: string): void {
  const key = Object.hasOwn(counts, name) ? name : newName(counts, name);
  counts[key] = (Object.hasOwn(counts, key) ? counts[key] : 0) + 1;
}

/** What a name that is not counted yet is counted under: it may be made of anything that a client has sent. */
function newName(counts: Record<string, number>, name: string): string {
  const shown = name.slice(0, MAX_COUNT_NAME).replaceAll(/[^\x20-\x7e]/g, "?");
  // That one would be the prototype, not a key.
  const key = shown === "__proto__" ? OTHER_COUNTS : shown;
  if (Object.hasOwn(counts, key)) return key;
  const size = sizes.get(counts) ?? Object.keys(counts).length;
  if (size >= MAX_COUNTS) return OTHER_COUNTS;
  sizes.set(counts, size + 1);
  return key;
}

/** The sum of several instances' counters. */
export function mergeStats(all: Iterable<ServiceStats>): ServiceStats {
  const sum = createStats();
  for (const stats of all) {
    for (const key of Object.keys(sum) as (keyof ServiceStats)[]) {
      if (key !== "errors" && key !== "counts") sum[key] += stats[key];
    }
    addTo(sum.errors, stats.errors);
    addTo(sum.counts, stats.counts);
  }
  return sum;
}

function addTo(sum: Record<string, number>, counts: Record<string, number>): void {
  for (const [name, count] of Object.entries(counts)) add(sum, name, count);
}

/** The name may be one that objects inherit something by. */
function add(counts: Record<string, number>, name: string, count: number): void {
  counts[name] = (Object.hasOwn(counts, name) ? counts[name] : 0) + count;
}

/** A copy of counters, as they are now. */
export function copyStats(stats: ServiceStats): ServiceStats {
  return { ...stats, errors: { ...stats.errors }, counts: { ...stats.counts } };
}

/** One open connection, for people and programs that watch. */
export interface ConnectionInfo {
  /** Unique among the connections of one server. */
  id: string;
  /** The service's name. */
  service: string;
  /** What carries the bytes. */
  transport: string;
  /** The peer's address. */
  remote: string;
  /** The address on this side. */
  local: string;
  /** Such as `open` or `closing`. */
  state: string;
  /** Whether its generation of the service drains: it has been replaced, or is to stop. */
  draining?: true;
  /** Milliseconds since it was made. */
  ageMs: number;
  /** Milliseconds since bytes last moved. */
  idleMs: number;
  /** Bytes received. */
  bytesRead: number;
  /** Bytes handed to the operating system. */
  bytesWritten: number;
  /** Bytes that wait to be sent. */
  queuedBytes: number;
}
