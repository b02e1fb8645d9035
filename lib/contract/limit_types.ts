/**
 * The limits of a service, made from their table in `limits.ts`.
 *
 * Written by scripts/schema.ts; do not edit
 *
 * @module
 */

import type { Quantity } from "../base/units.ts";

/** The limits of a service as numbers: bytes, counts, milliseconds. */
export interface Limits {
  /**
   * The largest frame, and the most that is buffered until a frame's end is known (`frame_too_large`).
   *
   * @default {1048576}
   */
  maxFrameBytes: number;
  /**
   * `send` is refused while this much or more is queued on the connection (`send_refused`).
   *
   * @default {1048576}
   */
  maxSendBytes: number;
  /**
   * The most open connections; accepting pauses at this number.
   *
   * @default {16384}
   */
  maxConnections: number;
  /**
   * The most open connections from one address, in IPv6 from one /64; the next is closed at once
   * (`too_many_connections`); 0 sets no limit.
   *
   * @default {0}
   */
  maxConnectionsPerAddress: number;
  /**
   * The most open connections from one network, a /24 of IPv4 or a /48 of IPv6; the next is closed at once
   * (`too_many_connections`); 0 sets no limit.
   *
   * @default {0}
   */
  maxConnectionsPerNetwork: number;
  /**
   * Over UDP, how many times the bytes of a datagram its answers may take, headers counted, beyond a first
   * one of any size (`amplification`); 0 sets no limit.
   *
   * @default {3}
   */
  maxAmplification: number;
  /**
   * A connection on which nothing is read or written for this long is closed (`idle_timeout`); 0 turns it
   * off, as it is before an upstream.
   *
   * @default {600000}
   */
  idleTimeoutMs: number;
  /**
   * How long a frame may take from its first byte to its last (`frame_timeout`); 0 turns it off, as it is
   * before an upstream.
   *
   * @default {30000}
   */
  frameTimeoutMs: number;
  /**
   * How long the first complete frame may take to arrive (`first_frame_timeout`); 0 turns it off.
   *
   * @default {0}
   */
  firstFrameTimeoutMs: number;
  /**
   * How long a callback's promise may take to settle (`handler_timeout`); 0 turns it off.
   *
   * @default {60000}
   */
  handlerTimeoutMs: number;
  /**
   * How long the peer may take none of the bytes queued for it (`send_timeout`); 0 turns it off, as it is
   * before an upstream.
   *
   * @default {30000}
   */
  sendTimeoutMs: number;
  /**
   * How long a closed connection waits for the peer to close its side; up to 1 MiB it sends is discarded.
   *
   * @default {2000}
   */
  lingerTimeoutMs: number;
  /**
   * How long a TLS handshake may take (`tls_handshake_timeout`); 0 turns it off.
   *
   * @default {10000}
   */
  tlsHandshakeTimeoutMs: number;
  /**
   * How long open connections may go on when the service stops or is replaced (`drain_timeout`).
   *
   * @default {30000}
   */
  drainTimeoutMs: number;
  /**
   * An instance whose event loop is blocked for this long is ended and replaced; 0 turns it off; not of
   * `listen`.
   *
   * @default {5000}
   */
  heartbeatMs: number;
  /**
   * An instance whose process takes more memory (RSS) is ended and replaced, with a drain from four fifths
   * on; 0 sets no limit; not of `listen`.
   *
   * @default {0}
   */
  memoryBytes: number;
}

/** Limits as users write them: plain numbers are bytes and milliseconds. */
export interface LimitsInput {
  /**
   * The largest frame, and the most that is buffered until a frame's end is known (`frame_too_large`).
   *
   * @default {"1 MiB"}
   */
  maxFrameBytes?: Quantity;
  /**
   * `send` is refused while this much or more is queued on the connection (`send_refused`).
   *
   * @default {"1 MiB"}
   */
  maxSendBytes?: Quantity;
  /**
   * The most open connections; accepting pauses at this number.
   *
   * @default {16384}
   */
  maxConnections?: number;
  /**
   * The most open connections from one address, in IPv6 from one /64; the next is closed at once
   * (`too_many_connections`); 0 sets no limit.
   *
   * @default {0}
   */
  maxConnectionsPerAddress?: number;
  /**
   * The most open connections from one network, a /24 of IPv4 or a /48 of IPv6; the next is closed at once
   * (`too_many_connections`); 0 sets no limit.
   *
   * @default {0}
   */
  maxConnectionsPerNetwork?: number;
  /**
   * Over UDP, how many times the bytes of a datagram its answers may take, headers counted, beyond a first
   * one of any size (`amplification`); 0 sets no limit.
   *
   * @default {3}
   */
  maxAmplification?: number;
  /**
   * A connection on which nothing is read or written for this long is closed (`idle_timeout`); 0 turns it
   * off, as it is before an upstream.
   *
   * @default {"10 min"}
   */
  idleTimeout?: Quantity;
  /**
   * How long a frame may take from its first byte to its last (`frame_timeout`); 0 turns it off, as it is
   * before an upstream.
   *
   * @default {"30 s"}
   */
  frameTimeout?: Quantity;
  /**
   * How long the first complete frame may take to arrive (`first_frame_timeout`); 0 turns it off.
   *
   * @default {0}
   */
  firstFrameTimeout?: Quantity;
  /**
   * How long a callback's promise may take to settle (`handler_timeout`); 0 turns it off.
   *
   * @default {"60 s"}
   */
  handlerTimeout?: Quantity;
  /**
   * How long the peer may take none of the bytes queued for it (`send_timeout`); 0 turns it off, as it is
   * before an upstream.
   *
   * @default {"30 s"}
   */
  sendTimeout?: Quantity;
  /**
   * How long a closed connection waits for the peer to close its side; up to 1 MiB it sends is discarded.
   *
   * @default {"2 s"}
   */
  lingerTimeout?: Quantity;
  /**
   * How long a TLS handshake may take (`tls_handshake_timeout`); 0 turns it off.
   *
   * @default {"10 s"}
   */
  tlsHandshakeTimeout?: Quantity;
  /**
   * How long open connections may go on when the service stops or is replaced (`drain_timeout`).
   *
   * @default {"30 s"}
   */
  drainTimeout?: Quantity;
  /**
   * An instance whose event loop is blocked for this long is ended and replaced; 0 turns it off; not of
   * `listen`.
   *
   * @default {"5 s"}
   */
  heartbeat?: Quantity;
  /**
   * An instance whose process takes more memory (RSS) is ended and replaced, with a drain from four fifths
   * on; 0 sets no limit; not of `listen`.
   *
   * @default {0}
   */
  memory?: Quantity;
}
