/**
 * One connection over a stream or datagrams: receives, delivers, sends, and ends in good order. What user code gets of it
 * is its {@linkcode ConnectionFacade}.
 *
 * Nothing on the path of a frame awaits unless a callback does: a read is followed by one synchronous pass over all
 * complete frames and one write.
 *
 * @module
 */

import type { AnyProtocol, Codec, Upgrade } from "../contract/protocol.ts";
import type { Connection, SendOptions, SendResult, Side, TransportName } from "../contract/connection.ts";
import { formatAddr } from "../contract/endpoint.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import type { ConnectionInfo } from "../contract/stats.ts";
import type { Transport } from "../transport/transport.ts";
import type { Ticking } from "./clock.ts";
import { allWritten, close, closedError, cutOff, end } from "./closing.ts";
import { ConnectionFacade } from "./connection_facade.ts";
import { Deadlines, timeoutError } from "./deadlines.ts";
import { attempt, fail, failAs, report } from "./error_policy.ts";
import { Hold } from "../framing/frame_loop.ts";
import { HookStage, type HookStageEnds } from "./hook_stage.ts";
import type { ConnectionHost, FrameRelay } from "./connection_host.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import type { Phase } from "./phases.ts";
import { tlsObstacle, TlsStart } from "./tls_start.ts";

/** The connection behind a {@linkcode ConnectionFacade}. */
export class ServiceConnection implements Ticking, HookStageEnds {
  readonly id: string;
  /** What user code gets of it; keeps the session and the handler's state. */
  readonly facade: ConnectionFacade;
  readonly host: ConnectionHost;
  readonly deadlines: Deadlines;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  /** What carries its bytes. */
  kind: TransportName;
  transport: Transport;
  protocol: AnyProtocol;
  phase: Phase = "open";
  /** What has ended it or is ending it, if an error has. */
  error: Error | undefined;
  bytesRead = 0;
  bytesWritten = 0;
  /** What a proxy does with what it receives. */
  relay: FrameRelay | undefined;
  /** Its hooks, from the first message on that concerns one. */
  hookStage: HookStage | undefined;
  /** Whether its peer is to be able to tell that its stream is cut off. */
  isCutOff = false;
  /** A start of TLS that is under way. */
  tlsStart: TlsStart | undefined;
  /** Of `signal`, once somebody has asked for that. */
  abortController: AbortController | undefined;

  constructor(id: string, transport: Transport, options: { kind: TransportName; host: ConnectionHost }) {
    const { kind, host } = options;
    this.id = id;
    this.host = host;
    this.kind = kind;
    this.transport = transport;
    this.facade = new ConnectionFacade(this);
    this.inbound = new Inbound(this, transport);
    this.outbound = new Outbound(this, transport);
    this.protocol = host.protocol;
    this.#setCodec(host.protocol);
    host.clock.add(this);
    this.deadlines = new Deadlines(host.clock.now);
  }

  get side(): Side {
    return this.host.side;
  }

  get remoteAddr(): Deno.Addr {
    return this.transport.remoteAddr;
  }

  get localAddr(): Deno.Addr {
    return this.transport.localAddr;
  }

  get queuedBytes(): number {
    return this.outbound.queue.size;
  }

  get canStartTls(): boolean {
    return this.host.secure !== undefined && this.kind !== "tls" && !this.inbound.isDatagrams;
  }

  /** Whether it is closed for its handler. */
  get isClosed(): boolean {
    return this.phase === "lingering" || this.phase === "closed";
  }

  get signal(): AbortSignal {
    if (this.abortController === undefined) {
      this.abortController = new AbortController();
      if (this.isClosed) this.abortController.abort(this.error);
    }
    return this.abortController.signal;
  }

  /** Greets, and receives until the end. */
  run(): void {
    const { handler, relay } = this.host;
    if (relay === undefined) {
      attempt(this, () => this.inbound.frameLoop.settle(handler.onConnect?.(this.facade)));
    } else this.relay = relay(this);
    this.inbound.reader.run();
  }

  send(message: unknown, options?: SendOptions): SendResult {
    return this.outbound.send(message, options);
  }

  flushed(): Promise<void> {
    return this.phase === "closed" ? Promise.reject(closedError(this)) : this.outbound.queue.flushed();
  }

  pause(): void {
    this.inbound.frameLoop.hold(Hold.paused);
  }

  resume(): void {
    this.inbound.frameLoop.release(Hold.paused);
  }

  close(last?: unknown, options?: SendOptions): void {
    close(this, last, options);
  }

  /** Closes once what is queued has left, so that the peer can tell that its stream is cut off. */
  cutOff(): void {
    cutOff(this);
  }

  end(): void {
    this.outbound.end();
  }

  destroy(error?: Error): void {
    this.error ??= error;
    this.abort();
  }

  /** Ends it at once. */
  abort(): void {
    end(this, "abort");
  }

  pipe(other: Connection<unknown>): void {
    this.inbound.pipe(other);
    other.signal.addEventListener("abort", () => this.close(), { once: true });
  }

  upgrade(to: Upgrade): void {
    if (to === "tls") return this.#requestTls();
    if (to === "raw") return this.#setCodec(RAW);
    this.facade.session = undefined;
    this.protocol = to;
    this.#setCodec(to);
  }

  /** Says goodbye before the service goes. */
  drain(): void {
    if (this.phase !== "open") return;
    attempt(this, async () => {
      try {
        await this.host.handler.onDrain?.(this.facade);
      } catch (error) {
        failAs(this, error, "handler_error");
      }
    });
  }

  /** What is to be seen of it from outside. */
  info(service: string): ConnectionInfo {
    const { now } = this.host.clock;
    return {
      id: this.id,
      service,
      transport: this.kind,
      remote: formatAddr(this.remoteAddr),
      local: formatAddr(this.localAddr),
      state: this.phase === "open" && this.inbound.frameLoop.isBusy ? "busy" : this.phase,
      ageMs: now - this.deadlines.openedAt,
      idleMs: now - this.deadlines.activeAt,
      bytesRead: this.bytesRead,
      bytesWritten: this.bytesWritten,
      queuedBytes: this.queuedBytes,
    };
  }

  tick(now: number): void {
    const { limits, clock } = this.host;
    if (this.phase === "lingering") {
      if (now - this.deadlines.endedAt >= limits.lingerTimeoutMs) end(this, "timed_out");
      return;
    }
    const open = this.phase === "open";
    const code = this.deadlines.overdue(now, limits, { open, slackMs: clock.periodMs });
    if (code === undefined) return;
    const error = timeoutError(code, limits);
    if (open) failAs(this, error, code);
    else report(this, this.error = error, code);
    if (code === "send_timeout") this.abort();
  }

  /** What was queued has left. */
  allWritten(): void {
    allWritten(this);
  }

  // Hooks

  /** Its hooks, from now on. */
  hookStageOf(hooks: HookSet): HookStage {
    return this.hookStage ??= new HookStage(hooks.session(this.facade), this);
  }

  handle(message: unknown): unknown {
    // A hook may decide on a message when its connection has been closed.
    if (this.phase === "open") return this.inbound.handle(message);
  }

  transmit(message: unknown): SendResult {
    return this.outbound.transmit(message);
  }

  fail(error: unknown): void {
    fail(this, error);
  }

  // Upgrading

  // deno-lint-ignore no-explicit-any
  #setCodec(protocol: Codec<any, any> & Pick<AnyProtocol, "reply" | "session">): void {
    const reply = protocol.reply ?? protocol;
    const isServer = this.host.side === "server";
    this.inbound.setCodec(isServer ? protocol : reply);
    this.outbound.setCodec(isServer ? reply : protocol);
    this.facade.session ??= protocol.session?.();
  }

  #requestTls(): void {
    if (this.tlsStart !== undefined || this.phase !== "open") return;
    const obstacle = tlsObstacle(this);
    if (obstacle !== undefined) return this.fail(obstacle);
    this.tlsStart = new TlsStart(this, this.transport);
  }

  /** Goes on over TLS. */
  switchTransport(secured: Transport): void {
    this.transport = secured;
    this.kind = "tls";
    this.tlsStart = undefined;
    this.deadlines.activeAt = this.host.clock.now;
  }
}

/** What a raw upgrade puts over a connection: whatever came is a message. */
const RAW: Codec<Uint8Array> = {
  input: (buffer) => buffer.length,
  decode: (frame) => frame.slice(),
  encode: (message) => message,
};
