/**
 * The limits of a service: bytes, connections and milliseconds. Counts are of the whole service and divided among its
 * instances. Pure.
 *
 * @module
 */

import { parseDuration, parseSize } from "../base/units.ts";
import type { Limits, LimitsInput } from "./limit_types.ts";

export type { Limits, LimitsInput };

/** The limits of a service that says nothing of its own. */
export const DEFAULT_LIMITS: Readonly<Limits> = Object.freeze({
  maxFrameBytes: 1024 ** 2,
  maxSendBytes: 1024 ** 2,
  maxConnections: 16_384,
  maxConnectionsPerAddress: 0,
  maxConnectionsPerNetwork: 0,
  maxAmplification: 3,
  idleTimeoutMs: 600_000,
  frameTimeoutMs: 30_000,
  firstFrameTimeoutMs: 0,
  handlerTimeoutMs: 60_000,
  sendTimeoutMs: 30_000,
  lingerTimeoutMs: 2_000,
  tlsHandshakeTimeoutMs: 10_000,
  drainTimeoutMs: 30_000,
  heartbeatMs: 5_000,
  memoryBytes: 0,
});

/**
 * What holds instead for a service that stands before another server: there the timeouts of the two ends rule, unless one
 * is set. A peer over UDP has no end but its idle time.
 */
export function proxyDefaults({ datagrams }: { datagrams: boolean }): LimitsInput {
  return { frameTimeout: 0, sendTimeout: 0, ...datagrams ? {} : { idleTimeout: 0 } };
}

/** What a limit is a number of. */
export type LimitKind = "size" | "count" | "duration";

/** What is known of a limit. */
export interface LimitField {
  kind: LimitKind;
  /** Its field in {@linkcode Limits}. */
  field: keyof Limits;
  min: number;
  /** What it is, in a sentence. */
  text: string;
}

/**
 * Every limit by the name users write. The types {@linkcode Limits} and {@linkcode LimitsInput}, the schema of a
 * configuration and what editors show are made of this table.
 */
export const LIMIT_FIELDS: Readonly<Record<keyof LimitsInput, LimitField>> = {
  maxFrameBytes: {
    kind: "size",
    field: "maxFrameBytes",
    min: 1,
    text: "The largest frame, and the most that is buffered until a frame's end is known (`frame_too_large`)",
  },
  maxSendBytes: {
    kind: "size",
    field: "maxSendBytes",
    min: 1,
    text: "`send` is refused while this much or more is queued on the connection (`send_refused`)",
  },
  maxConnections: {
    kind: "count",
    field: "maxConnections",
    min: 1,
    text: "The most open connections; accepting pauses at this number",
  },
  maxConnectionsPerAddress: {
    kind: "count",
    field: "maxConnectionsPerAddress",
    min: 0,
    text:
      "The most open connections from one address, in IPv6 from one /64; the next is closed at once (`too_many_connections`); 0 sets no limit",
  },
  maxConnectionsPerNetwork: {
    kind: "count",
    field: "maxConnectionsPerNetwork",
    min: 0,
    text:
      "The most open connections from one network, a /24 of IPv4 or a /48 of IPv6; the next is closed at once (`too_many_connections`); 0 sets no limit",
  },
  maxAmplification: {
    kind: "count",
    field: "maxAmplification",
    min: 0,
    text:
      "Over UDP, how many times the bytes of a datagram its answers may take, headers counted, beyond a first one of any size (`amplification`); 0 sets no limit",
  },
  idleTimeout: {
    kind: "duration",
    field: "idleTimeoutMs",
    min: 0,
    text:
      "A connection on which nothing is read or written for this long is closed (`idle_timeout`); 0 turns it off, as it is before an upstream",
  },
  frameTimeout: {
    kind: "duration",
    field: "frameTimeoutMs",
    min: 0,
    text:
      "How long a frame may take from its first byte to its last (`frame_timeout`); 0 turns it off, as it is before an upstream",
  },
  firstFrameTimeout: {
    kind: "duration",
    field: "firstFrameTimeoutMs",
    min: 0,
    text: "How long the first complete frame may take to arrive (`first_frame_timeout`); 0 turns it off",
  },
  handlerTimeout: {
    kind: "duration",
    field: "handlerTimeoutMs",
    min: 0,
    text: "How long a callback's promise may take to settle (`handler_timeout`); 0 turns it off",
  },
  sendTimeout: {
    kind: "duration",
    field: "sendTimeoutMs",
    min: 0,
    text:
      "How long the peer may take none of the bytes queued for it (`send_timeout`); 0 turns it off, as it is before an upstream",
  },
  lingerTimeout: {
    kind: "duration",
    field: "lingerTimeoutMs",
    min: 0,
    text:
      "How long a closed connection waits for the peer to close its side; up to 1 MiB it sends is discarded",
  },
  tlsHandshakeTimeout: {
    kind: "duration",
    field: "tlsHandshakeTimeoutMs",
    min: 0,
    text: "How long a TLS handshake may take (`tls_handshake_timeout`); 0 turns it off",
  },
  drainTimeout: {
    kind: "duration",
    field: "drainTimeoutMs",
    min: 0,
    text: "How long open connections may go on when the service stops or is replaced (`drain_timeout`)",
  },
  heartbeat: {
    kind: "duration",
    field: "heartbeatMs",
    min: 0,
    text:
      "An instance whose event loop is blocked for this long is ended and replaced; 0 turns it off; not of `listen`",
  },
  memory: {
    kind: "size",
    field: "memoryBytes",
    min: 0,
    text:
      "An instance whose process takes more memory (RSS) is ended and replaced, with a drain from four fifths on; 0 sets no limit; not of `listen`",
  },
};

/** The longest that a timer runs: 2^31 - 1 milliseconds. A longer one would fire at once. */
export const MAX_DURATION_MS = 2_147_483_647;

const wanted: Record<LimitKind, string> = {
  size: "a size such as 65536 or 64KiB",
  count: "a whole number",
  duration: "a duration such as 500ms, 30s or 5m",
};

/** Reads one limit. Answers its number, or what was wanted instead. */
export function parseLimit(name: keyof LimitsInput, value: unknown): number | { wanted: string } {
  const { kind, min } = LIMIT_FIELDS[name];
  const number = kind === "duration" ? parseDuration(value) : parseSize(value);
  if (number === undefined || (kind === "count" && typeof value !== "number")) {
    return { wanted: wanted[kind] };
  }
  if (!Number.isSafeInteger(number) || number < min) return { wanted: `${wanted[kind]}, at least ${min}` };
  if (kind === "duration" && number > MAX_DURATION_MS) return { wanted: `${wanted[kind]}, at most 24d` };
  return number;
}

/** The limits that are given in any of several places, by name. */
export function givenLimits(...inputs: (LimitsInput | undefined)[]): (keyof LimitsInput)[] {
  const names = inputs.flatMap((input) =>
    Object.entries(input ?? {}).filter(([, value]) => value !== undefined).map(([name]) => name)
  );
  return [...new Set(names)] as (keyof LimitsInput)[];
}

/**
 * Limits of a service with those of its protocol where none is given.
 *
 * @param given The limits that the configuration gives.
 */
export function limitsFor(
  protocol: { limits?: LimitsInput },
  limits: Limits,
  { given }: { given: readonly string[] },
): Limits {
  const own = resolveLimits(protocol.limits);
  const result = { ...limits };
  for (const name of givenLimits(protocol.limits)) {
    const { field } = LIMIT_FIELDS[name];
    if (!given.includes(name)) result[field] = own[field];
  }
  return Object.freeze(result);
}

/**
 * Resolves limits, later ones over earlier ones over the defaults. They are frozen, since all connections share them.
 *
 * @throws {RangeError} If one does not read as its kind.
 */
export function resolveLimits(...inputs: (LimitsInput | undefined)[]): Readonly<Limits> {
  const limits: Limits = { ...DEFAULT_LIMITS };
  for (const input of inputs) {
    for (const [key, value] of Object.entries(input ?? {})) {
      if (value === undefined) continue;
      if (!Object.hasOwn(LIMIT_FIELDS, key)) {
        throw new RangeError(`Cannot set limit "${key}": there is none of that name`);
      }
      const name = key as keyof LimitsInput;
      const number = parseLimit(name, value);
      if (typeof number !== "number") {
        throw new RangeError(
          `Cannot set limit "${name}": current value is ${JSON.stringify(value)}, wanted ${number.wanted}`,
        );
      }
      limits[LIMIT_FIELDS[name].field] = number;
    }
  }
  return Object.freeze(limits);
}
