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
  /** What rules count, by name. */
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
  stats.errors[code] = (stats.errors[code] ?? 0) + 1;
}

/** Counts once what a rule counts. */
export function countName(stats: ServiceStats, name: string): void {
  stats.counts[name] = (stats.counts[name] ?? 0) + 1;
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
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
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
