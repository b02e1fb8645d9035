/**
 * One instance of a service with `isolation: connection`: carries out the supervisor's orders by an acceptor and a pool.
 * It runs none of the service's code; what it must know of that, the first process reports.
 *
 * @module
 */

import { defined } from "../base/defined.ts";
import type { TransportName } from "../contract/connection.ts";
import { type ErrorRecord, toErrorRecord } from "../base/error_record.ts";
import { spawnProcess } from "../isolation/process_runner.ts";
import { ActionOutbox } from "../hooks/action_outbox.ts";
import { serviceLog } from "../log/log.ts";
import { type LogRelay, relayLogs } from "../log/log_relay.ts";
import { MAX_LISTED_CONNECTIONS } from "../spec/message_limits.ts";
import type { FromWorker, ToWorker } from "../spec/worker_messages.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { TrustedProxies } from "../transport/proxied_transport.ts";
import { Acceptor } from "../service/acceptor.ts";
import { SharedLimits } from "../service/shared_limits.ts";
import { settleWithin } from "../base/settle.ts";
import { countError, createStats, mergeStats, type ServiceStats } from "../contract/stats.ts";
import { DEFAULT_TIMING } from "../supervisor/timing.ts";
import { loadServerTls } from "../transport/server_tls.ts";
import type { Secure, Transport } from "../transport/transport.ts";
import { PoolBus } from "./pool_bus.ts";
import { Pool } from "./pool.ts";
import type { Loaded } from "./pool_process.ts";
import { Processes } from "./processes.ts";

/** How long a process may take to answer; a blocked one must not keep the instance from answering in time. */
const ANSWER_MS = 300;
/** How long a refresh of the counters may take. */
const REFRESH_MS = 100;

/** What exists once an instance has loaded. */
interface Running {
  acceptor: Acceptor;
  pool: Pool;
  processes: Processes;
  loaded: Loaded;
  secure: Secure | undefined;
}

/** An instance with a pool. */
export class PoolInstance {
  readonly #post: (message: FromWorker) => void;
  readonly #bus: PoolBus;
  readonly #actions: ActionOutbox;
  readonly #stats: ServiceStats = createStats();
  #relay: LogRelay | undefined;
  #processes: Processes | undefined;
  #running: Running | undefined;
  #counted: SharedLimits | undefined;
  /** Orders that change what listens are carried out one after the other. */
  #orders: Promise<void> = Promise.resolve();

  constructor(post: (message: FromWorker) => void) {
    this.#post = post;
    this.#actions = new ActionOutbox((id, request) => post({ type: "act", id, request }));
    this.#bus = new PoolBus(post, () => countError(this.#stats, "publish_dropped"));
  }

  /** Carries out an order of the supervisor. */
  handle(message: ToWorker): void {
    switch (message.type) {
      case "load":
        return this.#inTurn(() => this.#load(message.spec), "load_failed");
      case "listen":
        return this.#inTurn(() => this.#listen(message), "listen_failed");
      case "unlisten":
        return this.#inTurn(async () => {
          await this.#running?.acceptor.close();
          this.#post({ type: "unlistened" });
        });
      case "drain":
        return this.#inTurn(async () => {
          await this.#running?.acceptor.close();
          const result = await this.#running?.pool.drain(message.timeoutMs) ?? { finished: 0, cut: 0 };
          this.#post({ type: "drained", ...result });
        });
      case "stop":
        // Not in turn: it cuts a drain short.
        return void this.#stop();
      case "ping":
        return void this.#pong(message.id);
      case "connections":
        return void this.#connections(message.id);
      case "room":
      case "claimed":
        return this.#counted?.answer(message);
      case "acted":
        return this.#actions.over(message.id);
      case "published":
        return this.#bus.publish(null, message.topic, message.json);
      case "serve":
      case "reset":
        return;
      default:
        message satisfies never;
    }
  }

  /** Ends its processes. Settles once none runs. */
  async end(): Promise<void> {
    await this.#processes?.kill();
  }

  get #sum(): ServiceStats {
    return mergeStats(this.#processes ? [this.#stats, this.#processes.stats] : [this.#stats]);
  }

  async #load(spec: WorkerSpec): Promise<void> {
    this.#relay = relayLogs(spec, (records) => this.#post({ type: "log", records }));
    const log = serviceLog(spec.service);
    const { limits, acceptProxyProtocol, tls } = spec;
    const stats = this.#stats;
    const processes = this.#processes = new Processes({
      spec,
      environment: {
        spawn: (events, spec_) =>
          spawnProcess(events, spec_, { config: spec.pool?.config, cache: spec.pool?.cache }),
        timing: { ...DEFAULT_TIMING, answerTimeoutMs: ANSWER_MS },
        bus: this.#bus,
        runAction: (request) => this.#actions.run(request),
        restart: (_, why) => why === "signal" && this.#post({ type: "restart_wanted" }),
      },
      ready: () => this.#running?.pool.match(),
    });
    const loaded = await processes.load();
    const counted = this.#counted = new SharedLimits(limits, this.#post);
    const acceptor = new Acceptor({
      limits,
      counted,
      stats,
      log,
      ...(acceptProxyProtocol ? { trustedProxies: new TrustedProxies(acceptProxyProtocol) } : {}),
    });
    const pool = new Pool({
      ...{ spec, stats, log, processes },
      release(peer) {
        acceptor.admission.closed();
        acceptor.admission.released(peer);
      },
    });
    pool.refusals = loaded.refusals ?? [];
    const secure = tls && await loadServerTls(tls, {
      handshakeTimeoutMs: limits.tlsHandshakeTimeoutMs,
      log,
      ...(spec.backup ? { backup: spec.backup } : {}),
    });
    this.#running = { acceptor, pool, processes, loaded, secure };
    const { endpoints, protocols, files, hooks } = loaded;
    this.#post(defined({ type: "loaded", endpoints, protocols, files, hooks }));
  }

  async #listen(message: Extract<ToWorker, { type: "listen" }>): Promise<void> {
    const { acceptor, pool, loaded, secure } = this.#running!;
    const { reusePort, exclusive } = message;
    const openings = loaded.endpoints.map((endpoint, binding) => ({
      endpoint: message.endpoints[binding] ?? endpoint,
      serve: (transport: Transport, kind: TransportName) => pool.take({ transport, kind, binding }),
      // Its process may be patient with it.
      keepAlive: true,
    }));
    const endpoints = await acceptor.open(openings, { secure, reusePort, exclusive });
    this.#post({ type: "ready", endpoints });
  }

  async #stop(): Promise<void> {
    await this.#running?.acceptor.close();
    this.#running?.acceptor.admission.close();
    await (this.#running?.pool.stop() ?? this.#processes?.stop());
    this.#relay?.close();
    this.#post({ type: "stopped", stats: this.#sum });
  }

  /** Replies with fresh counters, as far as its processes answer in time. */
  async #pong(id: number): Promise<void> {
    // As of now: after the refresh the connections may have been cut.
    const { open, closed } = this.#sum;
    if (this.#processes !== undefined) await settleWithin(this.#processes.refresh(), REFRESH_MS);
    const pool = this.#running?.pool.status;
    this.#post({
      type: "pong",
      id,
      stats: { ...this.#sum, open, closed },
      ...(pool === undefined ? {} : { pool }),
    });
  }

  async #connections(id: number): Promise<void> {
    const connections = await this.#running?.pool.connections() ?? [];
    this.#post({ type: "connections", id, connections: connections.slice(0, MAX_LISTED_CONNECTIONS) });
  }

  /** An order that fails and has no answer for that is a crash. */
  #inTurn(act: () => Promise<void>, failed: "load_failed" | "listen_failed" | "crashed" = "crashed"): void {
    this.#orders = this.#orders.then(act).catch((error) => {
      this.#relay?.flush();
      const record = (error as { record?: ErrorRecord }).record ?? toErrorRecord(error);
      this.#post({ type: failed, error: record });
    });
  }
}
