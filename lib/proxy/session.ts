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
import { type ConnectionHost, type FrameRelay, ServiceConnection } from "../connection/connection.ts";
import type { AnyHandler, Direction, Upgrade } from "../contract.ts";
import { rest } from "../connection/hooked.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import type { Verdict } from "../hooks/verdict.ts";
import { countError } from "../stats.ts";
import { isPart, isPartial, isWhole } from "./parts.ts";
import { type Proxy, RELAY } from "./proxy.ts";
import { Turns } from "./turns.ts";

const AS_IT_IS = { raw: true } as const;

/** A pair of connections. */
export class ProxySession implements FrameRelay {
  readonly clientHost: ConnectionHost;
  readonly #proxy: Proxy;
  readonly #base: ConnectionHost;
  readonly #turns: Turns<Uint8Array | string> | undefined;
  /** Ends the dialing; undefined once that is over. */
  #dialing: AbortController | undefined;
  #hooks: HookSession | undefined;
  #client!: ServiceConnection;
  #upstream: ServiceConnection | undefined;
  #passthrough = false;
  /** Whether the parts that follow belong to a message that goes no further. */
  readonly #swallows: Record<Direction, boolean> = { in: false, out: false };

  constructor(proxy: Proxy, base: ConnectionHost) {
    this.#proxy = proxy;
    this.#base = base;
    this.#turns = proxy.counts ? new Turns() : undefined;
    this.clientHost = { ...base, relay: this, handler: this.#clientHandler() };
  }

  frame(from: ServiceConnection, frame: Uint8Array, message: unknown, upgrade: Upgrade | undefined): unknown {
    const direction: Direction = from === this.#client ? "in" : "out";
    if (
      message === undefined || this.#hooks === undefined || !this.#proxy.observed[direction]
    ) {
      return this.#pass(direction, message, frame, upgrade);
    }
    if (this.#swallows[direction]) {
      if (isPart(message)) return this.#swallow(direction, message);
      this.#swallows[direction] = false;
    }
    const { protocol } = this.#proxy;
    const codec = direction === "in" ? protocol : protocol.reply ?? protocol;
    const verdict = this.#hooks.run(direction, message, codec.command?.(message, from) ?? "");
    if (verdict === undefined) return this.#pass(direction, message, frame, upgrade);
    const held = { direction, message, frame: frame.slice(), upgrade };
    if (verdict instanceof Promise) return verdict.then((verdict) => this.#obey(verdict, held));
    return this.#obey(verdict, held);
  }

  bad(_from: ServiceConnection, error: Error, frame: Uint8Array | undefined): boolean {
    if (this.#proxy.options.onBadFrame !== "passthrough" || this.#passthrough) return false;
    this.#passthrough = true;
    countError(this.#base.stats, "passthrough");
    this.#base.report(this.#client, error, "passthrough");
    this.#hooks?.end();
    this.#hooks = undefined;
    this.#client.receiveBy(RELAY);
    this.#upstream?.receiveBy(RELAY);
    if (frame !== undefined) this.#forward(_from === this.#client ? "in" : "out", frame);
    return true;
  }

  // Frames

  #pass(
    direction: Direction,
    message: unknown,
    bytes: Uint8Array | string,
    upgrade: Upgrade | undefined,
  ): void {
    if (direction === "in" && this.#turns !== undefined && this.#asks(message)) this.#turns.ask();
    if (upgrade === "tls" && this.#turns !== undefined && this.#turns.open > 1) return this.#refuseTls();
    this.#forward(direction, bytes);
    if (direction === "out") this.#heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  /** The client has sent more behind its request for TLS: somebody between may have put it there. */
  #refuseTls(): void {
    const found = `${this.#turns!.open - 1} requests came behind the request for it`;
    this.#client.fail(new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`));
    this.#upstream!.destroy();
  }

  #forward(direction: Direction, bytes: Uint8Array | string): void {
    (direction === "in" ? this.#upstream! : this.#client).send(bytes, AS_IT_IS);
  }

  /** Whether the upstream is going to answer a message. */
  #asks(message: unknown): boolean {
    const { protocol } = this.#proxy;
    if (message === undefined) return false;
    return protocol.asks === undefined ? !isPart(message) : protocol.asks(message, this.#client);
  }

  /** Lets injected replies follow what the upstream has said, when it is their turn. */
  #heard(message: unknown): void {
    if (this.#turns === undefined || message === undefined) return;
    const answers = this.#proxy.protocol.answers!(message, this.#client);
    for (const reply of this.#turns.heard({ answers, whole: isWhole(message) })) {
      this.#client.send(reply, AS_IT_IS);
    }
  }

  /** A part of a message that has gone no further. */
  #swallow(direction: Direction, message: unknown): void {
    // To the client it is as if it had never come: replies may take its place.
    if (direction === "out" && isWhole(message)) this.#heard(message);
  }

  #obey(verdict: Verdict | undefined, held: Held): unknown {
    const { direction, message, frame, upgrade } = held;
    switch (verdict?.verdict) {
      case undefined:
      case "pass":
        return this.#pass(direction, message, frame, upgrade);
      case "replace":
        this.#swallows[direction] = isPartial(message) && !isPartial(verdict.message);
        return this.#replace(direction, message, verdict.message, upgrade);
      case "reply":
        this.#swallows[direction] = true;
        return this.#reply(direction, message, verdict.message);
      case "drop":
        this.#swallows[direction] = true;
        return direction === "out" && isWhole(message) ? this.#heard(message) : undefined;
      case "delay":
        return rest(verdict.ms, this.#client.signal).then(() => this.#obey(verdict.then, held));
      case "close": {
        const last = verdict.last === undefined ? undefined : this.#encode("out", verdict.last);
        if (last === undefined) this.#client.close();
        else this.#client.close(last, AS_IT_IS);
        return;
      }
      default:
        return verdict satisfies never;
    }
  }

  /** Another message goes on: what it asks or answers is what the one asked or answered that it replaces. */
  #replace(direction: Direction, message: unknown, instead: unknown, upgrade: Upgrade | undefined): void {
    if (direction === "in" && this.#turns !== undefined && this.#asks(message)) this.#turns.ask();
    this.#forward(direction, this.#encode(direction, instead));
    if (direction === "out" && (isWhole(message) || !this.#swallows.out)) this.#heard(message);
    if (upgrade !== undefined) this.#upgrade(upgrade);
  }

  /** Answers the sender in the place of the other side. */
  #reply(direction: Direction, message: unknown, reply: unknown): void {
    if (direction === "out") {
      this.#forward("in", this.#encode("in", reply));
      return isWhole(message) ? this.#heard(message) : undefined;
    }
    const bytes = this.#encode("out", reply);
    if (this.#turns === undefined || this.#turns.inject(bytes)) this.#forward("out", bytes);
  }

  #encode(direction: Direction, message: unknown): Uint8Array | string {
    const { protocol } = this.#proxy;
    if (direction === "in") return protocol.encode(message, this.#upstream!);
    return (protocol.reply ?? protocol).encode(message, this.#client);
  }

  #upgrade(to: Upgrade): void {
    this.#client.upgrade(to);
    this.#upstream!.upgrade(to);
    this.#upstream!.session = this.#client.session;
  }

  // Connections

  #clientHandler(): AnyHandler {
    return {
      allowHalfOpen: true,
      onConnect: (client) => {
        this.#client = client as ServiceConnection;
        this.#hooks = this.#proxy.options.hooks?.session(client);
        if (!this.#proxy.framed.in) this.#client.receiveBy(RELAY);
        client.pause();
        this.#connect();
      },
      onEnd: () => this.#upstream?.end(),
      onBufferFull: () => this.#upstream?.pause(),
      onBufferDrain: () => this.#upstream?.resume(),
      onError: (client, error) => this.#refuse(client as ServiceConnection, error),
      onClose: (client) => {
        this.#dialing?.abort();
        this.#hooks?.end();
        // A reset goes through as the end that it is: nothing queued is worth sending any more.
        if (client.error === undefined) this.#upstream?.close();
        else this.#upstream?.destroy();
      },
    };
  }

  #upstreamHandler(): AnyHandler {
    return {
      allowHalfOpen: true,
      onEnd: () => {
        this.#releaseReplies();
        this.#client.end();
      },
      onBufferFull: () => this.#client.pause(),
      onBufferDrain: () => this.#client.resume(),
      onClose: () => {
        this.#releaseReplies();
        this.#client.close();
      },
    };
  }

  async #connect(): Promise<void> {
    const client = this.#client;
    const { signal } = this.#dialing = new AbortController();
    try {
      const { transport, kind, secure } = await this.#proxy.options.upstreams.reach(
        client,
        signal,
      );
      if (signal.aborted) return transport.close();
      const host = { ...this.#upstreamHost(), secure };
      const upstream = this.#upstream = new ServiceConnection(`${client.id}.upstream`, transport, {
        kind,
        host,
      });
      upstream.session = client.session;
      if (!this.#proxy.framed.out || this.#passthrough) upstream.receiveBy(RELAY);
      upstream.run();
      client.resume();
    } catch (error) {
      if (!signal.aborted) this.#unavailable(error as Error);
    } finally {
      this.#dialing = undefined;
    }
  }

  #unavailable(error: Error): void {
    countError(this.#base.stats, "upstream_unavailable");
    this.#base.report(this.#client, error, "upstream_unavailable");
    const message = this.#proxy.protocol.unavailable?.(error);
    if (message === undefined) this.#client.close();
    else this.#client.close(message);
  }

  /** Tells the client why its connection ends, where the protocol is followed and has a word for it. */
  #refuse(client: ServiceConnection, error: Error): void {
    if (client.error !== error || !this.#proxy.framed.in || this.#passthrough) return;
    const message = this.#proxy.protocol.refusal?.(error, client);
    if (message !== undefined) client.close(message);
  }

  #upstreamHost(): ConnectionHost {
    return {
      ...this.#base,
      ...this.#proxy.upstreamSide(this.#base),
      handler: this.#upstreamHandler(),
      relay: this,
    };
  }

  #releaseReplies(): void {
    for (const reply of this.#turns?.end() ?? []) this.#client.send(reply, AS_IT_IS);
  }
}

/** What is kept of a frame while a hook has not decided on it. */
interface Held {
  direction: Direction;
  message: unknown;
  frame: Uint8Array;
  upgrade: Upgrade | undefined;
}
