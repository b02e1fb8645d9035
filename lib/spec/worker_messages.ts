/**
 * Every message between the supervisor and what runs a service instance. They are JSON-safe: they travel between isolates
 * and over a pipe to a child process.
 *
 * A worker's life, as messages: `load` -> `loaded`, `listen` -> `ready`, (`unlisten` -> `unlistened`,) `drain` ->
 * `drained`, `stop` -> `stopped`. On failure the answer is `load_failed` or `listen_failed`; `crashed` and `exited` may
 * come at any time. A process of a pool (`isolation: connection`) gets `serve` in place of `listen`, and sends `closed`.
 *
 * @module
 */

import type { Endpoint } from "../contract/endpoint.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import type { LogRecord } from "./log_spec.ts";
import type { PeerKeys, TooMany } from "./peer_keys.ts";
import type { WorkerSpec } from "./worker_spec.ts";
import type { ActionRequest } from "../hooks/action_request.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import type { HandedPeer, PoolStatus } from "./pool_spec.ts";
import type { ConnectionInfo, ServiceStats } from "../contract/stats.ts";

/** Supervisor to worker. */
export type ToWorker =
  | { type: "load"; spec: WorkerSpec }
  | {
    type: "listen";
    endpoints: Endpoint[];
    /** Share the ports with other listeners (`SO_REUSEPORT`). */
    reusePort: boolean;
    /** Fail if any other socket, a sharing one too, listens there already. */
    exclusive: boolean;
  }
  | { type: "unlisten" }
  | { type: "drain"; timeoutMs: number }
  | { type: "stop" }
  /** The next connection at the hand-off socket belongs to this peer. */
  | { type: "serve"; peer: HandedPeer }
  /** That peer has reset its connection. */
  | { type: "reset" }
  | { type: "ping"; id: number }
  | { type: "connections"; id: number }
  /**
   * So many more connections are the instance's to accept. `scarce`: others wait, so that it returns at once what it does
   * not use, and what its connections leave. `answers`: this answers a `want` with `more`.
   */
  | { type: "room"; connections: number; scarce: boolean; answers?: true }
  /** Which of the peers of a `claim` have too many connections already; the others are counted. */
  | { type: "claimed"; refused: { index: number; full: TooMany }[] }
  /** What the instance asked for by `act` is over, however it went. */
  | { type: "acted"; id: number }
  | { type: "published"; topic: string; json: string };

/** What a client hears that is refused. */
export interface Refusal {
  /** In base 64; empty for nothing. */
  bytes: string;
  /** Whether the server speaks first. If not, a client hears this once it has said something. */
  greets?: true;
}

/** Worker to supervisor. */
export type FromWorker =
  | {
    type: "loaded";
    endpoints: Endpoint[];
    protocols: string[];
    /** The URLs of the files that its code was imported from; without, they are not known. */
    files?: string[];
    /** Which hooks run for which command; without, there are none. */
    hooks?: HookDescription[];
    /** With a hand-off socket: what refused clients are sent, by endpoint. */
    refusals?: Refusal[];
  }
  /** With the files that its code was imported from, as far as they are known. */
  | { type: "load_failed"; error: ErrorRecord; files?: string[] }
  /** Its code has imported more files since it loaded. */
  | { type: "imported"; files: string[] }
  | { type: "ready"; endpoints: Endpoint[] }
  | { type: "listen_failed"; error: ErrorRecord }
  | { type: "unlistened" }
  | { type: "drained"; finished: number; cut: number }
  /** With the final counters. */
  | { type: "stopped"; stats: ServiceStats }
  | { type: "pong"; id: number; stats: ServiceStats; pool?: PoolStatus }
  | { type: "connections"; id: number; connections: ConnectionInfo[] }
  /** So many peers wait until there is room for their connections. `more`: if there is some, it takes a share ahead. */
  | { type: "want"; waiting: number; more?: true }
  /** Room for so many connections is not needed any more. */
  | { type: "returned"; connections: number }
  /** Peers to be counted by their addresses, and peers that are gone. Answered by `claimed`. */
  | { type: "claim"; peers: PeerKeys[]; gone: PeerKeys[] }
  /** A webhook or a program of a rule is to run. */
  | { type: "act"; id: number; request: ActionRequest }
  | { type: "publish"; topic: string; json: string }
  | { type: "subscribe"; topic: string }
  | { type: "unsubscribe"; topic: string }
  | { type: "log"; records: LogRecord[] }
  /** The service's code ended its isolate by a call: `how` is that call, such as `Deno.exit(1)` or `self.close()`. */
  | { type: "exited"; how: string }
  | { type: "crashed"; error: ErrorRecord }
  /** The connection from the hand-off socket has ended. */
  | { type: "closed" }
  /** Sent regularly by an instance in its own process: the memory of that (RSS), and how it compares to the limit. */
  | { type: "memory"; rssBytes: number; grade: MemoryGrade }
  /** Its process received SIGHUP: the service is to be restarted. */
  | { type: "restart_wanted" };

/** How memory compares to its limit: `high` is near it, `over` above it. */
export type MemoryGrade = "ok" | "high" | "over";
