/**
 * One connection over a stream or datagrams: receives, delivers, sends, and ends in good order.
 *
 * | phase | reads | delivers | writes | leaves for |
 * | --- | --- | --- | --- | --- |
 * | open | yes | unless held back | yes | closing, by `close`; closed, by `destroy` or an error of the transport |
 * | closing | discards | no | what is queued | lingering, when all is written |
 * | lingering | discards | no | no | closed, when the peer ends too or `lingerTimeout` is over |
 * | closed | no | no | no | |
 *
 * Nothing on the path of a frame awaits unless a callback does: a read is followed by one synchronous pass over all
 * complete frames and one write.
 *
 * @module
 */

import type { AnyProtocol, Codec, Upgrade } from "../contract/protocol.ts";
import type {
  Connection,
  Peer,
  SendOptions,
  SendResult,
  Side,
  TransportName,
} from "../contract/connection.ts";
import { formatAddr } from "../contract/endpoint.ts";
import { errorCode, toError } from "../base/error_record.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import type { Limits } from "../contract/limits.ts";
import { type ConnectionInfo, countError } from "../contract/stats.ts";
import { closeQuietly, type Transport } from "../transport/transport.ts";
import type { Ticking } from "./clock.ts";
import {
  CONNECTION_ERRORS,
  ConnectionError,
  type ConnectionErrorCode,
} from "../contract/connection_error.ts";
import { Deadlines } from "./deadlines.ts";
import { Hold } from "../framing/frame_loop.ts";
import { HookStage, type HookStageEnds } from "./hook_stage.ts";
import type { ConnectionHost, FrameRelay } from "./connection_host.ts";
import { Inbound } from "./inbound.ts";
import { Outbound } from "./outbound.ts";
import { tlsObstacle, TlsStart } from "./tls_start.ts";

/** Where a connection is between its first byte and its last. */
export type Phase = "open" | "closing" | "lingering" | "closed";

/** The connection behind {@linkcode Connection}. */
// deno-lint-ignore no-explicit-any
export class ServiceConnection implements Connection<any, any, any>, Peer<any>, Ticking, HookStageEnds {
  readonly id: string;
  readonly limits: Limits;
  // deno-lint-ignore no-explicit-any
  session: any;
  // deno-lint-ignore no-explicit-any
  state: any;
  bytesRead = 0;
  bytesWritten = 0;
  /** What a proxy does with what it receives. */
  relay: FrameRelay | undefined;

  // Private, since users print connections.
  readonly #host: ConnectionHost;
  readonly #deadlines: Deadlines;
  readonly #inbound: Inbound;
  readonly #outbound: Outbound;
  #kind: TransportName;
  #transport: Transport;
  #protocol: AnyProtocol;
  #phase: Phase = "open";
  #error: Error | undefined;
  #hookStage: HookStage | undefined;
  #abort: AbortController | undefined;
  #tlsStart: TlsStart | undefined;

  constructor(id: string, transport: Transport, options: { kind: TransportName; host: ConnectionHost }) {
    const { kind, host } = options;
    this.id = id;
    this.limits = host.limits;
    this.#host = host;
    this.#kind = kind;
    this.#transport = transport;
    this.#inbound = new Inbound(this, transport);
    this.#outbound = new Outbound(this, transport, this.#inbound.frameLoop);
    this.#protocol = host.protocol;
    this.#setCodec(host.protocol);
    host.clock.add(this);
    this.#deadlines = new Deadlines(host.clock.now);
  }

  get side(): Side {
    return this.#host.side;
  }

  get transport(): TransportName {
    return this.#kind;
  }

  /** What it lives in. */
  get host(): ConnectionHost {
    return this.#host;
  }

  /** What it waits for. */
  get deadlines(): Deadlines {
    return this.#deadlines;
  }

  /** What it does with what comes. */
  get inbound(): Inbound {
    return this.#inbound;
  }

  /** What it does with what it is to say. */
  get outbound(): Outbound {
    return this.#outbound;
  }

  get protocol(): AnyProtocol {
    return this.#protocol;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get remoteAddr(): Deno.Addr {
    return this.#transport.remoteAddr;
  }

  get localAddr(): Deno.Addr {
    return this.#transport.localAddr;
  }

  get queuedBytes(): number {
    return this.#outbound.queue.size;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get canStartTls(): boolean {
    return this.#host.secure !== undefined && this.#kind !== "tls" && !this.#inbound.isDatagrams;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#phase === "closed") this.#abort.abort(this.#error);
    }
    return this.#abort.signal;
  }

  /** Greets, and receives until the end. */
  run(): void {
    this.attempt(() => this.#inbound.frameLoop.settle(this.#host.handler.onConnect?.(this)));
    this.#inbound.reader.run();
  }

  send(message: unknown, options?: SendOptions): SendResult {
    return this.#outbound.send(message, options);
  }

  flushed(): Promise<void> {
    return this.#phase === "closed" ? Promise.reject(this.#closedError()) : this.#outbound.queue.flushed();
  }

  pause(): void {
    this.#inbound.frameLoop.hold(Hold.paused);
  }

  resume(): void {
    this.#inbound.frameLoop.release(Hold.paused);
  }

  close(last?: unknown, options?: SendOptions): void {
    if (this.#phase !== "open") return;
    if (last !== undefined) this.#outbound.sendLast(last, options);
    // In the middle of a handshake nothing can be said any more.
    if (this.#tlsStart?.isHandshaking) return this.closeNow();
    this.#phase = "closing";
    this.#inbound.discard();
    if (!this.#inbound.frameLoop.isPassing) this.#outbound.queue.schedule();
    this.#outbound.queue.dropBarrier();
  }

  end(): void {
    this.#outbound.end();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.closeNow();
  }

  pipe(other: Connection<unknown>): void {
    this.#inbound.pipe(other);
    other.signal.addEventListener("abort", () => this.close(), { once: true });
  }

  upgrade(to: Upgrade): void {
    if (to === "tls") return this.#requestTls();
    if (to === "raw") return this.#setCodec(RAW);
    this.session = undefined;
    this.#protocol = to;
    this.#setCodec(to);
  }

  /** Says goodbye before the service goes. */
  drain(): void {
    if (this.#phase !== "open") return;
    this.attempt(async () => {
      try {
        await this.#host.handler.onDrain?.(this);
      } catch (error) {
        this.failAs(error, "handler_error");
      }
    });
  }

  /** What is to be seen of it from outside. */
  info(service: string): ConnectionInfo {
    const { now } = this.#host.clock;
    return {
      id: this.id,
      service,
      transport: this.#kind,
      remote: formatAddr(this.remoteAddr),
      local: formatAddr(this.localAddr),
      state: this.#phase === "open" && this.#inbound.frameLoop.isBusy ? "busy" : this.#phase,
      ageMs: now - this.#deadlines.openedAt,
      idleMs: now - this.#deadlines.activeAt,
      bytesRead: this.bytesRead,
      bytesWritten: this.bytesWritten,
      queuedBytes: this.queuedBytes,
    };
  }

  tick(now: number): void {
    const { limits } = this;
    if (this.#phase === "lingering") {
      if (now - this.#deadlines.endedAt >= limits.lingerTimeoutMs) this.closeNow();
      return;
    }
    const slackMs = this.#host.clock.periodMs;
    const code = this.#deadlines.overdue(now, limits, { open: this.#phase === "open", slackMs });
    if (code === undefined) return;
    const error = new ConnectionError(code, `Cannot wait longer: ${CONNECTION_ERRORS[code]}`);
    if (this.#phase === "open") this.failAs(error, code);
    else this.report(this.#error = error, code);
    if (code === "send_timeout") this.closeNow();
  }

  // Hooks

  /** Whether there has been a message that concerns a hook. */
  get isHooked(): boolean {
    return this.#hookStage !== undefined;
  }

  /** Its hooks, from the first message on that concerns one. */
  hookStageOf(hooks: HookSet): HookStage {
    return this.#hookStage ??= new HookStage(hooks.session(this), this);
  }

  handle(message: unknown): unknown {
    return this.#inbound.handle(message);
  }

  transmit(message: unknown): SendResult {
    return this.#outbound.transmit(message);
  }

  // Upgrading

  // deno-lint-ignore no-explicit-any
  #setCodec(protocol: Codec<any, any> & Pick<AnyProtocol, "reply" | "session">): void {
    const reply = protocol.reply ?? protocol;
    const isServer = this.side === "server";
    this.#inbound.setCodec(isServer ? protocol : reply);
    this.#outbound.setCodec(isServer ? reply : protocol);
    this.session ??= protocol.session?.();
  }

  #requestTls(): void {
    if (this.#tlsStart !== undefined || this.#phase !== "open") return;
    const obstacle = tlsObstacle(this);
    if (obstacle !== undefined) return this.fail(obstacle);
    this.#tlsStart = new TlsStart(this, this.#transport);
  }

  /** Goes on over TLS. */
  switchTransport(secured: Transport): void {
    this.#transport = secured;
    this.#kind = "tls";
    this.#tlsStart = undefined;
    this.#deadlines.activeAt = this.#host.clock.now;
  }

  // Errors

  /** Runs a callback that delivery does not wait for. */
  attempt(callback: () => unknown): void {
    try {
      callback();
    } catch (error) {
      this.failAs(error, "handler_error");
    }
  }

  /** Counts and reports an error that need not be the end. */
  report(error: Error, code: string): void {
    countError(this.#host.stats, code);
    this.#host.report(this, error, code);
    try {
      this.#host.handler.onError?.(this, error);
    } catch (thrown) {
      this.#blame(thrown);
    }
  }

  /** Counts and reports what a callback threw that hears of errors itself. */
  #blame(thrown: unknown): void {
    countError(this.#host.stats, "handler_error");
    this.#host.report(this, toError(thrown), "handler_error");
  }

  /** Ends it with an error, the handler's own unless it is a {@linkcode ConnectionError}. */
  fail(error: unknown): void {
    this.failAs(error, error instanceof ConnectionError ? error.code : "handler_error");
  }

  /** Ends it with an error: what was answered before still leaves. */
  failAs(thrown: unknown, fallback: ConnectionErrorCode): void {
    if (this.#phase !== "open") return;
    const error = this.#error = toError(thrown);
    this.report(error, fallback === "handler_error" ? fallback : codeOf(error, fallback));
    this.close();
  }

  /** A read, a write or a handshake has failed: nothing can leave any more. */
  transportFailed(thrown: unknown, fallback: ConnectionErrorCode): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "open" || this.queuedBytes > 0) {
      const error = this.#error ??= toError(thrown);
      this.report(error, codeOf(error, fallback));
    }
    this.closeNow();
  }

  // Ending

  /** What was queued has left. */
  allWritten(): void {
    if (this.#phase === "closing") this.#linger();
    else if (this.#outbound.isEnded && this.#phase === "open") this.#endWriting();
  }

  /** All is written: ends writing, and waits for the peer to end too. */
  #linger(): void {
    this.#phase = "lingering";
    if (this.#inbound.isOver || this.limits.lingerTimeoutMs === 0) this.closeNow();
    else if (this.#deadlines.endedAt > 0) this.#deadlines.endedAt = this.#host.clock.now;
    else this.#endWriting();
  }

  /** Half-closes, once. */
  #endWriting(): void {
    if (this.#deadlines.endedAt > 0) return;
    this.#deadlines.endedAt = this.#host.clock.now;
    if (this.#inbound.frameLoop.isDone) return this.closeNow();
    this.#transport.closeWrite().catch(() => this.closeNow());
  }

  /** Ends it at once. */
  closeNow(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#host.clock.delete(this);
    closeQuietly(this.#transport);
    this.#inbound.stop();
    this.#outbound.queue.stop(this.#closedError());
    this.#abort?.abort(this.#error);
    this.#hookStage?.end();
    try {
      this.#host.handler.onClose?.(this);
    } catch (thrown) {
      this.#blame(thrown);
    }
    this.#host.closed(this);
  }

  #closedError(): Error {
    return this.#error ??
      new ConnectionError("connection_closed", `Cannot flush: connection ${this.id} is closed`);
  }
}

/** What a raw upgrade puts over a connection: whatever came is a message. */
const RAW: Codec<Uint8Array> = {
  input: (buffer) => buffer.length,
  decode: (frame) => frame.slice(),
  encode: (message) => message,
};

function codeOf(error: unknown, fallback: string): string {
  const code = errorCode(error);
  return code === "error" ? fallback : code;
}
