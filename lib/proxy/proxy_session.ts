/**
 * One client and its upstream: two connections back to back, each cut by its own direction's codec.
 *
 * A frame goes on as the bytes it came in, unless a hook says otherwise. Backpressure goes through: while one side's
 * queue is full the other is not read. So do half-closes: each side's end becomes the end of what is written to the other.
 *
 * | what fails | what becomes of it |
 * | --- | --- |
 * | the upstream cannot be reached | the client hears `unavailable`: as the greeting, or when it asks for something |
 * | either side is lost | the other gets what was relayed so far; its stream is cut off where its transport can tell so |
 * | the client's bytes make no frame, a timeout is over | it gets the answers that are due, hears `refusal`, and is closed |
 * | the upstream's bytes make no frame | the client gets what was relayed so far, and is closed |
 * | a hook fails | its own policy |
 *
 * @module
 */

import { ServiceConnection } from "../connection/service_connection.ts";
import type { FrameRelay } from "../connection/connection_host.ts";
import type { Upgrade } from "../contract/protocol.ts";
import { Hold } from "../framing/frame_loop.ts";
import { errorCode } from "../base/error_record.ts";
import { countError } from "../contract/stats.ts";
import { abortQuietly } from "../transport/transport.ts";
import type { Proxy } from "./proxy.ts";
import type { Relay } from "./relay.ts";
import { RelayStage } from "./relay_stage.ts";
import { UNFRAMED } from "./unframed.ts";

/** Errors after which an upstream's answers are not waited for: its silence is one of them, or its plaintext is. */
const AT_ONCE: readonly string[] = [
  "idle_timeout",
  "send_timeout",
  "plaintext_after_starttls",
  "upgrade_failed",
];

/** Errors that are the end of a peer, which the other side is to see as it would have without a proxy. */
const LOST: readonly string[] = ["connection_reset", "tls_truncated"];

/** A pair of connections. */
export class ProxySession implements FrameRelay {
  readonly client: ServiceConnection;
  readonly #proxy: Proxy;
  readonly #stage: RelayStage;
  readonly #relay: Relay;
  /** Ends the dialing; undefined once that is over. */
  #dialing: AbortController | undefined;
  #passthrough = false;
  /** How long a client is waited for that asks nothing where there is no upstream. */
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** Takes a client on, and connects to its upstream. */
  constructor(client: ServiceConnection, proxy: Proxy) {
    this.client = client;
    this.#proxy = proxy;
    this.#stage = new RelayStage(client, proxy);
    this.#relay = this.#stage.relay;
    if (!proxy.framed.in) client.inbound.setCodec(UNFRAMED);
    client.pause();
    this.#connect();
  }

  // Frames

  message(from: ServiceConnection, message: unknown, upgrade: Upgrade | undefined): unknown {
    // Of what comes behind a close nobody is told.
    if (this.client.phase === "open") return this.#stage.message(from, message, upgrade);
  }

  skipped(from: ServiceConnection): void {
    this.#relay.skip(from === this.client ? "in" : "out");
  }

  passed(from: ServiceConnection): void {
    this.#relay.passed(from === this.client ? "in" : "out");
  }

  bad(from: ServiceConnection, error: Error, frame: Uint8Array | undefined): boolean {
    const { upstream } = this.#relay;
    if (this.#proxy.options.onBadFrame !== "passthrough" || this.#passthrough || !upstream) return false;
    this.#passthrough = true;
    countError(this.#proxy.host.stats, "passthrough");
    this.#proxy.host.report(this.client, error, "passthrough");
    this.#stage.end();
    this.client.inbound.setCodec(UNFRAMED);
    upstream.inbound.setCodec(UNFRAMED);
    if (frame !== undefined) this.#relay.forward(from === this.client ? "in" : "out", frame);
    return true;
  }

  // Ends

  ended(of: ServiceConnection): void {
    if (of === this.client) {
      this.#relay.leave("in");
      this.#relay.upstream?.end();
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
    of.inbound.frameLoop.release(Hold.full);
  }

  /** Tells the client why its connection ends, where the protocol is followed and has a word for it. */
  finish(of: ServiceConnection, error: Error): void {
    if (of !== this.client) return of.close();
    if (!this.#proxy.framed.in || this.#passthrough || this.#relay.own.isFinishing) return of.close();
    const refusal = () => this.#proxy.protocol.refusal?.(error, of.facade);
    if (AT_ONCE.includes(errorCode(error))) return of.close(refusal());
    this.#relay.own.finish(refusal, { drains: true });
  }

  closed(of: ServiceConnection): void {
    if (of === this.client) this.#clientClosed();
    else this.#upstreamClosed(of);
  }

  #clientClosed(): void {
    const { error } = this.client;
    // A client that is lost before the upstream is reached is lost to that too, in its time.
    if (!isLost(error)) this.#dialing?.abort();
    clearTimeout(this.#patience);
    this.#stage.end();
    this.#relay.end();
    // What is queued for an upstream is not worth sending any more where the client has not ended it.
    if (error === undefined) this.#relay.upstream?.close();
    else this.#relay.upstream?.destroy();
  }

  #upstreamClosed(upstream: ServiceConnection): void {
    this.#relay.upstreamOver();
    if (isLost(upstream.error)) this.client.cutOff();
    else this.client.close();
  }

  /** The other one of the two; undefined while it is not there. */
  #otherThan(one: ServiceConnection): ServiceConnection | undefined {
    return one === this.client ? this.#relay.upstream : this.client;
  }

  // The upstream

  async #connect(): Promise<void> {
    const { client } = this;
    const { signal } = this.#dialing = new AbortController();
    try {
      const { transport, kind, secure } = await this.#proxy.options.upstreams.reach(client, signal);
      if (client.isClosed) return abortQuietly(transport);
      const host = this.#proxy.upstreamHost(secure);
      const upstream = new ServiceConnection(`${client.id}.upstream`, transport, { kind, host });
      upstream.relay = this;
      upstream.facade.session = client.facade.session;
      if (!this.#proxy.framed.out || this.#passthrough) upstream.inbound.setCodec(UNFRAMED);
      this.#relay.connect(upstream);
      upstream.run();
      client.resume();
    } catch (error) {
      if (!signal.aborted && client.phase === "open") this.#unreachable(error as Error);
    } finally {
      this.#dialing = undefined;
    }
  }

  /** There is no upstream: the client hears it when it would hear anything of one. */
  #unreachable(error: Error): void {
    const { client } = this;
    const { host, protocol } = this.#proxy;
    countError(host.stats, "upstream_unavailable");
    host.report(client, error, "upstream_unavailable");
    const message = protocol.unavailable?.(error);
    if (message === undefined || protocol.greets === true) return client.close(message);
    this.#relay.own.answerAll(message);
    if (!this.#proxy.framed.in) client.inbound.setCodec(protocol);
    const { handlerTimeoutMs } = host.limits;
    if (handlerTimeoutMs > 0) this.#patience = setTimeout(() => client.close(), handlerTimeoutMs);
    client.resume();
  }
}

function isLost(error: Error | undefined): boolean {
  return error !== undefined && LOST.includes(errorCode(error));
}
