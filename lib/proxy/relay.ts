/**
 * What crosses a proxied connection, each direction in its order: frames as they came, what hooks put in their place, and
 * the replies of the proxy's own, when it is their turn.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import type { ServiceConnection } from "../connection/service_connection.ts";
import { blame } from "../connection/error_policy.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { AnyProtocol, Direction, Upgrade, Withdrawal } from "../contract/protocol.ts";
import { Hold } from "../framing/frame_loop.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import { FrameBatch } from "./frame_batch.ts";
import { isPart, isWhole } from "../contract/parts.ts";
import { LastAnswers } from "./last_answers.ts";
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

/** What the client hears from the proxy itself: a reply, or the last word before it is closed. */
type OwnReply =
  | { bytes: Uint8Array | string }
  /** Made when it is said, as it may depend on what has been answered by then. Undefined: nothing is said. */
  | { last(): unknown };

/** The two directions between a client and its upstream. */
export class Relay {
  readonly client: ServiceConnection;
  readonly #protocol: AnyProtocol;
  /** The order of answers, where they are counted. */
  readonly #order: ReplyOrder<OwnReply> | undefined;
  readonly #hooks: HookSession | undefined;
  readonly #in = new FrameBatch();
  readonly #out = new FrameBatch();
  #upstream: ServiceConnection | undefined;
  /** Whether the last message to the upstream is whole: if not, it never answers that unless the rest follows. */
  #isInWhole = true;
  /** What the client is yet to hear before it is closed. */
  #lastAnswers: LastAnswers | undefined;
  /** What each request is answered where there is no upstream. */
  #unavailable: Uint8Array | string | undefined;
  #hasAnswered = false;

  /**
   * @param options.counts Whether requests and answers are counted, so that the proxy's own replies wait for their turn.
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
    this.#order = options.counts ? new ReplyOrder({ greets: protocol.greets === true }) : undefined;
  }

  /** Undefined until it is reached: until then nothing crosses. */
  get upstream(): ServiceConnection | undefined {
    return this.#upstream;
  }

  /** Whether nothing that the client still says goes anywhere. */
  get isFinishing(): boolean {
    return this.#lastAnswers !== undefined;
  }

  /** Has all cross to this upstream from now on. */
  connect(upstream: ServiceConnection): void {
    this.#upstream = upstream;
  }

  /** Answers each request with this from now on: there is no upstream. */
  answerInstead(unavailable: unknown): void {
    this.#unavailable = this.encode("out", unavailable);
  }

  /** One direction of the two. */
  batch(direction: Direction): FrameBatch {
    return direction === "in" ? this.#in : this.#out;
  }

  /** The frame that makes no message goes on as it came. */
  skip(direction: Direction): void {
    if (direction === "in" && this.isFinishing) return;
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
    this.#target(direction)?.outbound.forward(bytes);
  }

  /** Has all leave that has passed in a direction. */
  leave(direction: Direction): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return this.#closeAnswered();
    const [from, to] = direction === "in" ? [this.client, upstream] : [upstream, this.client];
    this.batch(direction).leave(from.inbound.buffer, to.outbound);
  }

  /** Whether the upstream's message is the answer to what {@linkcode refuse} sent: then a hook's reply takes its place. */
  replaces(message: unknown): boolean {
    const order = this.#order;
    if (order === undefined || !order.isReplaced || !isWhole(message)) return false;
    if (!this.#protocol.answers!(message, this.client.facade)) return false;
    this.#say(order.heardReplaced());
    return true;
  }

  /** Has a request refused by a hook: sends the upstream what goes to it instead, and the client the reply, if any. */
  refuse({ instead, isAnswered = true }: Withdrawal<unknown>, reply: unknown): void {
    if (this.isFinishing) return;
    if (instead !== undefined && this.#upstream !== undefined) {
      if (isAnswered) this.#order?.askInstead(reply === undefined ? undefined : this.#own(reply));
      this.forward("in", this.encode("in", instead));
    } else if (isAnswered && reply !== undefined) {
      const own = this.#own(reply);
      if (this.#order?.inject(own) !== false) this.#say([own]);
    }
  }

  /** Lets the proxy's own replies follow what the upstream has said, when it is their turn. */
  heard(message: unknown): void {
    this.#hooks?.answered(message);
    if (this.#order === undefined) return;
    const answers = this.#protocol.answers!(message, this.client.facade);
    this.#say(this.#order.heard(answers, isWhole(message)));
  }

  /** Closes the client behind this, in the place of what has just come from the upstream. */
  closeWith(last: unknown): void {
    this.#say([{ last: () => last }]);
  }

  /**
   * Ends the client's connection in good order: nothing more of it goes to the upstream, what that answers to what it has
   * got is relayed, then the client hears the last word, if there is one, and is closed.
   *
   * @param last Makes that word when its turn has come; undefined for none.
   * @param options.isInstead Whether that takes the place of the upstream's answer to the last request, which never comes.
   * @param options.drains Whether all that the upstream still says is relayed, up to its end, where answers are not
   *   counted.
   */
  finish(last: () => unknown, { isInstead = !this.#isInWhole, drains = false } = {}): void {
    const upstream = this.#upstream;
    if (this.isFinishing) return;
    const own = { last };
    const order = this.#order;
    const isDue = order === undefined ? !drains : order.inject(own, { isInstead });
    if (isDue || upstream === undefined) return this.#say([own]);
    this.leave("in");
    const { inbound } = this.client;
    inbound.setCodec(UNFRAMED);
    const over = () => this.#say(order?.end() ?? [own]);
    this.#lastAnswers = new LastAnswers(this.client, upstream, { counted: order !== undefined, over });
    // What waits is dropped.
    inbound.frameLoop.pass();
  }

  /** The upstream says no more. */
  upstreamOver(): void {
    this.leave("out");
    if (this.#lastAnswers !== undefined) this.#lastAnswers.end();
    else this.#say(this.#order?.end() ?? []);
  }

  /** The client is gone. */
  end(): void {
    this.leave("in");
    this.#lastAnswers?.stop();
  }

  /** The bytes of a message in a direction. */
  encode(direction: Direction, message: unknown): Uint8Array | string {
    return codecOf(this.#protocol, direction).encode(
      message,
      (this.#target(direction) ?? this.client).facade,
    );
  }

  #own(reply: unknown): OwnReply {
    return { bytes: this.encode("out", reply) };
  }

  #passFrame(direction: Direction): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const [from, to] = direction === "in" ? [this.client, upstream] : [upstream, this.client];
    this.batch(direction).pass(from.inbound.buffer, to.outbound);
  }

  #target(direction: Direction): ServiceConnection | undefined {
    return direction === "in" ? this.#upstream : this.client;
  }

  /** Counts a request, if answers are counted and it is one. Answers whether the message may go on. */
  #count(direction: Direction, message: unknown, upgrade: Upgrade | undefined): boolean {
    if (direction === "in") {
      if (this.isFinishing) return false;
      if (this.#unavailable !== undefined) return this.#answer(message);
      this.#hooks?.forwarded(message);
    }
    if (upgrade !== undefined && this.#lastAnswers !== undefined) {
      // Nobody would follow it: the last word stands in its place.
      this.#lastAnswers.end();
      return false;
    }
    const order = this.#order;
    if (order === undefined) return true;
    if (direction === "in") {
      this.#isInWhole = isWhole(message);
      if (this.#asks(message)) order.ask();
    }
    if (upgrade !== "tls" || order.open <= 1) return true;
    this.#refuseTls(order.open - 1);
    return false;
  }

  /** Whether the upstream is going to answer a message. */
  #asks(message: unknown): boolean {
    const protocol = this.#protocol;
    return protocol.asks === undefined ? !isPart(message) : protocol.asks(message, this.client.facade);
  }

  /** Answers a request in the place of an upstream that is not there. */
  #answer(message: unknown): false {
    if (this.#asks(message)) {
      this.#say([{ bytes: this.#unavailable! }]);
      this.#hasAnswered = true;
    }
    return false;
  }

  /** Closes the client once it has been told that there is no upstream. */
  #closeAnswered(): void {
    if (this.#hasAnswered) this.client.close();
  }

  /** The client has sent more behind its request for TLS: somebody between may have put it there. */
  #refuseTls(behind: number): void {
    const found = `${behind} requests came behind the request for it`;
    this.client.fail(new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`));
    this.#upstream!.destroy();
  }

  /** Tells the client what it is to hear now. */
  #say(replies: readonly OwnReply[]): void {
    const { client } = this;
    for (const own of replies) {
      if (this.#upstream !== undefined) this.leave("out");
      if ("last" in own) {
        this.#close(own.last);
        this.#upstream?.close();
      } else client.outbound.forward(own.bytes);
      // Who asks for more than it reads is not heard meanwhile.
      if (client.outbound.queue.isFull) client.inbound.frameLoop.hold(Hold.full);
    }
  }

  /** Closes the client behind the last word, or without it where that cannot be said. */
  #close(last: () => unknown): void {
    const { client } = this;
    try {
      const message = last();
      if (message !== undefined) client.close(this.encode("out", message), AS_IT_IS);
    } catch (thrown) {
      blame(client, thrown);
    }
    client.close();
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
