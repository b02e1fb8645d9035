/**
 * What a connection lives in.
 *
 * @module
 */

import type { Clock } from "./clock.ts";
import type { ServiceConnection } from "./service_connection.ts";
import type { AnyHandler } from "../contract/handler.ts";
import type { AnyProtocol, Upgrade } from "../contract/protocol.ts";
import type { Side } from "../contract/connection.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import type { Limits } from "../contract/limits.ts";
import type { ServiceStats } from "../contract/stats.ts";
import type { Secure } from "../transport/transport.ts";

/** Takes what a connection receives, in place of hooks and handler. */
export interface FrameRelay {
  /**
   * Takes a message on. What it came in is the frame that its buffer cut last.
   *
   * @param upgrade What it changes on both sides, once it has gone on.
   */
  message(connection: ServiceConnection, message: unknown, upgrade: Upgrade | undefined): unknown;
  /** Takes a frame on that says nothing. */
  skipped(connection: ServiceConnection): void;
  /** Bytes that make no frame (`frame`, if they did and it makes no message). Answers whether the connection goes on. */
  bad(connection: ServiceConnection, error: Error, frame: Uint8Array | undefined): boolean;
  /** All that can be taken on for now has been: frames are no longer where they were. */
  passed(connection: ServiceConnection): void;
  /** The peer has ended its half, and every frame has been taken on. */
  ended(connection: ServiceConnection): void;
  /** `maxSendBytes` are queued on it. */
  full(connection: ServiceConnection): void;
  /** Less than half of that is queued. */
  drained(connection: ServiceConnection): void;
  /** Closes a connection that an error has ended, in its own time; the error is reported already. */
  finish(connection: ServiceConnection, error: Error): void;
  /** It is closed. */
  closed(connection: ServiceConnection): void;
}

/** What a connection's surroundings give it, the same for all connections of a listener. */
export interface ConnectionHost {
  readonly side: Side;
  readonly protocol: AnyProtocol;
  readonly handler: AnyHandler;
  /** Makes what takes the place of hooks and handler, where the connections are relayed. */
  relay?(connection: ServiceConnection): FrameRelay;
  /** Frozen: every connection shows them to user code. */
  readonly limits: Readonly<Limits>;
  readonly clock: Clock;
  readonly stats: ServiceStats;
  /** How this side does TLS when an upgrade asks for it. */
  readonly secure?: Secure;
  readonly hooks?: HookSet;
  /** Hears of every error, counted already. */
  report(connection: ServiceConnection, error: Error, code: string): void;
  /** Called after `onClose`. Its socket may still wait for the peer to end. */
  closed(connection: ServiceConnection): void;
  /** Called last, when its socket is closed too. */
  released(connection: ServiceConnection): void;
}
