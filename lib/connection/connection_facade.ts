/**
 * A connection as handlers, hooks and protocols get it: the members of {@linkcode Connection}, and no way to what stands
 * behind them, which all connections of a service share.
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";
import type { Connection, SendOptions, SendResult, Side, TransportName } from "../contract/connection.ts";
import type { Limits } from "../contract/limits.ts";
import type { Upgrade } from "../contract/protocol.ts";
import type { ServiceConnection } from "./service_connection.ts";

/** What stands behind a facade. */
export let engineOf: (facade: ConnectionFacade) => ServiceConnection;

/** One connection, for code that is not ours. */
// deno-lint-ignore no-explicit-any
export class ConnectionFacade implements Connection<any, any, any> {
  // deno-lint-ignore no-explicit-any
  session: any;
  // deno-lint-ignore no-explicit-any
  state: any;
  readonly #engine: ServiceConnection;

  static {
    engineOf = (facade) => facade.#engine;
  }

  constructor(engine: ServiceConnection) {
    this.#engine = engine;
    // Handlers get hold of each other's: nothing but the session and the state of one is theirs to change.
    Object.seal(this);
  }

  get id(): string {
    return this.#engine.id;
  }

  get side(): Side {
    return this.#engine.host.side;
  }

  get transport(): TransportName {
    return this.#engine.kind;
  }

  /** Frozen: whom datagrams are sent to, and whom a connection is counted to, is read there. */
  get remoteAddr(): Deno.Addr {
    return Object.freeze(this.#engine.remoteAddr);
  }

  get localAddr(): Deno.Addr {
    return Object.freeze(this.#engine.localAddr);
  }

  get limits(): Readonly<Limits> {
    return this.#engine.host.limits;
  }

  get bytesRead(): number {
    return this.#engine.bytesRead;
  }

  get bytesWritten(): number {
    return this.#engine.bytesWritten;
  }

  get queuedBytes(): number {
    return this.#engine.queuedBytes;
  }

  get signal(): AbortSignal {
    return this.#engine.signal;
  }

  get error(): Error | undefined {
    return this.#engine.error;
  }

  get canStartTls(): boolean {
    return this.#engine.canStartTls;
  }

  send(message: unknown, options?: SendOptions): SendResult {
    return this.#engine.outbound.send(message, options);
  }

  flushed(): Promise<void> {
    return this.#engine.flushed();
  }

  pause(): void {
    this.#engine.pause();
  }

  resume(): void {
    this.#engine.resume();
  }

  close(last?: unknown, options?: SendOptions): void {
    this.#engine.close(last, options);
  }

  end(): void {
    this.#engine.outbound.end();
  }

  destroy(error?: Error): void {
    this.#engine.destroy(error);
  }

  pipe(other: Connection<unknown>): void {
    this.#engine.pipe(other);
  }

  upgrade(to: Upgrade): void {
    this.#engine.upgrade(to);
  }
}

freezeClass(ConnectionFacade);
