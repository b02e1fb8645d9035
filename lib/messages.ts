/**
 * Every message between the supervisor and what runs a service instance. JSON-safe on purpose: they travel between
 * isolates, and over a pipe to a child process.
 *
 * A worker's life, as messages: `load` -> `loaded`, `listen` -> `ready`, (`unlisten` -> `unlistened`,) `drain` ->
 * `drained`, `stop` -> `stopped`. Where something goes wrong the answer is `load_failed` or `listen_failed`; `crashed`
 * and `exited` may come at any time. A process of a pool (`isolation: connection`) is told `serve` in place of `listen`,
 * and says `closed`.
 *
 * @module
 */

import type { Endpoint } from "./endpoint.ts";
import type { ErrorRecord } from "./error_record.ts";
import type { HookDescription } from "./hooks/hook_set.ts";
import type { HooksSpec } from "./hooks/rule.ts";
import type { Limits } from "./limits.ts";
import type { Permissions } from "./isolation/permissions.ts";
import type { HandedPeer, PoolSpec, PoolStatus } from "./pool/spec.ts";
import type { ProxySpec } from "./proxy/spec.ts";
import type { ConnectionInfo, ServiceStats } from "./stats.ts";

/** Certificate and key files, by absolute path. */
export interface CertificateFiles {
  /** The certificate chain, in PEM. */
  cert: string;
  /** The private key, in PEM. */
  key: string;
  /** Host names this certificate is for; without, those that the certificate itself names. */
  names?: string[];
}

/** How a service does TLS. */
export interface TlsSpec {
  /** The first one is for clients that name no host or an unknown one. */
  certificates: CertificateFiles[];
  /** Files of authorities that clients' certificates are checked against. */
  clientCa?: string[];
  /** Whether a client must, may, or is not asked to show a certificate. */
  clientCertificate: "none" | "optional" | "required";
}

/** What an instance runs in: a process of its own, a worker of the server's process, or a process for each connection. */
export type Isolation = "process" | "worker" | "connection";

/** All a worker needs to know to run one instance of a service. */
export interface WorkerSpec {
  service: string;
  /** Counts the replacements of this service, from 1. */
  generation: number;
  instance: number;
  /** Addresses from the configuration; empty where the service module's own hold. */
  listen: string[];
  /** A protocol's name or module URL that takes precedence over the addresses'. */
  protocol?: string;
  /** The service module's URL. */
  handler?: string;
  /** Handed to the handler as they stand. */
  options: unknown;
  /** Without, there are none. */
  hooks?: HooksSpec;
  /** The servers behind, in place of a handler. */
  proxy?: ProxySpec;
  /** Networks of proxies whose connections begin with a PROXY header. */
  acceptProxyProtocol?: string[];
  isolation: Isolation;
  /** Of `isolation: connection`: the processes that serve its connections. */
  pool?: PoolSpec;
  /** Of such a process: the path of the unix socket by which it is handed its only connection. It listens nowhere else. */
  hatch?: string;
  /** Without, it may do what the process may that it runs in. */
  permissions?: Permissions;
  /** This instance's share. */
  limits: Limits;
  tls?: TlsSpec;
  /** The configuration's `protocols`: names to module URLs. */
  protocols: Record<string, string>;
  /** URL of the folder of the configuration, with a slash at its end. */
  base: string;
  /** The lowest level of log records worth sending to the supervisor. */
  logLevel: LogLevel;
  /** So many log lines of one kind it sends in a second; 0 for any. @default {5000} */
  logFlood?: number;
  /** Where the code's `console` writes. @default {both streams, as it is usual} */
  console?: "stderr";
}

/** How grave a log record is. */
export type LogLevel = "trace" | "debug" | "info" | "warning" | "error" | "fatal";

/** A log record on its way to the supervisor, the only writer. */
export interface LogRecord {
  level: LogLevel;
  category: string[];
  message: string;
  properties: Record<string, unknown>;
  /** Milliseconds since the epoch. */
  timestamp: number;
}

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
  /** The connection that comes by the hatch is this peer's. */
  | { type: "serve"; peer: HandedPeer }
  /** That peer has reset it. */
  | { type: "reset" }
  | { type: "ping"; id: number }
  | { type: "connections"; id: number }
  | { type: "published"; topic: string; json: string };

/** Worker to supervisor. */
export type FromWorker =
  | {
    type: "loaded";
    endpoints: Endpoint[];
    protocols: string[];
    /** Which hooks run for which command; without, there are none. */
    hooks?: HookDescription[];
    /** With a hatch: what a client hears for which nobody has time, by endpoint, in base 64; empty if nothing. */
    refusals?: string[];
  }
  | { type: "load_failed"; error: ErrorRecord }
  | { type: "ready"; endpoints: Endpoint[] }
  | { type: "listen_failed"; error: ErrorRecord }
  | { type: "unlistened" }
  | { type: "drained"; finished: number; cut: number }
  /** With the counters as they stand at the end. */
  | { type: "stopped"; stats: ServiceStats }
  | { type: "pong"; id: number; stats: ServiceStats; pool?: PoolStatus }
  | { type: "connections"; id: number; connections: ConnectionInfo[] }
  | { type: "publish"; topic: string; json: string }
  | { type: "subscribe"; topic: string }
  | { type: "unsubscribe"; topic: string }
  | { type: "log"; records: LogRecord[] }
  /** The service's code asked for the end of its isolate, `how` by `Deno.exit(1)` or `self.close()`. */
  | { type: "exited"; how: string }
  | { type: "crashed"; error: ErrorRecord }
  /** The connection that came by the hatch is over. */
  | { type: "closed" }
  /** From time to time, by an instance in a process of its own: what that takes (RSS), and whether that is too much. */
  | { type: "memory"; rssBytes: number; grade: MemoryGrade }
  /** Its process was sent the signal HUP: the service is to be restarted. */
  | { type: "restart_wanted" };

/** How memory stands to its limit: `high` is near it, `over` above it. */
export type MemoryGrade = "ok" | "high" | "over";
