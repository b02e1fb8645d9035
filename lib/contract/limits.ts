/**
 * What a service bears. Each limit is a number of bytes, of connections or of milliseconds; 0 turns a timeout or a
 * count off. Counts are of the whole service and divided among its instances.
 *
 * @module
 */

import { parseDuration, parseSize } from "../base/units.ts";

/** The limits of a service, resolved: bytes, counts, milliseconds. */
export interface Limits {
  /** The longest frame, and the most that is buffered while its end is not known. Exceeded: `frame_too_large`. */
  maxFrameBytes: number;
  /** `send` is refused while this many bytes or more are queued on the connection. Exceeded: `send_refused`. */
  maxSendBytes: number;
  /** Accepting pauses at this many open connections. */
  maxConnections: number;
  /** Past this many from one address a connection is accepted and closed: `too_many_connections`. */
  maxConnectionsPerAddress: number;
  /** Nothing read or written for so long: `idle_timeout`. */
  idleTimeoutMs: number;
  /** A frame begun and not completed within: `frame_timeout`. */
  frameTimeoutMs: number;
  /** No complete frame since the connection was made: `first_frame_timeout`. */
  firstFrameTimeoutMs: number;
  /** A callback's promise not settled within: `handler_timeout`. */
  handlerTimeoutMs: number;
  /** The peer takes nothing of what is queued for so long: `send_timeout`. */
  sendTimeoutMs: number;
  /** How long a closed connection waits for the peer to end its half, discarding up to 1 MiB. */
  lingerTimeoutMs: number;
  /** A TLS handshake not completed within: `tls_handshake_timeout`. */
  tlsHandshakeTimeoutMs: number;
  /** How long open connections may go on when the service stops or is replaced: `drain_timeout`. */
  drainTimeoutMs: number;
  /** An instance whose code does not come to rest for so long is taken for dead. Not of `listen`. */
  heartbeatMs: number;
  /** An instance whose process takes more memory (RSS) is ended and replaced; 0 sets no limit. Not of `listen`. */
  memoryBytes: number;
}

/** The limits of a service that says nothing of its own. */
export const DEFAULT_LIMITS: Readonly<Limits> = {
  maxFrameBytes: 1024 ** 2,
  maxSendBytes: 1024 ** 2,
  maxConnections: 16_384,
  maxConnectionsPerAddress: 0,
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
};

/** A number, or one with a unit: `"30s"`, `"1MiB"`. */
export type Quantity = number | string;

/** Limits as users write them: sizes and durations with units, plain numbers in bytes and milliseconds. */
export interface LimitsInput {
  /** See {@linkcode Limits.maxFrameBytes}. */
  maxFrameBytes?: Quantity;
  /** See {@linkcode Limits.maxSendBytes}. */
  maxSendBytes?: Quantity;
  /** See {@linkcode Limits.maxConnections}. */
  maxConnections?: number;
  /** See {@linkcode Limits.maxConnectionsPerAddress}. */
  maxConnectionsPerAddress?: number;
  /** See {@linkcode Limits.idleTimeoutMs}. */
  idleTimeout?: Quantity;
  /** See {@linkcode Limits.frameTimeoutMs}. */
  frameTimeout?: Quantity;
  /** See {@linkcode Limits.firstFrameTimeoutMs}. */
  firstFrameTimeout?: Quantity;
  /** See {@linkcode Limits.handlerTimeoutMs}. */
  handlerTimeout?: Quantity;
  /** See {@linkcode Limits.sendTimeoutMs}. */
  sendTimeout?: Quantity;
  /** See {@linkcode Limits.lingerTimeoutMs}. */
  lingerTimeout?: Quantity;
  /** See {@linkcode Limits.tlsHandshakeTimeoutMs}. */
  tlsHandshakeTimeout?: Quantity;
  /** See {@linkcode Limits.drainTimeoutMs}. */
  drainTimeout?: Quantity;
  /** See {@linkcode Limits.heartbeatMs}. */
  heartbeat?: Quantity;
  /** See {@linkcode Limits.memoryBytes}. */
  memory?: Quantity;
}

type Kind = "size" | "count" | "duration";

/** Every limit by the name users write, with its kind and the field it fills. */
export const LIMIT_FIELDS: Readonly<
  Record<keyof LimitsInput, { kind: Kind; field: keyof Limits; min: number }>
> = {
  maxFrameBytes: { kind: "size", field: "maxFrameBytes", min: 1 },
  maxSendBytes: { kind: "size", field: "maxSendBytes", min: 1 },
  maxConnections: { kind: "count", field: "maxConnections", min: 1 },
  maxConnectionsPerAddress: { kind: "count", field: "maxConnectionsPerAddress", min: 0 },
  idleTimeout: { kind: "duration", field: "idleTimeoutMs", min: 0 },
  frameTimeout: { kind: "duration", field: "frameTimeoutMs", min: 0 },
  firstFrameTimeout: { kind: "duration", field: "firstFrameTimeoutMs", min: 0 },
  handlerTimeout: { kind: "duration", field: "handlerTimeoutMs", min: 0 },
  sendTimeout: { kind: "duration", field: "sendTimeoutMs", min: 0 },
  lingerTimeout: { kind: "duration", field: "lingerTimeoutMs", min: 0 },
  tlsHandshakeTimeout: { kind: "duration", field: "tlsHandshakeTimeoutMs", min: 0 },
  drainTimeout: { kind: "duration", field: "drainTimeoutMs", min: 0 },
  heartbeat: { kind: "duration", field: "heartbeatMs", min: 0 },
  memory: { kind: "size", field: "memoryBytes", min: 0 },
};

/** The longest that a timer runs: 2^31 - 1 milliseconds. A longer one would fire at once. */
const MAX_DURATION_MS = 2_147_483_647;

const wanted: Record<Kind, string> = {
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

/**
 * Resolves limits, later ones over earlier ones over the defaults.
 *
 * @throws {RangeError} If one does not read as its kind.
 */
export function resolveLimits(...inputs: (LimitsInput | undefined)[]): Limits {
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
  return limits;
}
