/**
 * The times by which the supervisor watches its workers.
 *
 * @module
 */

/** Milliseconds, unless the name says otherwise. */
export interface Timing {
  /** So many pings in a row without an answer, within the limit `heartbeat`, and the worker is taken for dead. */
  heartbeatsMissed: number;
  /** A service whose memory is near its limit is not restarted for that again before so long. */
  memoryRestartMs: number;
  /** How long a worker may take to load its modules and run `onStart`. */
  loadTimeoutMs: number;
  /** After so long of that the log tells it. */
  slowLoadMs: number;
  /** How long a worker may take to bind, or to close its listeners. */
  listenTimeoutMs: number;
  /** How long past the drain timeout a worker may take to say that it has drained. */
  drainGraceMs: number;
  /** How long a worker may take to stop, `onStop` included. */
  stopTimeoutMs: number;
  /** The same when the server is told to stop at once. */
  immediateStopTimeoutMs: number;
  /** How long a worker may take to list its connections. */
  answerTimeoutMs: number;
  /** The first pause before a crashed instance is tried again; it doubles each time. */
  backoffFirstMs: number;
  /** The longest of these pauses. */
  backoffMaxMs: number;
  /** The part of a pause that chance may add to it, so that instances do not come back in step. */
  backoffJitter: number;
  /** An instance that has served this long is healthy: its pauses begin anew. */
  healthyMs: number;
  /** A service that crashes so many times within `crashWindowMs` has failed. */
  crashLimit: number;
  crashWindowMs: number;
  /** The pause before an instance of a failed service is tried again. */
  failedRetryMs: number;
}

/** The times of a server that is not under test. */
export const DEFAULT_TIMING: Readonly<Timing> = {
  heartbeatsMissed: 5,
  memoryRestartMs: 60_000,
  loadTimeoutMs: 60_000,
  slowLoadMs: 5_000,
  listenTimeoutMs: 10_000,
  drainGraceMs: 5_000,
  stopTimeoutMs: 5_000,
  immediateStopTimeoutMs: 1_000,
  answerTimeoutMs: 1_000,
  backoffFirstMs: 200,
  backoffMaxMs: 30_000,
  backoffJitter: 0.2,
  healthyMs: 60_000,
  crashLimit: 5,
  crashWindowMs: 60_000,
  failedRetryMs: 60_000,
};
