/**
 * What crosses a proxied connection, each direction in its order: frames as they came, and what hooks put in their place.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import type { ServiceConnection } from "../connection/service_connection.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { AnyProtocol, Direction, Upgrade } from "../contract/protocol.ts";
import { isWhole } from "../contract/parts.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import { FrameBatch } from "./frame_batch.ts";
import { OwnReplies, type RelayEnds } from "./own_replies.ts";

/** A message on its way. */
export interface PendingMessage {
  direction: Direction;
  message: unknown;
  /** What it changes on both sides, once it has gone on. */
  upgrade: Upgrade | undefined;
}

/** The two directions between a client and its upstream. */
export class Relay implements RelayEnds {
  readonly client: ServiceConnection;
  /** What the client hears from the proxy itself. */
  readonly own: OwnReplies;
  readonly #protocol: AnyProtocol;
  readonly #hooks: HookSession | undefined;
  readonly #in = new FrameBatch();
  readonly #out = new FrameBatch();
  #upstream: ServiceConnection | undefined;

  /**
   * @param options.counts Whether requests and answers are counted.
   * @param options.hooks Told what has gone on and what has been answered.
   */
  constructor(
    client: ServiceConnection,
    protocol: AnyProtocol,
    options: { counts: boolean; hooks?: HookSession },
  ) {
    this.client = client;
    this.#protocol = protocol;
    this.#hooks = options.hooks;
    this.own = new OwnReplies(this, protocol, options);
  }

  /** Undefined until it is reached: until then nothing crosses. */
  get upstream(): ServiceConnection | undefined {
    return this.#upstream;
  }

  /** Has all cross to this upstream from now on. */
  connect(upstream: ServiceConnection): void {
    this.#upstream = upstream;
  }

  /** One direction of the two. */
  batch(direction: Direction): FrameBatch {
    return direction === "in" ? this.#in : this.#out;
  }

  /** The frame that makes no message goes on as it came. */
  skip(direction: Direction): void {
    if (direction === "out" || !this.own.isFinishing) this.#passFrame(direction);
  }

  /** The frame just received, and the message in it, goes on as it came. */
  pass(direction: Direction, message: unknown, upgrade: Upgrade | undefined): void {
    if (!this.#mayPass(direction, message, upgrade)) return;
    this.#passFrame(direction);
    if (direction === "out") this.heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  /** These bytes go on for a message: its own, or another's that asks and answers what it does. */
  passAs(bytes: Uint8Array | string, { direction, message, upgrade }: PendingMessage): void {
    if (!this.#mayPass(direction, message, upgrade)) return;
    this.forward(direction, bytes);
    if (direction === "out" && (isWhole(message) || !this.#out.swallows)) this.heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  forward(direction: Direction, bytes: Uint8Array | string): void {
    this.leave(direction);
    this.#target(direction)?.outbound.forward(bytes);
  }

  leave(direction: Direction): void {
    if (this.#upstream === undefined) return;
    this.batch(direction).leave(this.#source(direction).inbound.buffer, this.#target(direction)!.outbound);
  }

  /** The pass that has delivered frames of a direction is over. */
  passed(direction: Direction): void {
    if (this.#upstream === undefined) this.own.allAnswered();
    else this.leave(direction);
  }

  /** The upstream has said something, whether the client has got it or not. */
  heard(message: unknown): void {
    this.#hooks?.answered(message);
    this.own.heard(message);
  }

  /** The upstream says no more. */
  upstreamOver(): void {
    this.leave("out");
    this.own.noMoreAnswers();
  }

  /** The client is gone. */
  end(): void {
    this.leave("in");
    this.own.end();
  }

  encode(direction: Direction, message: unknown): Uint8Array | string {
    const target = this.#target(direction) ?? this.client;
    return codecOf(this.#protocol, direction).encode(message, target.facade);
  }

  #passFrame(direction: Direction): void {
    if (this.#upstream === undefined) return;
    this.batch(direction).pass(this.#source(direction).inbound.buffer, this.#target(direction)!.outbound);
  }

  #source(direction: Direction): ServiceConnection {
    return direction === "in" ? this.client : this.#upstream!;
  }

  #target(direction: Direction): ServiceConnection | undefined {
    return direction === "in" ? this.#upstream : this.client;
  }

  /** Whether a message may go on; counts it then. */
  #mayPass(direction: Direction, message: unknown, upgrade: Upgrade | undefined): boolean {
    const { own } = this;
    if (direction === "in") {
      if (!own.forwards(message)) return false;
      this.#hooks?.forwarded(message);
    }
    if (upgrade === undefined) return true;
    if (own.isFinishing) {
      // Nobody would follow it: the last word stands in its place.
      own.noMoreAnswers();
      return false;
    }
    if (upgrade !== "tls" || own.open <= 1) return true;
    this.#refuseTls(own.open - 1);
    return false;
  }

  /** The client has sent more behind its request for TLS: somebody between may have put it there. */
  #refuseTls(behind: number): void {
    const found = `${behind} requests came behind the request for it`;
    this.client.fail(new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`));
    this.#upstream!.destroy();
  }

  #upgrade(to: Upgrade): void {
    this.leave("in");
    this.leave("out");
    const upstream = this.#upstream!;
    this.client.upgrade(to);
    upstream.upgrade(to);
    upstream.facade.session = this.client.facade.session;
  }
}
