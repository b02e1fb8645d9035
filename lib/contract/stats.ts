/**
 * What a service counts. Plain fields, since they are touched for each frame; a snapshot is a JSON value.
 *
 * @module
 */

/** The most names that are counted under. Names may be made of what clients send, so there have to be some. */
export const MAX_COUNTS = 1_000;
/** A name is cut at this many characters. */
export const MAX_COUNT_NAME = 100;
/** What is counted in place of further names. */
export const OTHER_COUNTS = "other";

/** Counters of one service instance, or the sum of several. */
export interface ServiceStats {
  /** Connections open now. */
  open: number;
  /** Closed connections whose sockets wait for their peers to end; see `lingerTimeout`. */
  lingering: number;
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
    lingering: 0,
    accepted: 0,
    refused: 0,
    closed: 0,
    messagesIn: 0,
    messagesOut: 0,
    bytesIn: 0,
    bytesOut: 0,
    errors: noNames(),
    counts: noNames(),
  };
}

/** Counts an error, or several, under its code. */
export function countError(stats: ServiceStats, code: string, count: number = 1): void {
  addName(stats.errors, code, count);
}

/** Counts once what a rule counts. */
export function countName(stats: ServiceStats, name: string): void {
  addName(stats.counts, name, 1);
}

/** The sum of several instances' counters. */
export function mergeStats(all: Iterable<ServiceStats>): ServiceStats {
  const sum = createStats();
  for (const stats of all) {
    for (const key of Object.keys(sum) as (keyof ServiceStats)[]) {
      if (key !== "errors" && key !== "counts") sum[key] = add(sum[key], stats[key]);
    }
    addTo(sum.errors, stats.errors);
    addTo(sum.counts, stats.counts);
  }
  return sum;
}

function addTo(sum: Record<string, number>, counts: Record<string, number>): void {
  for (const [name, count] of Object.entries(counts)) addName(sum, name, count);
}

/** A copy of counters, as they are now. */
export function copyStats(stats: ServiceStats): ServiceStats {
  return mergeStats([stats]);
}

/** Counts by names that strangers may choose: without a prototype, so that no name means anything else. */
function noNames(): Record<string, number> {
  return Object.create(null);
}

/** How many names each of these has: to count them anew for each name that does not fit would be slow. */
const sizes: WeakMap<Record<string, number>, number> = new WeakMap();

function addName(counts: Record<string, number>, name: string, count: number): void {
  const known = counts[name];
  if (known !== undefined) counts[name] = add(known, count);
  else addNewName(counts, name, count);
}

function addNewName(counts: Record<string, number>, name: string, count: number): void {
  const key = newName(counts, name);
  counts[key] = add(counts[key] ?? 0, count);
}

/** What a name that is not counted yet is counted under: it may be made of anything that a client has sent. */
function newName(counts: Record<string, number>, name: string): string {
  const shown = name.slice(0, MAX_COUNT_NAME).replaceAll(/[^\x20-\x7e]/g, "?");
  // In another isolate that one would be the prototype, not a key.
  const key = shown === "__proto__" ? OTHER_COUNTS : shown;
  if (key in counts) return key;
  const size = sizes.get(counts) ?? Object.keys(counts).length;
  if (size >= MAX_COUNTS) return OTHER_COUNTS;
  sizes.set(counts, size + 1);
  return key;
}

/** Stays an integer that is exact, whatever an instance claims to have counted. */
function add(a: number, b: number): number {
  return Math.min(a + b, Number.MAX_SAFE_INTEGER);
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
