/**
 * One connection over a stream or datagrams: receives, cuts, delivers, queues, writes, and ends in good order.
 *
 * | phase | reads | delivers | writes | leaves for |
 * | --- | --- | --- | --- | --- |
 * | open | yes | unless paused, busy, full or upgrading | yes | closing, by `close`; closed, by `destroy` or an error |
 * | closing | discards | no | what is queued | lingering, when all is written |
 * | lingering | discards | no | no | closed, when the peer ends too or `lingerTimeout` is over |
 * | closed | no | no | no | |
 *
 * A connection is *busy* while a callback's promise is pending, *full* from `maxSendBytes` queued until half of that.
 * Nothing on the path of a frame awaits unless a callback does: a read is followed by one synchronous pass over all
 * complete frames and one write.
 *
 * @module
 */

import { CONNECTION_ERRORS, ConnectionError, type ConnectionErrorCode } from "./connection_error.ts";
import {
  type AnyHandler,
  type AnyProtocol,
  type Codec,
  type Connection,
  type Peer,
  type SendOptions,
  type SendResult,
  type Side,
  skip,
  type TransportName,
  type Upgrade,
} from "./contract.ts";
import type { Clock, Ticking } from "./clock.ts";
import { formatAddr } from "./endpoint.ts";
import { errorCode } from "./error_record.ts";
import { FrameBuffer } from "./framing.ts";
import type { Limits } from "./limits.ts";
import { relay } from "./relay.ts";
import { SendBuffer } from "./send_buffer.ts";
import { type ConnectionInfo, countError, type ServiceStats } from "./stats.ts";
import type { Secure, Transport } from "./transport.ts";

/** The most that a closed connection discards while the peer still sends. */
const LINGER_BYTES = 1024 * 1024;

type Phase = "open" | "closing" | "lingering" | "closed";

/** What a connection's surroundings give it, the same for all connections of a listener. */
export interface ConnectionHost {
  readonly side: Side;
  readonly protocol: AnyProtocol;
  readonly handler: AnyHandler;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly stats: ServiceStats;
  /** How this side does TLS when an upgrade asks for it. */
  readonly secure?: Secure;
  /** Hears of every error, counted already. */
  report(connection: ServiceConnection, error: Error, code: string): void;
  /** Hears of the end, after `onClose`. */
  closed(connection: ServiceConnection): void;
}

/** The connection behind {@linkcode Connection}. */
// deno-lint-ignore no-explicit-any
export class ServiceConnection implements Connection<any, any, any>, Peer<any>, Ticking {
  readonly id: string;
  readonly side: Side;
  readonly limits: Limits;
  // deno-lint-ignore no-explicit-any
  session: any;
  // deno-lint-ignore no-explicit-any
  state: any;
  bytesRead = 0;
  bytesWritten = 0;

  readonly #host: ConnectionHost;
  readonly #handler: AnyHandler;
  readonly #stats: ServiceStats;
  readonly #clock: Clock;
  readonly #datagrams: boolean;
  readonly #inbound: FrameBuffer;
  #outbound: SendBuffer;
  /** What must leave before a TLS upgrade may begin, while one is under way. */
  #plaintext: SendBuffer | undefined;
  #kind: TransportName;
  #transport: Transport;
  #protocol: AnyProtocol;
  // deno-lint-ignore no-explicit-any
  #incoming!: Codec<any, any>;
  // deno-lint-ignore no-explicit-any
  #outgoing!: Codec<any, any>;

  #phase: Phase = "open";
  #error: Error | undefined;
  #paused = false;
  #busy = false;
  #full = false;
  #inPass = false;
  #flushScheduled = false;
  #writing = false;
  #writeEnded = false;
  /** The peer's half: open, ended with things still to deliver, and done with. */
  #reading: "open" | "rest" | "ending" | "ended" = "open";
  #upgradingTls = false;
  #readPending = false;
  #handOver: ((bytes: Uint8Array | null) => void) | undefined;
  #wakeReader: (() => void) | undefined;
  #pipe: Connection<unknown> | undefined;
  #discarded = 0;

  readonly #openedAt: number;
  #activeAt: number;
  #busySince = 0;
  #writeSince = 0;
  #partialSince = 0;
  #endedAt = 0;
  #framed = false;
  #abort: AbortController | undefined;
  #flushWaiters: { resolve(): void; reject(error: Error): void }[] = [];

  constructor(id: string, transport: Transport, options: { kind: TransportName; host: ConnectionHost }) {
    const { kind, host } = options;
    this.id = id;
    this.side = host.side;
    this.limits = host.limits;
    this.#host = host;
    this.#handler = host.handler;
    this.#stats = host.stats;
    this.#clock = host.clock;
    this.#kind = kind;
    this.#transport = transport;
    this.#datagrams = transport.receive !== undefined;
    this.#inbound = new FrameBuffer(host.limits.maxFrameBytes);
    this.#outbound = new SendBuffer({ separate: this.#datagrams });
    this.#protocol = host.protocol;
    this.#speak(host.protocol);
    this.#clock.add(this);
    this.#openedAt = this.#activeAt = this.#clock.now;
  }

  get transport(): TransportName {
    return this.#kind;
  }

  get remoteAddr(): Deno.Addr {
    return this.#transport.remoteAddr;
  }

  get localAddr(): Deno.Addr {
    return this.#transport.localAddr;
  }

  get queuedBytes(): number {
    return this.#outbound.size + (this.#plaintext?.size ?? 0);
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#phase === "closed") this.#abort.abort(this.#error);
    }
    return this.#abort.signal;
  }

  /** Greets, then receives until the end. Settles when the connection is closed. */
  async run(): Promise<void> {
    this.#call(() => this.#handler.onConnect?.(this));
    try {
      await (this.#datagrams ? this.#receiveDatagrams() : this.#receive());
    } catch (error) {
      this.#lost(error);
    }
  }

  send(message: unknown, options?: SendOptions): SendResult {
    if (this.#phase !== "open" || this.#writeEnded) return "refused";
    if (this.#full && this.queuedBytes >= this.limits.maxSendBytes) {
      this.#notify(
        new ConnectionError(
          "send_refused",
          `Cannot queue a message: ${this.queuedBytes} bytes wait, maxSendBytes is ${this.limits.maxSendBytes}`,
        ),
        "send_refused",
      );
      return "refused";
    }
    const raw = options?.raw === true;
    const data = raw ? message as Uint8Array | string : this.#outgoing.encode(message, this);
    this.#stats.messagesOut++;
    if (data.length > 0) this.#queue(data);
    if (!raw && this.#protocol.upgrade !== undefined) {
      const to = this.#protocol.upgrade(message, "out", this);
      if (to !== undefined) this.upgrade(to);
    }
    return "queued";
  }

  flushed(): Promise<void> {
    if (this.#phase === "closed") return Promise.reject(this.#closedError());
    if (this.queuedBytes === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#flushWaiters.push({ resolve, reject }));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#proceed();
  }

  close(last?: unknown, options?: SendOptions): void {
    if (this.#phase !== "open") return;
    if (last !== undefined) {
      const data = options?.raw ? last as Uint8Array | string : this.#outgoing.encode(last, this);
      if (data.length > 0) this.#outbound.push(data);
      this.#stats.messagesOut++;
    }
    this.#phase = "closing";
    this.#inbound.clear();
    this.#scheduleFlush();
    this.#wake();
  }

  end(): void {
    if (this.#phase !== "open" || this.#writeEnded) return;
    this.#writeEnded = true;
    this.#scheduleFlush();
  }

  destroy(error?: Error): void {
    this.#error ??= error;
    this.#shut();
  }

  pipe(other: Connection<unknown>): void {
    this.#pipe = other;
    other.signal.addEventListener("abort", () => this.close(), { once: true });
  }

  upgrade(to: Upgrade): void {
    if (to === "tls") return this.#requestTls();
    if (to === "raw") return this.#speak(RAW);
    this.session = undefined;
    this.#protocol = to;
    this.#speak(to);
  }

  /** Says goodbye before the service goes. */
  drain(): void {
    if (this.#phase === "open") this.#call(() => this.#handler.onDrain?.(this), { hold: false });
  }

  /** Ends it with an error, the handler's own unless it carries a code of {@linkcode CONNECTION_ERRORS}. */
  fail(error: unknown): void {
    this.#fail(error, error instanceof ConnectionError ? error.code : "handler_error");
  }

  /** What is to be seen of it from outside. */
  info(service: string): ConnectionInfo {
    return {
      id: this.id,
      service,
      transport: this.#kind,
      remote: formatAddr(this.remoteAddr),
      local: formatAddr(this.localAddr),
      state: this.#phase === "open" && this.#busy ? "busy" : this.#phase,
      ageMs: Math.round(this.#clock.now - this.#openedAt),
      idleMs: Math.round(this.#clock.now - this.#activeAt),
      bytesRead: this.bytesRead,
      bytesWritten: this.bytesWritten,
      queuedBytes: this.queuedBytes,
    };
  }

  /** Looks at the deadlines. A time is kept to within two of the clock's periods, never early. */
  tick(now: number): void {
    const limits = this.limits;
    const late = (since: number, limit: number) => limit > 0 && now - since >= limit + this.#clock.periodMs;
    if (this.#phase === "lingering") {
      if (now - this.#endedAt >= limits.lingerTimeoutMs) this.#shut();
      return;
    }
    if (this.#writing && late(this.#writeSince, limits.sendTimeoutMs)) {
      this.#overdue("send_timeout", limits.sendTimeoutMs);
      return this.#shut();
    }
    if (this.#phase !== "open") return;
    if (this.#busy && this.#busySince > 0) {
      if (late(this.#busySince, limits.handlerTimeoutMs)) {
        this.#overdue("handler_timeout", limits.handlerTimeoutMs);
      }
    } else if (this.#partialSince > 0 && late(this.#partialSince, limits.frameTimeoutMs)) {
      this.#overdue("frame_timeout", limits.frameTimeoutMs);
    } else if (!this.#framed && late(this.#openedAt, limits.firstFrameTimeoutMs)) {
      this.#overdue("first_frame_timeout", limits.firstFrameTimeoutMs);
    } else if (late(this.#activeAt, limits.idleTimeoutMs)) {
      this.#overdue("idle_timeout", limits.idleTimeoutMs);
    }
  }

  // Receiving

  async #receive(): Promise<void> {
    while (this.#phase !== "closed") {
      if (this.#phase === "open" ? this.#inbound.isFull : this.#discarded > LINGER_BYTES) {
        await new Promise<void>((resolve) => this.#wakeReader = resolve);
        continue;
      }
      const room = this.#inbound.room();
      this.#readPending = true;
      const count = await this.#transport.read(room);
      this.#readPending = false;
      if (this.#handOver !== undefined) {
        this.#handOver(count === null ? null : room.slice(0, count));
        this.#handOver = undefined;
        return;
      }
      if (count === null) break;
      this.#received(count);
      if (this.#upgradingTls) return;
    }
    this.#ended();
  }

  async #receiveDatagrams(): Promise<void> {
    while (this.#phase !== "closed") {
      if (this.#phase === "open" && !this.#delivers) {
        await new Promise<void>((resolve) => this.#wakeReader = resolve);
        continue;
      }
      const datagram = await this.#transport.receive!();
      if (datagram === null) break;
      this.#activeAt = this.#clock.now;
      this.bytesRead += datagram.length;
      this.#stats.bytesIn += datagram.length;
      if (this.#phase !== "open") continue;
      this.#inbound.load(datagram);
      this.#pass();
    }
    this.#shut();
  }

  #received(count: number): void {
    this.#activeAt = this.#clock.now;
    this.bytesRead += count;
    this.#stats.bytesIn += count;
    if (this.#phase !== "open") {
      this.#discarded += count;
      if (this.#phase === "lingering" && this.#discarded > LINGER_BYTES) this.#shut();
      return;
    }
    this.#inbound.commit(count);
    this.#pass();
  }

  get #delivers(): boolean {
    return this.#phase === "open" && !this.#paused && !this.#busy && !this.#full && !this.#upgradingTls;
  }

  /** Delivers every complete frame that waits, then writes what that made. */
  #pass(): void {
    if (this.#inPass) return;
    this.#inPass = true;
    let framed = false;
    try {
      while (this.#delivers) {
        const frame = this.#inbound.next(this.#incoming, this);
        if (frame === undefined || this.#phase !== "open") break;
        framed = true;
        this.#message(frame);
      }
      if (this.#delivers) {
        if (this.#datagrams) this.#endDatagram();
        else if (this.#reading !== "open") this.#deliverEnd();
      }
    } catch (error) {
      this.#fail(error, "bad_frame");
    }
    this.#inPass = false;
    if (framed) this.#framed = true;
    if (this.#inbound.length === 0 || !this.#delivers) this.#partialSince = 0;
    else if (framed || this.#partialSince === 0) this.#partialSince = this.#clock.now;
    this.#flush();
  }

  #message(frame: Uint8Array): void {
    let message;
    try {
      message = this.#incoming.decode(frame, this);
    } catch (cause) {
      return this.#fail(badMessage(cause), "bad_message");
    }
    if (message !== skip && this.#phase === "open") this.#dispatch(message);
  }

  #dispatch(message: unknown): void {
    this.#stats.messagesIn++;
    if (this.#protocol.upgrade !== undefined) {
      const to = this.#protocol.upgrade(message, "in", this);
      if (to !== undefined) this.upgrade(to);
    }
    if (this.#pipe !== undefined) return relay(message, this, this.#pipe);
    try {
      const settling = this.#handler.onMessage?.(this, message);
      if (settling !== undefined) this.#hold(settling);
    } catch (error) {
      this.#fail(error, "handler_error");
    }
  }

  /** A datagram is one buffer: what makes no whole frame in it is bad, and costs no more than itself. */
  #endDatagram(): void {
    const left = this.#inbound.length;
    this.#inbound.clear();
    if (left === 0) return;
    this.#notify(
      new ConnectionError("bad_frame", `Cannot cut a frame: a datagram ends ${left} bytes into it`),
      "bad_frame",
    );
  }

  /** The peer has ended its half and every whole frame is delivered. */
  #deliverEnd(): void {
    if (this.#reading === "rest") {
      this.#reading = "ending";
      const rest = this.#inbound.takeRest();
      if (rest.length > 0) this.#deliverRest(rest);
    }
    if (this.#reading === "ending" && this.#delivers) {
      this.#reading = "ended";
      this.#pipe?.end();
      this.#call(() => this.#handler.onEnd?.(this));
    }
    const done = this.#reading === "ended" && this.#delivers;
    if (done && (this.#writeEnded || !this.#handler.allowHalfOpen)) this.close();
  }

  #deliverRest(rest: Uint8Array): void {
    if (this.#incoming.end === undefined) {
      return this.#notify(
        new ConnectionError(
          "partial_frame",
          `Cannot complete a frame: the stream ended ${rest.length} bytes into it`,
        ),
        "partial_frame",
      );
    }
    let message;
    try {
      message = this.#incoming.end(rest, this);
    } catch (cause) {
      return this.#fail(badMessage(cause), "bad_message");
    }
    if (message !== skip) this.#dispatch(message);
  }

  #ended(): void {
    if (this.#phase === "closed") return;
    if (this.#reading === "open") this.#reading = "rest";
    if (this.#phase === "lingering") this.#shut();
    else this.#pass();
  }

  // Callbacks

  /** Runs a callback that may throw or answer a promise; `hold` has the promise hold back delivery. */
  #call(callback: () => unknown, options: { hold: boolean } = { hold: true }): void {
    try {
      const settling = callback();
      if (settling === undefined) return;
      if (options.hold) this.#hold(settling);
      else Promise.resolve(settling).catch((error) => this.#fail(error, "handler_error"));
    } catch (error) {
      this.#fail(error, "handler_error");
    } finally {
      this.#scheduleFlush();
    }
  }

  #hold(settling: unknown): void {
    if (typeof (settling as PromiseLike<unknown> | null)?.then !== "function") return;
    this.#busy = true;
    this.#busySince = this.#clock.now;
    (settling as PromiseLike<unknown>).then(
      () => {
        this.#busy = false;
        this.#proceed();
      },
      (error) => {
        this.#busy = false;
        this.#fail(error, "handler_error");
      },
    );
  }

  /** Goes on after something that held back delivery is over. */
  #proceed(): void {
    if (this.#phase !== "open") return;
    this.#pass();
    this.#wake();
  }

  #wake(): void {
    const wake = this.#wakeReader;
    this.#wakeReader = undefined;
    wake?.();
  }

  /** Counts and reports an error that the connection survives. */
  #notify(error: Error, code: string): void {
    countError(this.#stats, code);
    this.#host.report(this, error, code);
    try {
      this.#handler.onError?.(this, error);
    } catch (thrown) {
      countError(this.#stats, "handler_error");
      this.#host.report(this, toError(thrown), "handler_error");
    }
  }

  /** Ends the connection with an error: what was answered before still leaves. */
  #fail(thrown: unknown, fallback: ConnectionErrorCode): void {
    if (this.#phase !== "open") return;
    const error = toError(thrown);
    this.#error ??= error;
    this.#notify(error, fallback === "handler_error" ? fallback : codeOf(error, fallback));
    this.close();
  }

  #overdue(code: ConnectionErrorCode, limitMs: number): void {
    const error = new ConnectionError(code, `Cannot wait longer: ${CONNECTION_ERRORS[code]} (${limitMs} ms)`);
    if (this.#phase === "open") return this.#fail(error, code);
    this.#error ??= error;
    this.#notify(error, code);
  }

  // Sending

  #queue(data: Uint8Array | string): void {
    this.#outbound.push(data);
    if (!this.#full && this.queuedBytes >= this.limits.maxSendBytes) {
      this.#full = true;
      this.#call(() => this.#handler.onBufferFull?.(this), { hold: false });
    }
    this.#scheduleFlush();
  }

  /** Writes at the end of this turn what is sent outside of a pass, so that several sends make one write. */
  #scheduleFlush(): void {
    if (this.#inPass || this.#flushScheduled || this.#writing) return;
    this.#flushScheduled = true;
    queueMicrotask(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#writing || this.#phase === "closed") return;
    const buffer = this.#plaintext ?? this.#outbound;
    if (buffer.size === 0) return this.#written();
    if (this.#upgradingTls && this.#plaintext === undefined) return;
    this.#writing = true;
    this.#writeSince = this.#clock.now;
    this.#transport.write(buffer.head()).then(this.#onWritten, this.#onWriteFailed);
  }

  readonly #onWritten = (count: number): void => {
    this.#writing = false;
    if (this.#phase === "closed") return;
    this.#activeAt = this.#clock.now;
    this.bytesWritten += count;
    this.#stats.bytesOut += count;
    (this.#plaintext ?? this.#outbound).consume(count);
    if (this.#full && this.queuedBytes < this.limits.maxSendBytes / 2) {
      this.#full = false;
      this.#call(() => this.#handler.onBufferDrain?.(this), { hold: false });
      this.#proceed();
    }
    this.#flush();
  };

  readonly #onWriteFailed = (error: unknown): void => {
    this.#writing = false;
    this.#lost(error);
  };

  /** Nothing is left to write. */
  #written(): void {
    if (this.#plaintext !== undefined) {
      this.#plaintext = undefined;
      if (this.#phase === "open") return this.#startTls();
      this.#outbound.clear();
    }
    if (this.#flushWaiters.length > 0) {
      for (const waiter of this.#flushWaiters.splice(0)) {
        waiter.resolve();
      }
    }
    if (this.#phase === "closing") this.#linger();
    else if (this.#writeEnded && this.#phase === "open") this.#endWriting();
  }

  /** Half-closes, once. */
  #endWriting(): void {
    if (this.#endedAt > 0) return;
    this.#endedAt = this.#clock.now;
    this.#transport.closeWrite().catch(() => this.#shut());
    if (this.#reading === "ended") this.#shut();
  }

  #linger(): void {
    this.#phase = "lingering";
    const peerIsDone = this.#reading !== "open" || this.#discarded > LINGER_BYTES;
    if (peerIsDone || this.#datagrams || this.limits.lingerTimeoutMs === 0) return this.#shut();
    if (this.#endedAt > 0) {
      this.#endedAt = this.#clock.now;
      return;
    }
    this.#endWriting();
  }

  // Upgrading

  // deno-lint-ignore no-explicit-any
  #speak(protocol: { reply?: Codec<any, any>; session?(): unknown } & Codec<any, any>): void {
    const reply = protocol.reply ?? protocol;
    [this.#incoming, this.#outgoing] = this.side === "server" ? [protocol, reply] : [reply, protocol];
    this.session ??= protocol.session?.();
    this.#inbound.reset();
  }

  #requestTls(): void {
    if (this.#upgradingTls || this.#phase !== "open") return;
    if (this.#host.secure === undefined || this.#kind === "tls" || this.#datagrams) {
      const why = this.#host.secure === undefined
        ? "no certificate is configured"
        : `its transport is ${this.#kind}`;
      return this.#fail(new ConnectionError("upgrade_failed", `Cannot start TLS: ${why}`), "upgrade_failed");
    }
    if (this.#inbound.length > 0) {
      const found = `${this.#inbound.length} bytes of plaintext wait behind the request for TLS`;
      return this.#fail(
        new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`),
        "plaintext_after_starttls",
      );
    }
    this.#upgradingTls = true;
    this.#plaintext = this.#outbound;
    this.#outbound = new SendBuffer();
    this.#scheduleFlush();
  }

  #startTls(): void {
    // What came since the request is the handshake, or fails it.
    let first: Promise<Uint8Array | null> | undefined;
    if (this.#readPending) first = new Promise((resolve) => this.#handOver = resolve);
    else if (this.#inbound.length > 0) first = Promise.resolve(this.#inbound.takeRest());
    this.#host.secure!(this.#transport, first).then((transport) => {
      if (this.#phase === "closed") return transport.close();
      this.#transport = transport;
      this.#kind = "tls";
      this.#upgradingTls = false;
      this.#activeAt = this.#clock.now;
      this.#flush();
      this.#receive().catch((error) => this.#lost(error));
      this.#proceed();
    }, (error) => {
      this.#error ??= toError(error);
      if (this.#phase === "open") this.#notify(toError(error), codeOf(error, "tls_handshake"));
      this.#shut();
    });
  }

  // Ending

  /** A read or a write has failed. */
  #lost(thrown: unknown): void {
    if (this.#phase === "closed") return;
    const error = toError(thrown);
    if (this.#phase === "open" || this.queuedBytes > 0) {
      this.#error ??= error;
      this.#notify(error, codeOf(error, "connection_reset"));
    }
    this.#shut();
  }

  #shut(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#clock.delete(this);
    try {
      this.#transport.close();
    } catch { /* closed by the other side of an upgrade */ }
    this.#inbound.clear();
    this.#outbound.clear();
    this.#plaintext = undefined;
    this.#wake();
    for (const waiter of this.#flushWaiters.splice(0)) waiter.reject(this.#closedError());
    this.#abort?.abort(this.#error);
    try {
      this.#handler.onClose?.(this);
    } catch (error) {
      countError(this.#stats, "handler_error");
      this.#host.report(this, toError(error), "handler_error");
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

function badMessage(cause: unknown): ConnectionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ConnectionError("bad_message", `Cannot decode a frame: ${why}`, { cause });
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function codeOf(error: unknown, fallback: string): string {
  const code = errorCode(error);
  return code === "error" ? fallback : code;
}
