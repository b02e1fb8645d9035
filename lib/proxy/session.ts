/**
 * One client and its upstream: two connections back to back, each cut by its own direction's codec.
 *
 * A frame goes on as the bytes it came in, unless a hook says otherwise. Backpressure goes through: while one side's
 * queue is full the other is not read. So do half-closes: each side's end becomes the end of what is written to the other.
 *
 * What can fail: the upstream is not there (the client hears `unavailable`, or is closed), either side is lost (the other
 * gets what was relayed so far, and is closed), bytes make no frame (`onBadFrame`), a hook fails (its own policy). Of what
 * ends its connection from this side the client hears the protocol's `refusal`.
 *
 * @module
 */

import { ConnectionError } from "../connection/connection_error.ts";
import { commandOf } from "../connection/command_of.ts";
import { ServiceConnection } from "../connection/connection.ts";
import type { FrameRelay } from "../connection/host.ts";
import type { Direction, Upgrade } from "../contract.ts";
import { rest } from "../connection/hooked.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import type { Verdict } from "../hooks/verdict.ts";
import { countError } from "../stats.ts";
import { Lane } from "./lane.ts";
import { isPart, isPartial, isWhole } from "./parts.ts";
import type { Proxy } from "./proxy.ts";
import { Turns } from "./turns.ts";
import { UNFRAMED } from "./unframed.ts";

const AS_IT_IS = { raw: true } as const;

/** A pair of connections. */
export class ProxySession implements FrameRelay {
  readonly client: ServiceConnection;
  /** Undefined until it is reached. */
  upstream: ServiceConnection | undefined;
  readonly #proxy: Proxy;
  readonly #turns: Turns<Injected> | undefined;
  #hooks: HookSession | undefined;
  /** Ends the dialing; undefined once that is over. */
  #dialing: AbortController | undefined;
  #passthrough = false;
  /** Whether the client is to be closed when the answers before its last one have come. */
  #closing = false;
  readonly #in = new Lane();
  readonly #out = new Lane();

  /** Takes a client on, and connects to its upstream. */
  constructor(client: ServiceConnection, proxy: Proxy) {
    this.client = client;
    this.#proxy = proxy;
    this.#turns = proxy.counts ? new Turns() : undefined;
    this.#hooks = proxy.options.hooks?.session(client);
    client.relay = this;
    if (!proxy.framed.in) client.receiving.speak(UNFRAMED);
    client.pause();
    this.#connect();
  }

  message(from: ServiceConnection, message: unknown, upgrade: Upgrade | undefined): unknown {
    const direction: Direction = from === this.client ? "in" : "out";
    if (this.#hooks === undefined || !this.#proxy.observed[direction]) {
      return this.#passOn(from, direction, message, upgrade);
    }
    if (this.#lane(direction).swallows) {
      if (isPart(message)) return this.#swallow(direction, message);
      this.#lane(direction).swallows = false;
    }
    const { protocol, options } = this.#proxy;
    const codec = direction === "in" ? protocol : protocol.reply ?? protocol;
    const command = commandOf(codec, message, from);
    if (!options.hooks!.concerns(direction, command)) return this.#passOn(from, direction, message, upgrade);
    const verdict = this.#hooks.run(direction, message, command);
    if (verdict === undefined) return this.#passOn(from, direction, message, upgrade);
    const held = { direction, message, frame: from.receiving.buffer.frame.slice(), upgrade };
    if (verdict instanceof Promise) return verdict.then((verdict) => this.#obey(verdict, held));
    return this.#obey(verdict, held);
  }

  skipped(from: ServiceConnection): void {
    if (this.#closing && from === this.client) return;
    const direction: Direction = from === this.client ? "in" : "out";
    this.#lane(direction).pass(from.receiving.buffer, this.#target(direction).sending);
  }

  passed(from: ServiceConnection): void {
    this.#leave(from === this.client ? "in" : "out");
  }

  bad(from: ServiceConnection, error: Error, frame: Uint8Array | undefined): boolean {
    if (this.#proxy.options.onBadFrame !== "passthrough" || this.#passthrough) return false;
    this.#passthrough = true;
    countError(this.#proxy.host.stats, "passthrough");
    this.#proxy.host.report(this.client, error, "passthrough");
    this.#hooks?.end();
    this.#hooks = undefined;
    this.client.receiving.speak(UNFRAMED);
    this.upstream?.receiving.speak(UNFRAMED);
    if (frame !== undefined) this.#forward(from === this.client ? "in" : "out", frame);
    return true;
  }

  // Frames

  /** The frame just received goes on as it came. */
  #passOn(
    from: ServiceConnection,
    direction: Direction,
    message: unknown,
    upgrade: Upgrade | undefined,
  ): void {
    if (!this.#count(direction, message, upgrade)) return;
    this.#lane(direction).pass(from.receiving.buffer, this.#target(direction).sending);
    if (direction === "out") this.#heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  /** These bytes go on: the message's own, or another's that asks and answers what it does. */
  #pass({ direction, message, upgrade }: Held, bytes: Uint8Array | string): void {
    if (!this.#count(direction, message, upgrade)) return;
    this.#forward(direction, bytes);
    if (direction === "out" && (isWhole(message) || !this.#out.swallows)) this.#heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  /** Counts a request, if answers are counted and it is one. Answers whether the message may go on. */
  #count(direction: Direction, message: unknown, upgrade: Upgrade | undefined): boolean {
    const turns = this.#turns;
    if (turns === undefined) return true;
    if (direction === "in" && this.#asks(message)) turns.ask();
    if (upgrade !== "tls" || turns.open <= 1) return true;
    this.#refuseTls();
    return false;
  }

  /** The client has sent more behind its request for TLS: somebody between may have put it there. */
  #refuseTls(): void {
    const found = `${this.#turns!.open - 1} requests came behind the request for it`;
    this.client.fail(new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`));
    this.upstream!.destroy();
  }

  /** Sends in a direction, behind what has passed. */
  #forward(direction: Direction, bytes: Uint8Array | string): void {
    this.#leave(direction);
    this.#target(direction).send(bytes, AS_IT_IS);
  }

  /** Has all leave that has passed in a direction. */
  #leave(direction: Direction): void {
    if (this.upstream === undefined) return;
    const from = direction === "in" ? this.client : this.upstream;
    this.#lane(direction).leave(from.receiving.buffer, this.#target(direction).sending);
  }

  #lane(direction: Direction): Lane {
    return direction === "in" ? this.#in : this.#out;
  }

  #target(direction: Direction): ServiceConnection {
    return direction === "in" ? this.upstream! : this.client;
  }

  /** Whether the upstream is going to answer a message. */
  #asks(message: unknown): boolean {
    const { protocol } = this.#proxy;
    return protocol.asks === undefined ? !isPart(message) : protocol.asks(message, this.client);
  }

  /** Lets injected replies follow what the upstream has said, when it is their turn. */
  #heard(message: unknown): void {
    if (this.#turns === undefined) return;
    const answers = this.#proxy.protocol.answers!(message, this.client);
    this.#giveOut(this.#turns.heard(answers, isWhole(message)));
  }

  /** A part of a message that has gone no further. */
  #swallow(direction: Direction, message: unknown): void {
    // To the client it is as if it had never come: replies may take its place.
    if (direction === "out" && isWhole(message)) this.#heard(message);
  }

  #obey(verdict: Verdict | undefined, held: Held): unknown {
    const { direction, message } = held;
    switch (verdict?.verdict) {
      case undefined:
      case "pass":
        return this.#pass(held, held.frame);
      case "replace":
        this.#lane(direction).swallows = isPartial(message) && !isPartial(verdict.message);
        return this.#pass(held, this.#encode(direction, verdict.message));
      case "reply":
        this.#withdraw(direction, message);
        return this.#reply(direction, message, verdict.message);
      case "drop":
        this.#withdraw(direction, message);
        return direction === "out" && isWhole(message) ? this.#heard(message) : undefined;
      case "delay":
        return rest(verdict.ms, this.client.signal).then(() => this.#obey(verdict.then, held));
      case "close":
        this.#withdraw(direction, message);
        return this.#close(direction, verdict.last);
      default:
        return verdict satisfies never;
    }
  }

  /** Answers the sender in the place of the other side. */
  #reply(direction: Direction, message: unknown, reply: unknown): void {
    if (direction === "out") {
      this.#forward("in", this.#encode("in", reply));
      return isWhole(message) ? this.#heard(message) : undefined;
    }
    this.#inject(reply, { closes: false });
  }

  /** A message goes no further, nor do its parts. */
  #withdraw(direction: Direction, message: unknown): void {
    this.#lane(direction).swallows = true;
    if (direction === "in") this.#proxy.protocol.withdrawn?.(message, this.client);
  }

  #close(direction: Direction, last: unknown): void {
    if (last === undefined) return this.client.close();
    if (direction === "in") return this.#inject(last, { closes: true });
    // In the place of what has just come.
    this.#giveOut([{ bytes: this.#encode("out", last), closes: true }]);
  }

  /** Answers the client when it is the turn of that. */
  #inject(reply: unknown, { closes }: { closes: boolean }): void {
    const injected = { bytes: this.#encode("out", reply), closes };
    if (this.#turns === undefined || this.#turns.inject(injected)) this.#giveOut([injected]);
    else if (closes) {
      // Whatever else the client says, nobody looks at it any more, and it goes nowhere.
      this.#closing = true;
      this.client.receiving.speak(UNFRAMED);
    }
  }

  #giveOut(replies: readonly Injected[]): void {
    for (const { bytes, closes } of replies) {
      this.#leave("out");
      if (closes) this.client.close(bytes, AS_IT_IS);
      else this.client.send(bytes, AS_IT_IS);
    }
  }

  #encode(direction: Direction, message: unknown): Uint8Array | string {
    const { protocol } = this.#proxy;
    if (direction === "in") return protocol.encode(message, this.upstream!);
    return (protocol.reply ?? protocol).encode(message, this.client);
  }

  #upgrade(to: Upgrade): void {
    this.#leave("in");
    this.#leave("out");
    this.client.upgrade(to);
    this.upstream!.upgrade(to);
    this.upstream!.session = this.client.session;
  }

  // Connections

  clientEnded(): void {
    this.#leave("in");
    this.upstream?.end();
  }

  /** Tells the client why its connection ends, where the protocol is followed and has a word for it. */
  clientFailed(error: Error): void {
    const { client } = this;
    if (client.error !== error || !this.#proxy.framed.in || this.#passthrough) return;
    const message = this.#proxy.protocol.refusal?.(error, client);
    if (message !== undefined) client.close(message);
  }

  clientClosed(): void {
    this.#dialing?.abort();
    this.#hooks?.end();
    this.#leave("in");
    // A reset goes through as the end that it is: nothing queued is worth sending any more.
    if (this.client.error === undefined) this.upstream?.close();
    else this.upstream?.destroy();
  }

  upstreamEnded(): void {
    this.#releaseReplies();
    this.client.end();
  }

  upstreamClosed(): void {
    this.#releaseReplies();
    this.client.close();
  }

  async #connect(): Promise<void> {
    const client = this.client;
    const { signal } = this.#dialing = new AbortController();
    try {
      const { transport, kind, secure } = await this.#proxy.options.upstreams.reach(
        client,
        signal,
      );
      if (signal.aborted) return transport.close();
      const host = this.#proxy.upstreamHost(secure);
      const upstream = new ServiceConnection(`${client.id}.upstream`, transport, { kind, host });
      this.upstream = upstream;
      upstream.relay = this;
      upstream.session = client.session;
      if (!this.#proxy.framed.out || this.#passthrough) upstream.receiving.speak(UNFRAMED);
      upstream.run();
      client.resume();
    } catch (error) {
      if (!signal.aborted) this.#unavailable(error as Error);
    } finally {
      this.#dialing = undefined;
    }
  }

  #unavailable(error: Error): void {
    countError(this.#proxy.host.stats, "upstream_unavailable");
    this.#proxy.host.report(this.client, error, "upstream_unavailable");
    const message = this.#proxy.protocol.unavailable?.(error);
    if (message === undefined) this.client.close();
    else this.client.close(message);
  }

  #releaseReplies(): void {
    this.#leave("out");
    this.#giveOut(this.#turns?.end() ?? []);
  }
}

/** What a hook answers the client in the place of the upstream. */
interface Injected {
  bytes: Uint8Array | string;
  /** Whether it is the last that the client hears. */
  closes: boolean;
}

/** What is kept of a frame while a hook has not decided on it. */
interface Held {
  direction: Direction;
  message: unknown;
  frame: Uint8Array;
  upgrade: Upgrade | undefined;
}
