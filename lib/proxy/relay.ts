/**
 * What crosses a proxied connection, each direction in its order: frames as they came, what hooks put in their place, and
 * the replies that hooks inject, when it is their turn.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import type { ServiceConnection } from "../connection/service_connection.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { AnyProtocol, Direction, Upgrade, Withdrawal } from "../contract/protocol.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import { FrameBatch } from "./frame_batch.ts";
import { isPart, isWhole } from "../contract/parts.ts";
import { ReplyOrder } from "./reply_order.ts";
import { UNFRAMED } from "./unframed.ts";

const AS_IT_IS = { raw: true } as const;

/** A message on its way. */
export interface PendingMessage {
  direction: Direction;
  message: unknown;
  /** What it changes on both sides, once it has gone on. */
  upgrade: Upgrade | undefined;
}

/** What a hook answers the client in the place of the upstream. */
interface Injected {
  bytes: Uint8Array | string;
  /** Whether it is the last that the client hears. */
  closes: boolean;
}

/** The two directions between a client and its upstream. */
export class Relay {
  readonly client: ServiceConnection;
  /** Undefined until it is reached: until then nothing crosses. */
  upstream: ServiceConnection | undefined;
  readonly #protocol: AnyProtocol;
  readonly #turns: ReplyOrder<Injected> | undefined;
  readonly #hooks: HookSession | undefined;
  readonly #in = new FrameBatch();
  readonly #out = new FrameBatch();
  /** Whether the client is to be closed when the answers before its last one have come. */
  #closing = false;

  /**
   * @param options.counts Whether requests and answers are counted, so that injected replies wait for their turn.
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
    this.#turns = options.counts ? new ReplyOrder({ greets: protocol.greets === true }) : undefined;
  }

  /** One direction of the two. */
  batch(direction: Direction): FrameBatch {
    return direction === "in" ? this.#in : this.#out;
  }

  /** The frame that makes no message goes on as it came. */
  skip(direction: Direction): void {
    if (direction === "in" && this.#closing) return;
    this.#passFrame(direction);
  }

  /** The frame just received, and the message in it, goes on as it came. */
  pass(direction: Direction, message: unknown, upgrade: Upgrade | undefined): void {
    if (!this.#count(direction, message, upgrade)) return;
    this.#passFrame(direction);
    if (direction === "out") this.heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  /** These bytes go on for a message: its own, or another's that asks and answers what it does. */
  passAs(bytes: Uint8Array | string, { direction, message, upgrade }: PendingMessage): void {
    if (!this.#count(direction, message, upgrade)) return;
    this.forward(direction, bytes);
    if (direction === "out" && (isWhole(message) || !this.#out.swallows)) this.heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  /** Sends in a direction, behind what has passed. */
  forward(direction: Direction, bytes: Uint8Array | string): void {
    this.leave(direction);
    this.#target(direction).send(bytes, AS_IT_IS);
  }

  /** Has all leave that has passed in a direction. */
  leave(direction: Direction): void {
    if (this.upstream === undefined) return;
    this.batch(direction).leave(this.#source(direction).inbound.buffer, this.#target(direction).outbound);
  }

  /** Whether the upstream's message is the answer to what {@linkcode refuse} sent: then a hook's reply takes its place. */
  replaces(message: unknown): boolean {
    const turns = this.#turns;
    if (turns === undefined || !turns.isReplaced || !isWhole(message)) return false;
    if (!this.#protocol.answers!(message, this.client.facade)) return false;
    this.#giveOut(turns.heardReplaced());
    return true;
  }

  /** Has a request refused by a hook: sends the upstream what goes to it instead, and the client the reply, if any. */
  refuse({ instead, isAnswered = true }: Withdrawal<unknown>, reply: unknown): void {
    if (instead !== undefined) {
      if (isAnswered) this.#turns?.askInstead(reply === undefined ? undefined : this.#injected(reply, false));
      this.forward("in", this.encode("in", instead));
    } else if (isAnswered && reply !== undefined) this.inject(reply, { closes: false });
  }

  /** Lets injected replies follow what the upstream has said, when it is their turn. */
  heard(message: unknown): void {
    this.#hooks?.answered(message);
    if (this.#turns === undefined) return;
    const answers = this.#protocol.answers!(message, this.client.facade);
    this.#giveOut(this.#turns.heard(answers, isWhole(message)));
  }

  /**
   * Answers the client when it is the turn of that.
   *
   * @param options.closes Whether the client hears no more then.
   * @param options.isInstead Whether this is in the place of the upstream's answer to the last request.
   */
  inject(reply: unknown, { closes, isInstead = false }: { closes: boolean; isInstead?: boolean }): void {
    const injected = this.#injected(reply, closes);
    if (this.#turns === undefined || this.#turns.inject(injected, { isInstead })) this.#giveOut([injected]);
    else if (closes) {
      // Whatever else the client says, nobody looks at it any more, and it goes nowhere.
      this.#closing = true;
      this.client.inbound.setCodec(UNFRAMED);
    }
  }

  /** Closes the client behind this, in the place of what has just come from the upstream. */
  closeWith(last: unknown): void {
    this.#giveOut([this.#injected(last, true)]);
  }

  /** The upstream says no more. */
  upstreamOver(): void {
    this.leave("out");
    this.#giveOut(this.#turns?.end() ?? []);
  }

  /** The bytes of a message in a direction. */
  encode(direction: Direction, message: unknown): Uint8Array | string {
    return codecOf(this.#protocol, direction).encode(message, this.#target(direction).facade);
  }

  #injected(reply: unknown, closes: boolean): Injected {
    return { bytes: this.encode("out", reply), closes };
  }

  #passFrame(direction: Direction): void {
    this.batch(direction).pass(this.#source(direction).inbound.buffer, this.#target(direction).outbound);
  }

  #source(direction: Direction): ServiceConnection {
    return direction === "in" ? this.client : this.upstream!;
  }

  #target(direction: Direction): ServiceConnection {
    return direction === "in" ? this.upstream! : this.client;
  }

  /** Counts a request, if answers are counted and it is one. Answers whether the message may go on. */
  #count(direction: Direction, message: unknown, upgrade: Upgrade | undefined): boolean {
    const turns = this.#turns;
    if (direction === "in") this.#hooks?.forwarded(message);
    if (turns === undefined) return true;
    if (direction === "in" && this.#asks(message)) turns.ask();
    if (upgrade !== "tls" || turns.open <= 1) return true;
    this.#refuseTls(turns.open - 1);
    return false;
  }

  /** Whether the upstream is going to answer a message. */
  #asks(message: unknown): boolean {
    const protocol = this.#protocol;
    return protocol.asks === undefined ? !isPart(message) : protocol.asks(message, this.client.facade);
  }

  /** The client has sent more behind its request for TLS: somebody between may have put it there. */
  #refuseTls(behind: number): void {
    const found = `${behind} requests came behind the request for it`;
    this.client.fail(new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`));
    this.upstream!.destroy();
  }

  #giveOut(replies: readonly Injected[]): void {
    for (const { bytes, closes } of replies) {
      this.leave("out");
      if (closes) this.client.close(bytes, AS_IT_IS);
      else this.client.send(bytes, AS_IT_IS);
    }
  }

  #upgrade(to: Upgrade): void {
    this.leave("in");
    this.leave("out");
    this.client.upgrade(to);
    this.upstream!.upgrade(to);
    this.upstream!.facade.session = this.client.facade.session;
  }
}
