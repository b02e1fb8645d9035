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

import type { Ticking } from "./clock.ts";
import { CONNECTION_ERRORS, ConnectionError, type ConnectionErrorCode } from "./connection_error.ts";
import type {
  AnyProtocol,
  Codec,
  Connection,
  Direction,
  Peer,
  SendOptions,
  SendResult,
  Side,
  TransportName,
  Upgrade,
} from "../contract.ts";
import { Deadlines } from "./deadlines.ts";
import { Delivery, Hold, type Receiver } from "./delivery.ts";
import { formatAddr } from "../endpoint.ts";
import { Hooked, type HookedEnds } from "./hooked.ts";
import type { HookSet } from "../hooks/hook_set.ts";
import type { ConnectionHost, FrameRelay } from "./host.ts";
import { errorCode, toError } from "../error_record.ts";
import type { Limits } from "../limits.ts";
import { Outbox, type Sender } from "./outbox.ts";
import { type Read, Reader } from "./reader.ts";
import { pipe } from "./pipe.ts";
import { type ConnectionInfo, countError } from "../stats.ts";
import { closeQuietly, type Transport } from "../transport/transport.ts";

type Phase = "open" | "closing" | "lingering" | "closed";

/** The connection behind {@linkcode Connection}. */
// deno-lint-ignore no-explicit-any
export class ServiceConnection implements Connection<any, any, any>, Peer<any>, Ticking {
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

  readonly #host: ConnectionHost;
  readonly #delivery: Delivery;
  readonly #reader: Reader;
  readonly #outbox: Outbox;
  readonly #deadlines: Deadlines;
  readonly #datagrams: boolean;
  #kind: TransportName;
  #transport: Transport;
  #protocol: AnyProtocol;
  // deno-lint-ignore no-explicit-any
  #incoming!: Codec<any, any>;
  // deno-lint-ignore no-explicit-any
  #outgoing!: Codec<any, any>;
  #phase: Phase = "open";
  #error: Error | undefined;
  #writeEnded = false;
  #pipe: Connection<unknown> | undefined;
  #hooked: Hooked | undefined;
  #abort: AbortController | undefined;
  #upgradingTls = false;
  #handshaking = false;

  constructor(id: string, transport: Transport, options: { kind: TransportName; host: ConnectionHost }) {
    const { kind, host } = options;
    this.id = id;
    this.limits = host.limits;
    this.#host = host;
    this.#kind = kind;
    this.#transport = transport;
    this.#datagrams = transport.receive !== undefined;
    this.#delivery = new Delivery(this, new ServiceConnection.#Receiving(this), {
      datagrams: this.#datagrams,
    });
    this.#reader = new Reader(transport, this.#delivery, new ServiceConnection.#Reading(this));
    this.#outbox = new Outbox(transport, new ServiceConnection.#Sending(this), {
      maxBytes: host.limits.maxSendBytes,
      separate: this.#datagrams,
    });
    this.#protocol = host.protocol;
    this.#speak(host.protocol);
    host.clock.add(this);
    this.#deadlines = new Deadlines(host.clock.now);
  }

  get side(): Side {
    return this.#host.side;
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
    return this.#outbox.size;
  }

  get error(): Error | undefined {
    return this.#error;
  }

  get canStartTls(): boolean {
    return this.#host.secure !== undefined && this.#kind !== "tls" && !this.#datagrams;
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
    this.#call(() => this.#delivery.settle(this.#host.handler.onConnect?.(this)));
    this.#reader.run();
  }

  send(message: unknown, options?: SendOptions): SendResult {
    if (this.#phase !== "open" || this.#writeEnded) return "refused";
    if (options?.raw === true) return this.#transmit(message as Uint8Array | string);
    const { hooks } = this.#host;
    if (hooks?.observed.out) {
      const command = commandOf(this.#outgoing, message, this);
      // Behind what a hook has not decided on everything waits.
      if (this.#hooked !== undefined || hooks.concerns("out", command)) {
        return this.#hookedBy(hooks).send(message, command);
      }
    }
    return this.#transmitMessage(message);
  }

  flushed(): Promise<void> {
    return this.#phase === "closed" ? Promise.reject(this.#closedError()) : this.#outbox.flushed();
  }

  pause(): void {
    this.#delivery.hold(Hold.paused);
  }

  resume(): void {
    this.#delivery.release(Hold.paused);
  }

  close(last?: unknown, options?: SendOptions): void {
    if (this.#phase !== "open") return;
    if (last !== undefined && !this.#writeEnded) {
      this.#queue(options?.raw ? last as Uint8Array | string : this.#outgoing.encode(last, this));
    }
    // In the middle of a handshake nothing can be said any more.
    if (this.#handshaking) return this.#shut();
    this.#phase = "closing";
    this.#delivery.hold(Hold.closed);
    this.#delivery.buffer.clear();
    if (!this.#delivery.isPassing) this.#outbox.schedule();
    this.#outbox.dropBarrier();
    this.#reader.discard();
  }

  end(): void {
    if (this.#phase !== "open" || this.#writeEnded) return;
    this.#writeEnded = true;
    this.#outbox.schedule();
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

  /** Cuts and decodes what it receives by another codec than its protocol's. */
  receiveBy(codec: Codec<unknown>): void {
    this.#delivery.speak(codec);
  }

  /** The frame that it received last: a view that is valid until `passed`. */
  get frame(): Uint8Array {
    return this.#delivery.buffer.frame;
  }

  /** Where that frame begins in what {@linkcode received} gives out. */
  get frameStart(): number {
    return this.#delivery.buffer.frameStart;
  }

  /** Where it ends. */
  get frameEnd(): number {
    return this.#delivery.buffer.frameEnd;
  }

  /** What it received in the pass that is under way, from one position to another: a view that is valid until `passed`. */
  received(start: number, end: number): Uint8Array {
    return this.#delivery.buffer.view(start, end);
  }

  /** Sends whole frames, however full the queue is: who relays them has paused the other side by then. */
  sendFrames(frames: Uint8Array, count: number): void {
    if (this.#phase !== "open" || this.#writeEnded) return;
    this.#host.stats.messagesOut += count;
    this.#outbox.push(frames);
    if (!this.#delivery.isPassing) this.#outbox.flush();
  }

  /** Says goodbye before the service goes. */
  drain(): void {
    if (this.#phase !== "open") return;
    this.#call(async () => {
      try {
        await this.#host.handler.onDrain?.(this);
      } catch (error) {
        this.#fail(error, "handler_error");
      }
    });
  }

  /** Ends it with an error, the handler's own unless it is a {@linkcode ConnectionError}. */
  fail(error: unknown): void {
    this.#fail(error, error instanceof ConnectionError ? error.code : "handler_error");
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
      state: this.#phase === "open" && this.#delivery.isBusy ? "busy" : this.#phase,
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
      if (now - this.#deadlines.endedAt >= limits.lingerTimeoutMs) this.#shut();
      return;
    }
    const slackMs = this.#host.clock.periodMs;
    const code = this.#deadlines.overdue(now, limits, { open: this.#phase === "open", slackMs });
    if (code === undefined) return;
    const error = new ConnectionError(code, `Cannot wait longer: ${CONNECTION_ERRORS[code]}`);
    if (this.#phase === "open") this.#fail(error, code);
    else this.#notify(this.#error = error, code);
    if (code === "send_timeout") this.#shut();
  }

  // What its parts tell it: classes, not closures, since an idle connection is mostly these.

  static readonly #Reading = class implements Read {
    readonly #of: ServiceConnection;

    constructor(of: ServiceConnection) {
      this.#of = of;
    }

    received(bytes: number): void {
      const of = this.#of;
      of.#count(bytes);
      if (of.#phase === "open") {
        of.#delivery.buffer.commit(bytes);
        of.#delivery.pass();
      } else if (of.#phase === "lingering" && of.#reader.isFedUp) of.#shut();
    }

    datagram(datagram: Uint8Array<ArrayBuffer>): void {
      const of = this.#of;
      of.#count(datagram.length);
      if (of.#phase !== "open") return;
      of.#delivery.buffer.load(datagram);
      of.#delivery.pass();
    }

    ended(): void {
      const of = this.#of;
      if (of.#phase === "lingering" || of.#datagrams) of.#shut();
      else if (of.#phase !== "closed") of.#delivery.endOfStream();
    }

    readFailed(error: unknown): void {
      this.#of.#lost(error);
    }
  };

  static readonly #Receiving = class implements Receiver {
    readonly #of: ServiceConnection;

    constructor(of: ServiceConnection) {
      this.#of = of;
    }

    message(message: unknown): unknown {
      const of = this.#of;
      of.#host.stats.messagesIn++;
      const to = of.#protocol.upgrade?.(message, of.#receives, of);
      if (of.relay !== undefined) return of.relay.message(of, message, to);
      if (to !== undefined) of.upgrade(to);
      const { hooks } = of.#host;
      if (!hooks?.observed.in) return of.#handle(message);
      const command = commandOf(of.#incoming, message, of);
      if (!hooks.concerns("in", command)) return of.#handle(message);
      return of.#hookedBy(hooks).receive(message, command);
    }

    skipped(): void {
      this.#of.relay?.skipped(this.#of);
    }

    end(): unknown {
      const of = this.#of;
      of.#pipe?.end();
      return of.#host.handler.onEnd?.(of);
    }

    ended(): void {
      const of = this.#of;
      if (of.#writeEnded || !(of.#host.handler.allowHalfOpen || of.#pipe)) of.close();
    }

    failed(thrown: unknown, fallback: ConnectionErrorCode, frame?: Uint8Array): void {
      const of = this.#of;
      const passable = fallback === "bad_frame" || fallback === "bad_message";
      if (!passable || !of.relay?.bad(of, toError(thrown), frame)) of.#fail(thrown, fallback);
    }

    lost(error: ConnectionError): void {
      this.#of.#notify(error, error.code);
    }

    busy(pending: boolean): void {
      this.#of.#deadlines.busySince = pending ? this.#of.#host.clock.now : 0;
    }

    passed(framed: boolean): void {
      const of = this.#of;
      const { now } = of.#host.clock;
      const deadlines = of.#deadlines;
      if (framed) deadlines.framed = true;
      if (of.#delivery.buffer.length === 0 || !of.#delivery.isFree) deadlines.partialSince = 0;
      else if (framed || deadlines.partialSince === 0) deadlines.partialSince = now;
      of.relay?.passed(of);
      of.#outbox.flush();
      of.#reader.wake();
    }
  };

  static readonly #Sending = class implements Sender {
    readonly #of: ServiceConnection;

    constructor(of: ServiceConnection) {
      this.#of = of;
    }

    writing(): void {
      this.#of.#deadlines.writeSince = this.#of.#host.clock.now;
    }

    wrote(count: number): void {
      const of = this.#of;
      of.#deadlines.writeSince = 0;
      of.#deadlines.activeAt = of.#host.clock.now;
      of.bytesWritten += count;
      of.#host.stats.bytesOut += count;
    }

    full(): void {
      const of = this.#of;
      if (of.relay === undefined) of.#delivery.hold(Hold.full);
      of.#call(() => of.#host.handler.onBufferFull?.(of));
    }

    drained(): void {
      const of = this.#of;
      of.#call(() => of.#host.handler.onBufferDrain?.(of));
      of.#delivery.release(Hold.full);
    }

    empty(): void {
      const of = this.#of;
      if (of.#phase === "closing") of.#linger();
      else if (of.#writeEnded && of.#phase === "open") of.#endWriting();
    }

    writeFailed(error: unknown): void {
      this.#of.#lost(error);
    }
  };

  static readonly #Ends = class implements HookedEnds {
    readonly #of: ServiceConnection;

    constructor(of: ServiceConnection) {
      this.#of = of;
    }

    get signal(): AbortSignal {
      return this.#of.signal;
    }

    handle(message: unknown): unknown {
      return this.#of.#handle(message);
    }

    transmit(message: unknown): SendResult {
      return this.#of.#transmitMessage(message);
    }

    close(last: unknown): void {
      this.#of.close(last);
    }

    fail(error: unknown): void {
      this.#of.fail(error);
    }
  };

  // Receiving

  get #receives(): Direction {
    return this.#host.side === "server" ? "in" : "out";
  }

  #count(bytes: number): void {
    this.#deadlines.activeAt = this.#host.clock.now;
    this.bytesRead += bytes;
    this.#host.stats.bytesIn += bytes;
  }

  /** Its hooks, from the first message on that concerns one. */
  #hookedBy(hooks: HookSet): Hooked {
    return this.#hooked ??= new Hooked(hooks.session(this), new ServiceConnection.#Ends(this));
  }

  #handle(message: unknown): unknown {
    if (this.#pipe !== undefined) return pipe(message, this, this.#pipe);
    return this.#host.handler.onMessage?.(this, message);
  }

  // Sending

  #transmitMessage(message: unknown): SendResult {
    if (this.#phase !== "open" || this.#writeEnded) return "refused";
    if (this.#outbox.isFull) return this.#refuse();
    const sent = this.#transmit(this.#outgoing.encode(message, this));
    const to = this.#protocol.upgrade?.(message, this.side === "server" ? "out" : "in", this);
    if (to !== undefined && sent === "queued") this.upgrade(to);
    return sent;
  }

  #transmit(data: Uint8Array | string): SendResult {
    if (this.#outbox.isFull) return this.#refuse();
    this.#queue(data);
    return "queued";
  }

  #queue(data: Uint8Array | string): void {
    this.#host.stats.messagesOut++;
    if (data.length === 0) return;
    this.#outbox.push(data);
    if (!this.#delivery.isPassing) this.#outbox.schedule();
  }

  #refuse(): SendResult {
    const found = `${this.queuedBytes} bytes are queued, maxSendBytes is ${this.limits.maxSendBytes}`;
    this.#notify(new ConnectionError("send_refused", `Cannot queue a message: ${found}`), "send_refused");
    return "refused";
  }

  // Upgrading

  // deno-lint-ignore no-explicit-any
  #speak(protocol: Codec<any, any> & Pick<AnyProtocol, "reply" | "session">): void {
    const reply = protocol.reply ?? protocol;
    this.#incoming = this.side === "server" ? protocol : reply;
    this.#outgoing = this.side === "server" ? reply : protocol;
    this.#delivery.speak(this.#incoming);
    this.session ??= protocol.session?.();
  }

  #requestTls(): void {
    if (this.#upgradingTls || this.#phase !== "open") return;
    if (!this.canStartTls) {
      const why = this.#host.secure === undefined
        ? "no certificate is configured"
        : `its transport is ${this.#kind}`;
      return this.fail(new ConnectionError("upgrade_failed", `Cannot start TLS: ${why}`));
    }
    const waiting = this.#delivery.buffer.length;
    if (waiting > 0) {
      const found = `${waiting} bytes of plaintext came behind the request for it`;
      return this.fail(new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`));
    }
    this.#upgradingTls = true;
    this.#delivery.hold(Hold.upgrading);
    this.#reader.yield();
    this.#outbox.barrier(() => this.#startTls());
  }

  async #startTls(): Promise<void> {
    this.#handshaking = true;
    try {
      // What has come since the request for TLS, or will by a read that is pending, is the handshake or fails it.
      const transport = await this.#host.secure!(this.#transport, this.#reader.takeOver());
      if (this.#phase === "closed") return transport.close();
      this.#transport = transport;
    } catch (error) {
      if (this.#phase === "open") {
        this.#notify(this.#error ??= toError(error), codeOf(error, "tls_handshake"));
      }
      return this.#shut();
    }
    this.#kind = "tls";
    this.#upgradingTls = this.#handshaking = false;
    this.#deadlines.activeAt = this.#host.clock.now;
    this.#outbox.replace(this.#transport);
    this.#delivery.release(Hold.upgrading);
    this.#reader.replace(this.#transport);
  }

  // Errors

  /** Runs a callback that delivery does not wait for. */
  #call(callback: () => unknown): void {
    try {
      callback();
    } catch (error) {
      this.#fail(error, "handler_error");
    }
  }

  /** Counts and reports an error that need not be the end. */
  #notify(error: Error, code: string): void {
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

  /** Ends the connection with an error: what was answered before still leaves. */
  #fail(thrown: unknown, fallback: ConnectionErrorCode): void {
    if (this.#phase !== "open") return;
    const error = this.#error = toError(thrown);
    this.#notify(error, fallback === "handler_error" ? fallback : codeOf(error, fallback));
    this.close();
  }

  /** A read or a write has failed: nothing can leave any more. */
  #lost(thrown: unknown): void {
    if (this.#phase === "closed") return;
    if (this.#phase === "open" || this.queuedBytes > 0) {
      const error = this.#error ??= toError(thrown);
      this.#notify(error, codeOf(error, "connection_reset"));
    }
    this.#shut();
  }

  // Ending

  /** All is written: ends writing, and waits for the peer to end too. */
  #linger(): void {
    this.#phase = "lingering";
    const peerIsDone = this.#delivery.peerEnded || this.#reader.isFedUp || this.#datagrams;
    if (peerIsDone || this.limits.lingerTimeoutMs === 0) this.#shut();
    else if (this.#deadlines.endedAt > 0) this.#deadlines.endedAt = this.#host.clock.now;
    else this.#endWriting();
  }

  /** Half-closes, once. */
  #endWriting(): void {
    if (this.#deadlines.endedAt > 0) return;
    this.#deadlines.endedAt = this.#host.clock.now;
    if (this.#delivery.isDone) return this.#shut();
    this.#transport.closeWrite().catch(() => this.#shut());
  }

  #shut(): void {
    if (this.#phase === "closed") return;
    this.#phase = "closed";
    this.#host.clock.delete(this);
    closeQuietly(this.#transport);
    this.#delivery.hold(Hold.closed);
    this.#delivery.buffer.clear();
    this.#outbox.stop(this.#closedError());
    this.#reader.stop();
    this.#abort?.abort(this.#error);
    this.#hooked?.end();
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

// deno-lint-ignore no-explicit-any
function commandOf(codec: Codec<any, any>, message: unknown, peer: Peer<any>): string {
  return codec.command?.(message, peer) ?? "";
}

function codeOf(error: unknown, fallback: string): string {
  const code = errorCode(error);
  return code === "error" ? fallback : code;
}
