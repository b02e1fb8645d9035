/**
 * The intervals and deadlines of the supervisor.
 *
 * @module
 */

/** Milliseconds, unless the name says otherwise. */
export interface Timing {
  /** After this many unanswered pings in a row, within the limit `heartbeat`, a worker counts as dead. */
  heartbeatsMissed: number;
  /** The least time between two restarts of a service because of its memory. */
  memoryRestartMs: number;
  /** The same because of a signal to its process. */
  signalRestartMs: number;
  /** How long a worker may take to load its modules and run `onStart`. */
  loadTimeoutMs: number;
  /** A worker that loads for longer than this is logged. */
  slowLoadMs: number;
  /** How long a worker may take to bind, or to close its listeners. */
  listenTimeoutMs: number;
  /** How long past the drain timeout a worker may take to report its drain. */
  drainGraceMs: number;
  /** How long a worker may take to stop, `onStop` included. */
  stopTimeoutMs: number;
  /** The same when the server stops at once. */
  immediateStopTimeoutMs: number;
  /** How long a worker may take to list its connections. */
  answerTimeoutMs: number;
  /** The first pause before a crashed instance is restarted; it doubles each time. */
  backoffFirstMs: number;
  /** The longest pause. */
  backoffMaxMs: number;
  /** The random part added to a pause, relative to it, so that instances do not restart in step. */
  backoffJitter: number;
  /** An instance that has served this long is healthy: its next pause is the first one again. */
  healthyMs: number;
  /** A service that crashes this many times within `crashWindowMs` has failed. */
  crashLimit: number;
  crashWindowMs: number;
  /** The pause before an instance of a failed service is restarted. */
  failedRetryMs: number;
}

/** The default timing. */
export const DEFAULT_TIMING: Readonly<Timing> = {
  heartbeatsMissed: 3,
  memoryRestartMs: 60_000,
  signalRestartMs: 1_000,
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
