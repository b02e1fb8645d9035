/**
 * Hooks of a relayed connection: what becomes of each message between a client and its upstream. Its counterpart on a
 * served connection is `connection/hook_stage.ts`.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import { commandOf } from "../contract/command_of.ts";
import type { ServiceConnection } from "../connection/service_connection.ts";
import { CONNECTION_ERRORS, ConnectionError } from "../contract/connection_error.ts";
import type { Direction, Upgrade, Withdrawal } from "../contract/protocol.ts";
import { isPart, isPartial, isWhole } from "../contract/parts.ts";
import { applyVerdict, type VerdictEffects } from "../hooks/apply_verdict.ts";
import type { HookSession } from "../hooks/hook_set.ts";
import { countError } from "../contract/stats.ts";
import type { Proxy } from "./proxy.ts";
import { type PendingMessage, Relay } from "./relay.ts";

/** A message that a hook has not decided on, and what is kept of it. */
interface Held extends PendingMessage {
  /** The bytes that go on for it as it is. */
  frame: Uint8Array | string;
}

/** How much of a request's name the log shows. */
const MAX_SHOWN = 80;

/** A request is kept from the upstream, and nothing else is to be done for that. */
const PLAIN: Withdrawal<unknown> = {};

/** The hooks of one client, and the relay that they decide for. */
export class RelayStage implements VerdictEffects<Held, void> {
  readonly relay: Relay;
  readonly #client: ServiceConnection;
  readonly #proxy: Proxy;
  #hooks: HookSession | undefined;

  constructor(client: ServiceConnection, proxy: Proxy) {
    this.#client = client;
    this.#proxy = proxy;
    this.#hooks = proxy.options.hooks?.session(client.facade);
    this.relay = new Relay(client, proxy.protocol, { counts: proxy.counts, hooks: this.#hooks });
  }

  /** Takes a message that came from one of the two. A promise holds back the next one. */
  message(from: ServiceConnection, came: unknown, upgrade: Upgrade | undefined): unknown {
    const direction = from === this.#client ? "in" : "out";
    if (direction === "out" && this.relay.own.replaces(came)) return;
    let message = direction === "out" ? this.#withoutTls(came) : came;
    if (this.#hooks === undefined || !this.#proxy.observed[direction]) {
      return this.#passOn(direction, message, came, upgrade);
    }
    const batch = this.relay.batch(direction);
    if (batch.swallows) {
      if (isPart(message)) return this.#swallow(direction, message);
      batch.swallows = false;
    }
    const { protocol, options } = this.#proxy;
    const command = commandOf(codecOf(protocol, direction), message, from.facade);
    const hooks = options.hooks!;
    if (direction === "in" && hooks.guards) {
      const isHooked = hooks.concerns(direction, command);
      if (protocol.ambiguous !== undefined) {
        const { frame } = from.inbound.buffer;
        const refusal = protocol.ambiguous(message, from.facade, { isHooked, frame });
        if (refusal !== undefined) return this.#refuseAmbiguous(message, refusal);
      }
      if (isHooked) message = protocol.plain?.(message, from.facade) ?? message;
    }
    if (!hooks.sees(direction, command)) return this.#passOn(direction, message, came, upgrade);
    const verdict = this.#hooks.run(direction, message, command);
    if (verdict === undefined) return this.#passOn(direction, message, came, upgrade);
    const frame = message === came
      ? from.inbound.buffer.frame.slice()
      : this.relay.encode(direction, message);
    return applyVerdict(verdict, { direction, message, frame, upgrade }, this);
  }

  /** No hook sees anything any more. */
  end(): void {
    this.#hooks?.end();
    this.#hooks = undefined;
  }

  /** A message that no hook decides on goes on: as it came, if it is what came. */
  #passOn(direction: Direction, message: unknown, came: unknown, upgrade: Upgrade | undefined): void {
    if (message === came) return this.relay.pass(direction, message, upgrade);
    this.relay.passAs(this.relay.encode(direction, message), { direction, message, upgrade });
  }

  /** A reply as the client may hear it, where it cannot start TLS. */
  #withoutTls(reply: unknown): unknown {
    const { protocol } = this.#proxy;
    if (protocol.withoutTls === undefined || this.#client.canStartTls) return reply;
    return protocol.withoutTls(reply, this.#client.facade) ?? reply;
  }

  // Verdicts

  get signal(): AbortSignal {
    return this.#client.signal;
  }

  pass(held: Held): void {
    this.relay.passAs(held.frame, held);
  }

  replace(held: Held, other: unknown): void {
    const { direction, message } = held;
    this.relay.batch(direction).swallows = isPartial(message) && !isPartial(other);
    if (direction === "in") this.#proxy.protocol.replaced?.(message, other, this.#client.facade);
    this.relay.passAs(this.relay.encode(direction, other), held);
  }

  /** Answers the sender in the place of the other side. */
  reply({ direction, message }: Held, answer: unknown): void {
    const withdrawal = this.#withdraw(direction, message);
    if (direction === "in") {
      // The upstream has the beginning of the message and would wait for the rest, so this is the end.
      if (isPart(message)) return this.relay.own.finish(() => answer, { isInstead: true });
      return this.relay.own.refuse(withdrawal, answer);
    }
    this.relay.forward("in", this.relay.encode("in", answer));
    this.#swallow(direction, message);
  }

  drop({ direction, message }: Held): void {
    const withdrawal = this.#withdraw(direction, message);
    if (direction === "in") this.relay.own.refuse(withdrawal, undefined);
    else this.#swallow(direction, message);
  }

  close({ direction, message }: Held, last: unknown): void {
    this.#withdraw(direction, message);
    if (direction === "out") return this.relay.own.closeWith(last);
    this.relay.own.finish(() => last, isPart(message) ? { isInstead: true } : {});
  }

  /** A message goes no further, nor do its parts. */
  #withdraw(direction: Direction, message: unknown): Withdrawal<unknown> {
    this.relay.batch(direction).swallows = true;
    return direction === "in" && this.#proxy.protocol.withdrawn?.(message, this.#client.facade) || PLAIN;
  }

  /** Keeps a request from the upstream that may be another there than it is here. */
  #refuseAmbiguous(message: unknown, refusal: unknown): void {
    const { host, protocol } = this.#proxy;
    const code = "ambiguous_request";
    const name = JSON.stringify(commandOf(protocol, message, this.#client.facade).slice(0, MAX_SHOWN));
    countError(host.stats, code);
    host.report(
      this.#client,
      new ConnectionError(code, `Cannot pass on the request ${name}: ${CONNECTION_ERRORS[code]}`),
      code,
    );
    this.relay.own.refuse(this.#withdraw("in", message), refusal);
  }

  /** A message, or a part of one, that has gone no further. */
  #swallow(direction: Direction, message: unknown): void {
    // To the client it is as if it had never come: replies may take its place.
    if (direction === "out" && isWhole(message)) this.relay.heard(message);
  }
}
