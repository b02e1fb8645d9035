/**
 * The worker's end of the messages: one instance of a service, at the supervisor's orders. It does not know what carries
 * the messages.
 *
 * @module
 */

import type { ImportedFiles } from "./imported_files.ts";
import { LocalBus } from "./service_bus.ts";
import { createContext, type OwnedContext } from "./service_context.ts";
import { formatEndpoint } from "../contract/endpoint.ts";
import { type ErrorRecord, toErrorRecord } from "../base/error_record.ts";
import type { Limits } from "../contract/limits.ts";
import { loadBindings } from "./load_bindings.ts";
import { ServiceError } from "./load_service.ts";
import { ActionOutbox } from "../hooks/action_outbox.ts";
import { describeHookSets } from "../hooks/describe_hooks.ts";
import { type LogRelay, relayLogs } from "../log/log_relay.ts";
import { MAX_LISTED_CONNECTIONS } from "../spec/message_limits.ts";
import type { FromWorker, Refusal, ToWorker } from "../spec/worker_messages.ts";
import { connectionPrefix, type WorkerSpec } from "../spec/worker_spec.ts";
import { HandoffSocket } from "../transport/handoff_socket.ts";
import { refusalOf } from "./refusal.ts";
import type { HandedPeer } from "../spec/pool_spec.ts";
import { TrustedProxies } from "../transport/proxied_transport.ts";
import { SharedLimits } from "./shared_limits.ts";
import { type Binding, createService, type Service } from "./service.ts";
import { createStats } from "../contract/stats.ts";
import { isSharable } from "../contract/endpoint.ts";

/** One instance of a service. */
export class Instance {
  readonly #post: (message: FromWorker) => void;
  readonly #bus: LocalBus;
  readonly #actions: ActionOutbox;
  readonly #files: ImportedFiles | undefined;
  #relay: LogRelay | undefined;
  #owned: OwnedContext | undefined;
  #service: Service | undefined;
  #handoff: HandoffSocket | undefined;
  #counted: SharedLimits | undefined;
  /** Orders that change what listens are carried out one after the other. */
  #orders: Promise<void> = Promise.resolve();

  /** @param files Those that the service's code is imported from, where they are noted. */
  constructor(post: (message: FromWorker) => void, files?: ImportedFiles) {
    this.#post = post;
    this.#files = files;
    this.#actions = new ActionOutbox((id, request) => post({ type: "act", id, request }));
    this.#bus = new LocalBus(
      post,
      (error, topic) =>
        this.#owned?.context.log.error("A subscriber of {topic} failed: {error}", { topic, error }),
    );
  }

  /** Carries out an order of the supervisor. */
  handle(message: ToWorker): void {
    switch (message.type) {
      case "load":
        return this.#inTurn(() => this.#load(message.spec), "load_failed");
      case "listen":
        return this.#inTurn(async () => {
          const endpoints = await this.#service?.listen(message) ?? [];
          this.#post({ type: "ready", endpoints });
        }, "listen_failed");
      case "unlisten":
        return this.#inTurn(async () => {
          await this.#service?.unlisten();
          this.#post({ type: "unlistened" });
        });
      case "drain":
        return this.#inTurn(async () => {
          this.#owned?.drain();
          const result = await this.#service?.drain(message.timeoutMs) ?? { finished: 0, cut: 0 };
          this.#post({ type: "drained", ...result });
        });
      case "stop":
        // Not in turn: it cuts a drain short.
        return void this.#stop();
      case "serve":
        return this.#inTurn(() => this.#serve(message.peer));
      case "reset":
        return this.#handoff?.reset();
      case "ping":
        return this.#post({ type: "pong", id: message.id, stats: this.#service?.stats ?? createStats() });
      case "connections":
        return this.#post({
          type: "connections",
          id: message.id,
          connections: (this.#service?.connections() ?? []).slice(0, MAX_LISTED_CONNECTIONS),
        });
      case "room":
      case "claimed":
        return this.#counted?.answer(message);
      case "acted":
        return this.#actions.over(message.id);
      case "published":
        return this.#bus.deliver(message.topic, message.json);
      default:
        message satisfies never;
        this.#owned?.context.log.warn("Unknown message from the supervisor: {message}", { message });
    }
  }

  /** Gets no more connections and posts what there is to log: the isolate is about to be ended. */
  async abandon(): Promise<void> {
    this.#relay?.close();
    // By this the other instances get the connections sooner than by the end of the isolate.
    await this.#service?.unlisten();
  }

  /** The files that its code was imported from, as a part of a message. */
  get #imported(): { files?: string[] } {
    const files = this.#files?.urls;
    return files === undefined ? {} : { files };
  }

  async #load(spec: WorkerSpec): Promise<void> {
    if (spec.console === "stderr") (await import("../log/console_to_stderr.ts")).consoleToStderr();
    this.#relay = relayLogs(spec, (records) => this.#post({ type: "log", records }));
    const { service: name, instance, options, limits, tls, acceptProxyProtocol: proxies, base } = spec;
    const stats = createStats();
    if (spec.topics !== undefined) this.#bus.access = spec.topics;
    this.#owned = createContext(name, this.#bus, { instance, options, base, stats });
    const { context, connections } = this.#owned;
    const all = await loadBindings(spec, context, {
      stats,
      runAction: (request) => this.#actions.run(request),
    });
    const bindings = instance === 0 ? all : all.filter(({ endpoint }) => isSharable(endpoint));
    if (spec.isolation === "connection") refuseDatagrams(bindings);
    // What is handed over has been counted by who does that.
    if (spec.handoffSocket === undefined) this.#counted = new SharedLimits(limits, this.#post);
    if (bindings.length > 0) {
      this.#service = createService({
        bindings,
        context,
        connections,
        limits,
        givenLimits: spec.givenLimits,
        stats,
        ...(this.#counted === undefined ? {} : { counted: this.#counted }),
        ...(tls ? { tls } : {}),
        ...(spec.backup ? { backup: spec.backup } : {}),
        ...(proxies ? { trustedProxies: new TrustedProxies(proxies) } : {}),
        idPrefix: connectionPrefix(spec),
      });
      if (spec.loadOnly) await this.#service.prepare();
      else await this.#service.start();
    }
    if (spec.handoffSocket !== undefined) this.#handoff = new HandoffSocket(spec.handoffSocket);
    const hooks = describeHookSets(
      new Map(all.flatMap(({ protocol, hooks }) => hooks === undefined ? [] : [[protocol.name, hooks]])),
    );
    this.#post({
      type: "loaded",
      endpoints: bindings.map(({ endpoint }) => endpoint),
      protocols: [...new Set(all.map(({ protocol }) => protocol.name))],
      ...this.#imported,
      ...(hooks.length === 0 ? {} : { hooks }),
      ...(spec.handoffSocket === undefined ? {} : { refusals: await refusalsOf(bindings, limits) }),
    });
    this.#files?.listen((files) => this.#post({ type: "imported", files }));
  }

  /** Serves the one connection that comes by the hand-off socket. Settles as soon as that is there. */
  async #serve(peer: HandedPeer): Promise<void> {
    const { kind, binding, number } = peer;
    const transport = await this.#handoff!.take(peer);
    this.#service!.hand({ transport, kind, binding, number }).then(() => this.#post({ type: "closed" }));
  }

  async #stop(): Promise<void> {
    this.#handoff?.close();
    this.#owned?.end();
    try {
      await this.#service?.stop();
    } catch (error) {
      this.#owned?.context.log.error("Stopping failed: {error}", { error });
    }
    this.#relay?.close();
    this.#post({ type: "stopped", stats: this.#service?.stats ?? createStats() });
  }

  /** Without an answer for its failure, a failed order is a crash. */
  #inTurn(act: () => Promise<void>, failed: "load_failed" | "listen_failed" | "crashed" = "crashed"): void {
    this.#orders = this.#orders.then(act).catch((error) => {
      this.#relay?.flush();
      const record = rootRecord(error);
      this.#post(
        failed === "load_failed"
          ? { type: failed, error: record, ...this.#imported }
          : { type: failed, error: record },
      );
    });
  }
}

function refuseDatagrams(bindings: Binding[]): void {
  const found = bindings.find(({ endpoint }) => endpoint.transport === "udp");
  if (found === undefined) return;
  const address = formatEndpoint(found.endpoint);
  throw new ServiceError(
    `Cannot serve ${address} by isolation: connection: over UDP there are no connections`,
  );
}

/** What clients hear for which no process has time, by binding. */
async function refusalsOf(bindings: Binding[], limits: Limits): Promise<Refusal[]> {
  return await Promise.all(bindings.map(async ({ protocol }): Promise<Refusal> => ({
    bytes: (await refusalOf(protocol, limits)).toBase64(),
    ...(protocol.greets === true ? { greets: true } : {}),
  })));
}

/** An error with the stack of what caused it, which is where a user's own code stands. */
function rootRecord(error: unknown): ErrorRecord {
  const record = toErrorRecord(error);
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && cause.stack !== undefined ? { ...record, stack: cause.stack } : record;
}
