/**
 * The sending half of a connection: each message goes through the hooks and the codec to the queue of what is written.
 *
 * @module
 */

import type { AnyProtocol, Codec } from "../contract/protocol.ts";
import type { SendOptions, SendResult } from "../contract/connection.ts";
import { describeValue } from "../base/describe_value.ts";
import type { Transport } from "../transport/transport.ts";
import { commandOf } from "../contract/command_of.ts";
import type { ServiceConnection } from "./service_connection.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import { attempt, report, transportFailed } from "./error_policy.ts";
import { Hold } from "../framing/frame_loop.ts";
import { MAX_DATAGRAM_BYTES } from "../transport/datagram_transport.ts";
import { ReplyCredit } from "./reply_credit.ts";
import { type WriteEvents, WriteQueue } from "./write_queue.ts";

const encoder = new TextEncoder();

/** What a connection does with what it is to say. */
export class Outbound implements WriteEvents {
  readonly queue: WriteQueue;
  readonly #of: ServiceConnection;
  // deno-lint-ignore no-explicit-any
  #codec!: Codec<any, any>;
  /** What bounds the answers to datagrams. */
  readonly #credit: ReplyCredit | undefined;
  #ended = false;

  constructor(of: ServiceConnection, transport: Transport) {
    this.#of = of;
    const isDatagrams = transport.receive !== undefined;
    if (isDatagrams && of.side === "server") this.#credit = new ReplyCredit(of.host.limits.maxAmplification);
    this.queue = new WriteQueue(transport, this, {
      maxBytes: of.host.limits.maxSendBytes,
      separate: isDatagrams,
    });
  }

  /** Whether nothing more is to be said. */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Encodes by this codec from now on. */
  // deno-lint-ignore no-explicit-any
  setCodec(codec: Codec<any, any>): void {
    this.#codec = codec;
  }

  /** A datagram is about to be handled. */
  received(bytes: number): void {
    this.#credit?.begin(bytes);
  }

  /** It is handled. */
  answered(): void {
    this.#credit?.end();
  }

  /** Takes a message of the handler's. */
  send(message: unknown, options: SendOptions | undefined): SendResult {
    if (!this.#isOpen) return "refused";
    if (options?.raw === true) return this.#transmit(message as Uint8Array | string);
    const { hooks } = this.#of.host;
    if (hooks?.observed.out) {
      const command = commandOf(this.#codec, message, this.#of.facade);
      // Behind what a hook has not decided on everything waits.
      if (this.#of.hookStage !== undefined || hooks.sees("out", command)) {
        return this.#of.hookStageOf(hooks).send(message, command);
      }
    }
    return this.transmit(message);
  }

  /** Takes a message that no hook is to see. */
  transmit(message: unknown): SendResult {
    if (!this.#isOpen) return "refused";
    if (this.queue.isFull) return this.#refuse();
    const of = this.#of;
    const sent = this.#transmit(this.#codec.encode(message, of.facade));
    const to = of.protocol.upgrade?.(message, of.side === "server" ? "out" : "in", of.facade);
    if (to !== undefined && sent === "queued") of.upgrade(to);
    return sent;
  }

  /** Takes a last message, however full the queue is. */
  sendLast(message: unknown, options: SendOptions | undefined): void {
    if (this.#ended) return;
    this.#queue(options?.raw ? message as Uint8Array | string : this.#codec.encode(message, this.#of.facade));
  }

  /** Takes bytes for a peer, however full the queue is: who relays them sees to it that no more come meanwhile. */
  forward(data: Uint8Array | string): void {
    if (this.#isOpen) this.#queue(data);
  }

  /** The same for whole frames, which leave without waiting for others. */
  sendFrames(frames: Uint8Array, count: number): void {
    if (!this.#isOpen) return;
    this.#of.host.stats.messagesOut += count;
    this.queue.push(frames);
    if (!this.#of.inbound.frameLoop.isPassing) this.queue.flush();
  }

  /** Takes no more, and ends writing when all is written. */
  end(): void {
    if (!this.#isOpen) return;
    this.#ended = true;
    this.queue.schedule();
  }

  get #isOpen(): boolean {
    return this.#of.phase === "open" && !this.#ended;
  }

  #transmit(data: Uint8Array | string): SendResult {
    if (this.queue.isFull) return this.#refuse();
    if (this.#of.inbound.isDatagrams) return this.#queueDatagram(data);
    this.#queue(data);
    return "queued";
  }

  /** The same over UDP, where a message is a datagram, also an empty one. */
  #queueDatagram(data: Uint8Array | string): SendResult {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    if (bytes instanceof Uint8Array) {
      const { length } = bytes;
      if (length > MAX_DATAGRAM_BYTES) {
        const error = new ConnectionError(
          "send_refused",
          `Cannot send a datagram of ${length} bytes: wanted at most ${MAX_DATAGRAM_BYTES}`,
        );
        report(this.#of, error, error.code);
        return "refused";
      }
      if (this.#credit?.spend(length) === false) return this.#refuseAnswer();
    }
    this.#queue(bytes);
    return "queued";
  }

  #refuseAnswer(): SendResult {
    if (this.#credit!.isNews) {
      const factor = this.#of.host.limits.maxAmplification;
      const error = new ConnectionError(
        "amplification",
        `Cannot send more answers to one datagram: they would take more than ${factor} times its bytes (maxAmplification)`,
      );
      report(this.#of, error, error.code);
    }
    return "refused";
  }

  #queue(data: Uint8Array | string): void {
    if (typeof data !== "string" && !(data instanceof Uint8Array)) throw unwritable(data, this.#of.protocol);
    this.#of.host.stats.messagesOut++;
    if (data.length === 0 && !this.#of.inbound.isDatagrams) return;
    this.queue.push(data);
    if (!this.#of.inbound.frameLoop.isPassing) this.queue.schedule();
  }

  #refuse(): SendResult {
    const found = `${this.queue.size} bytes are queued, maxSendBytes is ${this.#of.host.limits.maxSendBytes}`;
    const error = new ConnectionError("send_refused", `Cannot queue a message: ${found}`);
    report(this.#of, error, error.code);
    return "refused";
  }

  // How it goes

  writing(): void {
    this.#of.deadlines.writeSince = this.#of.host.clock.now;
  }

  wrote(count: number): void {
    const of = this.#of;
    of.deadlines.writeSince = 0;
    of.deadlines.activeAt = of.host.clock.now;
    of.bytesWritten += count;
    of.host.stats.bytesOut += count;
  }

  full(): void {
    const of = this.#of;
    if (of.relay !== undefined) return of.relay.full(of);
    of.inbound.frameLoop.hold(Hold.full);
    attempt(of, () => of.host.handler.onBufferFull?.(of.facade));
  }

  drained(): void {
    const of = this.#of;
    if (of.relay !== undefined) return of.relay.drained(of);
    attempt(of, () => of.host.handler.onBufferDrain?.(of.facade));
    of.inbound.frameLoop.release(Hold.full);
  }

  empty(): void {
    this.#of.allWritten();
  }

  writeFailed(error: unknown): void {
    transportFailed(this.#of, error, "connection_reset");
  }
}

function unwritable(data: unknown, { name }: AnyProtocol): TypeError {
  const found = data instanceof Promise ? "a promise" : describeValue(data);
  return new TypeError(
    `Cannot send ${found}: wanted bytes or a string, from encode of the protocol ${name} or sent raw`,
  );
}
