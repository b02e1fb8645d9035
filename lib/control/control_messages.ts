/**
 * The messages of the control socket: one JSON request a line, one JSON reply a line.
 *
 * ```text
 * {"id":1,"command":"status"}
 * {"id":1,"ok":true,"result":{"version":"0.1.0","services":[...]}}
 * {"id":2,"command":"restart","service":"chta"}
 * {"id":2,"ok":false,"error":{"name":"UnknownServiceError","code":"unknown_service","message":"..."}}
 * ```
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";
import type { ConnectionInfo } from "../contract/stats.ts";
import type { ServerStatus } from "../supervisor/server_status.ts";

/** What each command results in. */
export interface ControlResults {
  status: ServerStatus;
  /** The open connections of the server, or of one service. */
  connections: ConnectionInfo[];
  /** Null, once the new code and configuration serve: those of all that has changed, of everything, or of one service. */
  reload: null;
  /** Null, once the new instances serve. */
  restart: null;
  /** Null at once; the server closes the control connection when it has stopped. */
  stop: null;
}

/** The commands. */
export type ControlCommand = keyof ControlResults;

/** A request without its id. */
export type ControlAsk<C extends ControlCommand = ControlCommand> =
  & { command: C }
  & {
    status: unknown;
    connections: { service?: string };
    reload: { service?: string; all?: boolean };
    restart: { service: string };
    stop: { immediate?: boolean };
  }[C];

/** A request. Its reply has the same id. */
export type ControlRequest =
  & { id: number | string }
  & {
    [C in ControlCommand]: ControlAsk<C>;
  }[ControlCommand];

/** A reply. `id` is null if the request had no valid one. */
export type ControlReply<C extends ControlCommand = ControlCommand> =
  | { id: number | string | null; ok: true; result: ControlResults[C] }
  | { id: number | string | null; ok: false; error: ErrorRecord };
