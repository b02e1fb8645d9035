/**
 * What a client hears from the proxy itself, and when: replies of hooks in their turn among the upstream's answers, that
 * there is no upstream, and the last word before the connection closes.
 *
 * @module
 */

import { blame } from "../connection/error_policy.ts";
import type { ServiceConnection } from "../connection/service_connection.ts";
import type { AnyProtocol, Direction, Withdrawal } from "../contract/protocol.ts";
import { isPart, isWhole } from "../contract/parts.ts";
import { Hold } from "../framing/frame_loop.ts";
import { LastAnswers } from "./last_answers.ts";
import { ReplyOrder } from "./reply_order.ts";
import { UNFRAMED } from "./unframed.ts";

const AS_IT_IS = { raw: true } as const;

/** The two ends that the proxy speaks to, and the way there. */
export interface RelayEnds {
  readonly client: ServiceConnection;
  /** Undefined until it is reached. */
  readonly upstream: ServiceConnection | undefined;
  /** Sends the frames of a direction that are to go on as they came. */
  leave(direction: Direction): void;
  /** Sends bytes in a direction, behind those frames. */
  forward(direction: Direction, bytes: Uint8Array | string): void;
  /** The bytes of a message in a direction. */
  encode(direction: Direction, message: unknown): Uint8Array | string;
}

/** One reply, or the last word. */
type OwnReply =
  | { bytes: Uint8Array | string }
  /** Made when it is said, as it may depend on what has been answered by then. Undefined: nothing is said. */
  | { last(): unknown };

/** The replies of a proxy's own to one client. */
export class OwnReplies {
  readonly #ends: RelayEnds;
  readonly #protocol: AnyProtocol;
  /** Where answers are counted. */
  readonly #order: ReplyOrder<OwnReply> | undefined;
  /** Whether the last message to the upstream is whole: if not, it is never answered unless the rest follows. */
  #isRequestWhole = true;
  /** What is waited for before the last word. */
  #lastAnswers: LastAnswers | undefined;
  /** What each request is answered where there is no upstream. */
  #unavailable: Uint8Array | string | undefined;
  #hasSaidUnavailable = false;

  /** @param options.counts Whether requests and answers are counted, so that replies wait for their turn. */
  constructor(ends: RelayEnds, protocol: AnyProtocol, options: { counts: boolean }) {
    this.#ends = ends;
    this.#protocol = protocol;
    this.#order = options.counts ? new ReplyOrder({ greets: protocol.greets === true }) : undefined;
  }

  /** Requests that the upstream has not answered, if these are counted. */
  get open(): number {
    return this.#order?.open ?? 0;
  }

  /** Whether the last word waits: then nothing that the client still says goes anywhere. */
  get isFinishing(): boolean {
    return this.#lastAnswers !== undefined;
  }

  /** A message is about to go to the upstream. Returns whether it may. */
  forwards(message: unknown): boolean {
    if (this.#lastAnswers !== undefined) return false;
    if (this.#unavailable !== undefined) return this.#answerUnavailable(message);
    if (this.#order === undefined) return true;
    this.#isRequestWhole = isWhole(message);
    if (this.#asks(message)) this.#order.ask();
    return true;
  }

  /** The upstream has said something. Says what follows in its turn. */
  heard(message: unknown): void {
    if (this.#order === undefined) return;
    const answers = this.#protocol.answers!(message, this.#ends.client.facade);
    this.#say(this.#order.heard(answers, isWhole(message)));
  }

  /** Whether the upstream's message answers what {@linkcode refuse} sent it: then a hook's reply takes its place. */
  replaces(message: unknown): boolean {
    const order = this.#order;
    if (order === undefined || !order.isReplaced || !isWhole(message)) return false;
    if (!this.#protocol.answers!(message, this.#ends.client.facade)) return false;
    this.#say(order.heardReplaced());
    return true;
  }

  /** Refuses a request: the upstream gets what goes to it instead, and the client the reply, if there is one. */
  refuse({ instead, isAnswered = true }: Withdrawal<unknown>, reply: unknown): void {
    if (this.isFinishing) return;
    const ends = this.#ends;
    if (instead !== undefined && ends.upstream !== undefined) {
      if (isAnswered) this.#order?.askInstead(reply === undefined ? undefined : this.#encoded(reply));
      ends.forward("in", ends.encode("in", instead));
    } else if (isAnswered && reply !== undefined) {
      const own = this.#encoded(reply);
      if (this.#order?.inject(own) !== false) this.#say([own]);
    }
  }

  /** Closes the client behind a last word, in the place of what has just come from the upstream. */
  closeWith(last: unknown): void {
    this.#say([{ last: () => last }]);
  }

  /**
   * Ends the client's connection in good order: nothing more of it goes to the upstream, the answers to what that has got
   * are relayed, then the client hears the last word, if there is one, and is closed.
   *
   * @param last Makes that word when its turn has come; undefined for none.
   * @param options.isInstead Whether it takes the place of the answer to the last request, which never comes.
   * @param options.drains Whether all that the upstream still says up to its end is relayed, where answers are not counted.
   */
  finish(last: () => unknown, { isInstead = !this.#isRequestWhole, drains = false } = {}): void {
    if (this.isFinishing) return;
    const { client, upstream } = this.#ends;
    const own = { last };
    const order = this.#order;
    const isDue = order === undefined ? !drains : order.inject(own, { isInstead });
    if (isDue || upstream === undefined) return this.#say([own]);
    this.#ends.leave("in");
    client.inbound.setCodec(UNFRAMED);
    const over = () => this.#say(order?.end() ?? [own]);
    this.#lastAnswers = new LastAnswers(client, upstream, { counted: order !== undefined, over });
    // What is buffered is dropped.
    client.inbound.frameLoop.pass();
  }

  /** No answer of the upstream will come any more, or none is waited for. */
  noMoreAnswers(): void {
    if (this.#lastAnswers !== undefined) this.#lastAnswers.end();
    else this.#say(this.#order?.end() ?? []);
  }

  /** Answers each request with this from now on: there is no upstream. */
  answerAll(unavailable: unknown): void {
    this.#unavailable = this.#ends.encode("out", unavailable);
  }

  /** All requests that have come are answered: closes the client if it has been told that there is no upstream. */
  allAnswered(): void {
    if (this.#hasSaidUnavailable) this.#ends.client.close();
  }

  /** The client is gone. */
  end(): void {
    this.#lastAnswers?.stop();
  }

  /** Whether the upstream is going to answer a message. */
  #asks(message: unknown): boolean {
    const protocol = this.#protocol;
    return protocol.asks === undefined ? !isPart(message) : protocol.asks(message, this.#ends.client.facade);
  }

  #answerUnavailable(message: unknown): false {
    if (this.#asks(message)) {
      this.#say([{ bytes: this.#unavailable! }]);
      this.#hasSaidUnavailable = true;
    }
    return false;
  }

  #encoded(reply: unknown): OwnReply {
    return { bytes: this.#ends.encode("out", reply) };
  }

  /** Tells the client what it is to hear now. */
  #say(replies: readonly OwnReply[]): void {
    const { client, upstream } = this.#ends;
    for (const own of replies) {
      if (upstream !== undefined) this.#ends.leave("out");
      if ("last" in own) {
        this.#close(own.last);
        upstream?.close();
      } else client.outbound.forward(own.bytes);
      // A client that asks for more than it reads is not read meanwhile.
      if (client.outbound.queue.isFull) client.inbound.frameLoop.hold(Hold.full);
    }
  }

  /** Closes the client behind the last word, or without it where that cannot be said. */
  #close(last: () => unknown): void {
    const { client } = this.#ends;
    try {
      const message = last();
      if (message !== undefined) client.close(this.#ends.encode("out", message), AS_IT_IS);
    } catch (thrown) {
      blame(client, thrown);
    }
    client.close();
  }
}
