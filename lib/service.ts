/**
 * One instance of a service in this isolate: its listeners, its connections, its counters.
 *
 * @module
 */

import type { AnyHandler, AnyProtocol, ServiceContext } from "./contract.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Limits } from "./limits.ts";
import type { TlsSpec } from "./messages.ts";
import type { ConnectionInfo, ServiceStats } from "./stats.ts";

/** An address and the protocol spoken there. */
export interface Binding {
  endpoint: Endpoint;
  protocol: AnyProtocol;
  /** What serves it: the user's handler, already taken through the protocol's `service`. */
  handler: AnyHandler;
}

export interface ServiceOptions {
  bindings: Binding[];
  context: ServiceContext;
  limits: Limits;
  tls?: TlsSpec;
  /** What the identifiers of its connections begin with. */
  idPrefix?: string;
}

export interface ListenOptions {
  /** The endpoints to bind in place of the bindings' own, in their order: the ports that port 0 became. */
  endpoints?: Endpoint[];
  /** @default {false} */
  reusePort?: boolean;
  /** @default {false} */
  exclusive?: boolean;
}

export interface Service {
  readonly stats: ServiceStats;
  /** Runs `onStart`. */
  start(): Promise<void>;
  /** Binds every address or none, and accepts. Answers the endpoints bound, with their real ports. */
  listen(options?: ListenOptions): Promise<Endpoint[]>;
  /** Closes the listeners; open connections go on. */
  unlisten(): Promise<void>;
  /** Stops accepting, says goodbye (`onDrain`), waits for the connections to finish, cuts the rest. */
  drain(timeoutMs: number): Promise<{ finished: number; cut: number }>;
  /** Cuts everything and runs `onStop`. */
  stop(): Promise<void>;
  connections(): ConnectionInfo[];
}
