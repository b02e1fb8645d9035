/**
 * The receiving half of a connection: what is read goes to delivery, and each message from there to a proxy, through the
 * hooks, to the other end of a pipe, or to the handler.
 *
 * @module
 */

import type { Codec } from "../contract/protocol.ts";
import type { Connection } from "../contract/connection.ts";
import { toError } from "../base/error_record.ts";
import type { FrameBuffer } from "../framing/frame_buffer.ts";
import type { Transport } from "../transport/transport.ts";
import { commandOf } from "../contract/command_of.ts";
import type { ServiceConnection } from "./service_connection.ts";
import type { ConnectionError, ConnectionErrorCode } from "../contract/connection_error.ts";
import { end } from "./closing.ts";
import { failAs, report, survive, transportFailed } from "./error_policy.ts";
import { FrameLoop, type FrameSink, Hold } from "../framing/frame_loop.ts";
import { pipe } from "./pipe.ts";
import { Reader, type ReadEvents } from "./reader.ts";

/** After this long without a byte either way a connection was idle, and its buffer is for what comes next. */
const QUIET_MS = 2_000;

/** What a connection does with what comes. */
export class Inbound implements ReadEvents, FrameSink {
  readonly frameLoop: FrameLoop;
  readonly reader: Reader;
  /** Whether it comes in datagrams. */
  readonly isDatagrams: boolean;
  readonly #of: ServiceConnection;
  // deno-lint-ignore no-explicit-any
  #codec!: Codec<any, any>;
  #pipe: Connection<unknown> | undefined;

  constructor(of: ServiceConnection, transport: Transport) {
    this.#of = of;
    this.isDatagrams = transport.receive !== undefined;
    this.frameLoop = new FrameLoop(of.facade, this, { datagrams: this.isDatagrams });
    this.reader = new Reader(transport, this.frameLoop, this);
  }

  /** What has come and is not delivered. */
  get buffer(): FrameBuffer {
    return this.frameLoop.buffer;
  }

  /** Whether nothing more is to be waited for. */
  get isOver(): boolean {
    return this.isDatagrams || this.frameLoop.peerEnded || this.reader.discardLimitReached;
  }

  /** Cuts and decodes by this codec from now on. */
  // deno-lint-ignore no-explicit-any
  setCodec(codec: Codec<any, any>): void {
    this.#codec = codec;
    this.frameLoop.setCodec(codec);
  }

  /** Sends each message to another connection instead of handling it. */
  pipe(other: Connection<unknown>): void {
    this.#pipe = other;
  }

  /** Gives a message to whom it is for. */
  handle(message: unknown): unknown {
    if (this.#pipe !== undefined) return pipe(message, this.#of, this.#pipe);
    return this.#of.host.handler.onMessage?.(this.#of.facade, message);
  }

  /** Delivers no more, and throws away what still comes. */
  discard(): void {
    this.#drop();
    this.reader.discard();
  }

  /** Delivers and reads no more. */
  stop(): void {
    this.#drop();
    this.reader.stop();
  }

  #drop(): void {
    this.frameLoop.hold(Hold.closed);
    this.buffer.clear();
  }

  // What is read

  received(bytes: number): void {
    this.#count(bytes);
    const { phase } = this.#of;
    if (phase === "open") {
      this.buffer.commit(bytes);
      this.frameLoop.pass();
    } else if (this.reader.discardLimitReached) end(this.#of, "limit_reached");
  }

  datagram(datagram: Uint8Array<ArrayBuffer>): void {
    this.#count(datagram.length);
    if (this.#of.phase !== "open") return;
    this.#of.outbound.received(datagram.length);
    this.frameLoop.datagram(datagram);
    if (this.frameLoop.isFree) this.#of.outbound.answered();
  }

  endOfStream(): void {
    const { phase } = this.#of;
    if (this.isDatagrams) this.#of.abort();
    else if (phase === "lingering") end(this.#of, "peer_ended");
    else if (phase !== "closed") this.frameLoop.endOfStream();
  }

  readFailed(error: unknown): void {
    transportFailed(this.#of, error, "connection_reset");
  }

  #count(bytes: number): void {
    const of = this.#of;
    const { now } = of.host.clock;
    if (now - of.deadlines.activeAt > QUIET_MS) this.buffer.settle();
    of.deadlines.activeAt = now;
    of.bytesRead += bytes;
    of.host.stats.bytesIn += bytes;
  }

  // What is delivered

  message(message: unknown): unknown {
    const of = this.#of;
    of.host.stats.messagesIn++;
    const to = of.protocol.upgrade?.(message, of.side === "server" ? "in" : "out", of.facade);
    if (of.relay !== undefined) return of.relay.message(of, message, to);
    if (to !== undefined) of.upgrade(to);
    const { hooks } = of.host;
    if (!hooks?.observed.in) return this.handle(message);
    const command = commandOf(this.#codec, message, of.facade);
    if (!hooks.sees("in", command)) return this.handle(message);
    return of.hookStageOf(hooks).receive(message, command);
  }

  skipped(): void {
    this.#of.relay?.skipped(this.#of);
  }

  end(): unknown {
    const of = this.#of;
    this.#pipe?.end();
    if (of.relay !== undefined) return of.relay.ended(of);
    return of.host.handler.onEnd?.(of.facade);
  }

  ended(): void {
    const of = this.#of;
    const staysOpen = of.relay !== undefined || this.#pipe !== undefined || of.host.handler.allowHalfOpen;
    if (of.outbound.isEnded || !staysOpen) of.close();
  }

  failed(thrown: unknown, fallback: ConnectionErrorCode, frame?: Uint8Array): void {
    const of = this.#of;
    const passable = fallback === "bad_frame" || fallback === "bad_message";
    if (passable && of.relay?.bad(of, toError(thrown), frame)) return;
    // A bad datagram is no more than that.
    if (passable && this.isDatagrams) survive(of, thrown, fallback);
    else failAs(of, thrown, fallback);
  }

  lost(error: ConnectionError): void {
    report(this.#of, error, error.code);
  }

  busy(pending: boolean): void {
    this.#of.deadlines.busySince = pending ? this.#of.host.clock.now : 0;
  }

  passed(framed: boolean): void {
    const of = this.#of;
    const { deadlines } = of;
    if (framed) deadlines.framed = true;
    if (this.buffer.length === 0 || !this.frameLoop.isFree) deadlines.partialSince = 0;
    else if (framed || deadlines.partialSince === 0) deadlines.partialSince = of.host.clock.now;
    of.relay?.passed(of);
    of.outbound.queue.flush();
    this.reader.wake();
  }
}
