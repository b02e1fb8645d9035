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

import { codecOf } from "../contract/codec_of.ts";
import { commandOf } from "../contract/command_of.ts";
import { ServiceConnection } from "../connection/service_connection.ts";
import type { FrameRelay } from "../connection/connection_host.ts";
import { CONNECTION_ERRORS, ConnectionError } from "../contract/connection_error.ts";
import type { Direction, Upgrade, Withdrawal } from "../contract/protocol.ts";
import { applyVerdict, type VerdictEffects } from "../hooks/apply_verdict.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import { countError } from "../contract/stats.ts";
import { type PendingMessage, Relay } from "./relay.ts";
import { isPart, isPartial, isWhole } from "../contract/parts.ts";
import type { Proxy } from "./proxy.ts";
import { UNFRAMED } from "./unframed.ts";

/** A message that a hook has not decided on, and what is kept of it. */
interface Held extends PendingMessage {
  /** The bytes that go on for it as it is. */
  frame: Uint8Array | string;
}

/** How much of a request's name the log shows. */
const MAX_SHOWN = 80;

/** A request is kept from the upstream, and nothing else is to be done for that. */
const PLAIN: Withdrawal<unknown> = {};

/** A pair of connections. */
export class ProxySession implements FrameRelay, VerdictEffects<Held, void> {
  readonly client: ServiceConnection;
  readonly #proxy: Proxy;
  readonly #relay: Relay;
  #hooks: HookSession | undefined;
  /** Ends the dialing; undefined once that is over. */
  #dialing: AbortController | undefined;
  #passthrough = false;

  /** Takes a client on, and connects to its upstream. */
  constructor(client: ServiceConnection, proxy: Proxy) {
    this.client = client;
    this.#proxy = proxy;
    this.#hooks = proxy.options.hooks?.session(client.facade);
    this.#relay = new Relay(client, proxy.protocol, { counts: proxy.counts, hooks: this.#hooks });
    if (!proxy.framed.in) client.inbound.setCodec(UNFRAMED);
    client.pause();
    this.#connect();
  }

  /** Undefined until it is reached. */
  get upstream(): ServiceConnection | undefined {
    return this.#relay.upstream;
  }

  // Frames

  message(from: ServiceConnection, came: unknown, upgrade: Upgrade | undefined): unknown {
    // Of what comes behind a close nobody is told.
    if (this.client.phase !== "open") return;
    const direction = this.#directionOf(from);
    if (direction === "out" && this.#relay.replaces(came)) return;
    let message = direction === "out" ? this.#withoutTls(came) : came;
    if (this.#hooks === undefined || !this.#proxy.observed[direction]) {
      return this.#passOn(direction, message, came, upgrade);
    }
    const batch = this.#relay.batch(direction);
    if (batch.swallows) {
      if (isPart(message)) return this.#swallow(direction, message);
      batch.swallows = false;
    }
    const { protocol, options } = this.#proxy;
    const command = commandOf(codecOf(protocol, direction), message, from.facade);
    const hooks = options.hooks!;
    if (direction === "in" && hooks.guards) {
      const isHooked = hooks.concerns(direction, command);
      const { frame } = from.inbound.buffer;
      const refusal = protocol.ambiguous?.(message, from.facade, { isHooked, frame });
      if (refusal !== undefined) return this.#refuseAmbiguous(message, refusal);
      if (isHooked) message = protocol.plain?.(message, from.facade) ?? message;
    }
    if (!hooks.sees(direction, command)) return this.#passOn(direction, message, came, upgrade);
    const verdict = this.#hooks.run(direction, message, command);
    if (verdict === undefined) return this.#passOn(direction, message, came, upgrade);
    const frame = message === came
      ? from.inbound.buffer.frame.slice()
      : this.#relay.encode(direction, message);
    return applyVerdict(verdict, { direction, message, frame, upgrade }, this);
  }

  skipped(from: ServiceConnection): void {
    this.#relay.skip(this.#directionOf(from));
  }

  passed(from: ServiceConnection): void {
    this.#relay.leave(this.#directionOf(from));
  }

  bad(from: ServiceConnection, error: Error, frame: Uint8Array | undefined): boolean {
    if (this.#proxy.options.onBadFrame !== "passthrough" || this.#passthrough) return false;
    this.#passthrough = true;
    countError(this.#proxy.host.stats, "passthrough");
    this.#proxy.host.report(this.client, error, "passthrough");
    this.#hooks?.end();
    this.#hooks = undefined;
    this.client.inbound.setCodec(UNFRAMED);
    this.upstream?.inbound.setCodec(UNFRAMED);
    if (frame !== undefined) this.#relay.forward(this.#directionOf(from), frame);
    return true;
  }

  /** A message that no hook decides on goes on: as it came, if it is what came. */
  #passOn(direction: Direction, message: unknown, came: unknown, upgrade: Upgrade | undefined): void {
    const relay = this.#relay;
    if (message === came) return relay.pass(direction, message, upgrade);
    relay.passAs(relay.encode(direction, message), { direction, message, upgrade });
  }

  /** A reply as the client may hear it, where it cannot start TLS. */
  #withoutTls(reply: unknown): unknown {
    const { protocol } = this.#proxy;
    if (protocol.withoutTls === undefined || this.client.canStartTls) return reply;
    return protocol.withoutTls(reply, this.client.facade) ?? reply;
  }

  /** The other one of the two; undefined while it is not there. */
  #otherThan(one: ServiceConnection): ServiceConnection | undefined {
    return one === this.client ? this.upstream : this.client;
  }

  #directionOf(from: ServiceConnection): Direction {
    return from === this.client ? "in" : "out";
  }

  // Verdicts

  get signal(): AbortSignal {
    return this.client.signal;
  }

  pass(held: Held): void {
    this.#relay.passAs(held.frame, held);
  }

  replace(held: Held, other: unknown): void {
    const { direction, message } = held;
    this.#relay.batch(direction).swallows = isPartial(message) && !isPartial(other);
    if (direction === "in") this.#proxy.protocol.replaced?.(message, other, this.client.facade);
    this.#relay.passAs(this.#relay.encode(direction, other), held);
  }

  reply({ direction, message }: Held, answer: unknown): void {
    this.#reply(direction, message, answer);
  }

  drop({ direction, message }: Held): void {
    const withdrawal = this.#withdraw(direction, message);
    if (direction === "in") this.#relay.refuse(withdrawal, undefined);
    else this.#swallow(direction, message);
  }

  close({ direction, message }: Held, last: unknown): void {
    this.#withdraw(direction, message);
    this.#close(direction, message, last);
  }

  /** Answers the sender in the place of the other side. */
  #reply(direction: Direction, message: unknown, reply: unknown): void {
    const relay = this.#relay;
    const withdrawal = this.#withdraw(direction, message);
    if (direction === "in") {
      // The upstream has the beginning of the message and would wait for the rest, so this is the end.
      if (isPart(message)) return relay.inject(reply, { closes: true, isInstead: true });
      return relay.refuse(withdrawal, reply);
    }
    relay.forward("in", relay.encode("in", reply));
    this.#swallow(direction, message);
  }

  #close(direction: Direction, message: unknown, last: unknown): void {
    if (last === undefined) return this.client.close();
    if (direction === "in") this.#relay.inject(last, { closes: true, isInstead: isPart(message) });
    else this.#relay.closeWith(last);
  }

  /** A message goes no further, nor do its parts. */
  #withdraw(direction: Direction, message: unknown): Withdrawal<unknown> {
    this.#relay.batch(direction).swallows = true;
    return direction === "in" && this.#proxy.protocol.withdrawn?.(message, this.client.facade) || PLAIN;
  }

  /** Keeps a request from the upstream that may be another there than it is here. */
  #refuseAmbiguous(message: unknown, refusal: unknown): void {
    const { host, protocol } = this.#proxy;
    const code = "ambiguous_request";
    const name = JSON.stringify(commandOf(protocol, message, this.client.facade).slice(0, MAX_SHOWN));
    countError(host.stats, code);
    host.report(
      this.client,
      new ConnectionError(code, `Cannot pass on the request ${name}: ${CONNECTION_ERRORS[code]}`),
      code,
    );
    this.#relay.refuse(this.#withdraw("in", message), refusal);
  }

  /** A message, or a part of one, that has gone no further. */
  #swallow(direction: Direction, message: unknown): void {
    // To the client it is as if it had never come: replies may take its place.
    if (direction === "out" && isWhole(message)) this.#relay.heard(message);
  }

  // Connections

  ended(of: ServiceConnection): void {
    if (of === this.client) {
      this.#relay.leave("in");
      this.upstream?.end();
    } else {
      this.#relay.upstreamOver();
      this.client.end();
    }
  }

  full(of: ServiceConnection): void {
    this.#otherThan(of)?.pause();
  }

  drained(of: ServiceConnection): void {
    this.#otherThan(of)?.resume();
  }

  /** Tells the client why its connection ends, where the protocol is followed and has a word for it. */
  failed(of: ServiceConnection, error: Error): void {
    const { client } = this;
    if (of !== client || client.error !== error || !this.#proxy.framed.in || this.#passthrough) return;
    const message = this.#proxy.protocol.refusal?.(error, client.facade);
    if (message !== undefined) client.close(message);
  }

  closed(of: ServiceConnection): void {
    if (of === this.client) return this.#clientClosed();
    this.#relay.upstreamOver();
    this.client.close();
  }

  #clientClosed(): void {
    this.#dialing?.abort();
    this.#hooks?.end();
    this.#relay.leave("in");
    // A reset goes through as the end that it is: nothing queued is worth sending any more.
    if (this.client.error === undefined) this.upstream?.close();
    else this.upstream?.destroy();
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
      this.#relay.upstream = upstream;
      upstream.relay = this;
      upstream.facade.session = client.facade.session;
      if (!this.#proxy.framed.out || this.#passthrough) upstream.inbound.setCodec(UNFRAMED);
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
}
