/**
 * The webhooks, programs and publications of all rules of a server, run here: the services' own code need not be permitted
 * any of them. An instance asks for one by its place in the configuration; what it does is in the configuration of its
 * generation only.
 *
 * @module
 */

import type { ServiceConfig } from "../config/config.ts";
import { countError, createStats, type ServiceStats } from "../contract/stats.ts";
import { eventJson } from "../hooks/action_event.ts";
import type { QueueOptions } from "../hooks/action_queue.ts";
import { actionOf, type ActionRequest } from "../hooks/action_request.ts";
import { ActionRunner } from "../hooks/action_runner.ts";
import { logHookError } from "../hooks/hook_reports.ts";
import { serviceLog } from "../log/log.ts";

/** What rule actions work with. */
export interface RuleActionsOptions {
  /** Sends a message to every subscriber of a topic. */
  publish(topic: string, json: string): void;
  /** The limits of each webhook's and each program's queue. */
  queue?: QueueOptions;
}

/** Runs the actions of rules that instances do not run themselves. */
export class RuleActions {
  readonly #publish: RuleActionsOptions["publish"];
  readonly #runner: ActionRunner;
  /** What failed, by service. */
  readonly #stats: Map<string, ServiceStats> = new Map();

  constructor({ publish, queue }: RuleActionsOptions) {
    this.#publish = publish;
    this.#runner = new ActionRunner({
      queue,
      report: (error, { service, event }) => {
        const stats = this.#stats.get(service) ?? createStats();
        this.#stats.set(service, stats);
        countError(stats, error.code);
        logHookError(serviceLog(service), error, event.connection);
      },
    });
  }

  /** Runs one. Settles once it is over, however it went; at once if the rule at that place has none. Never rejects. */
  async run({ name, hooks }: ServiceConfig, request: ActionRequest): Promise<void> {
    const action = actionOf(hooks, request);
    if (action === undefined) return;
    if (action.do !== "publish") return await this.#runner.run(name, action, request);
    this.#publish(action.topic, eventJson({ service: name, ...request.event }, request.message));
  }

  /** What failed of a service's webhooks and programs, since the start of the server. */
  statsOf(service: string): ServiceStats {
    return this.#stats.get(service) ?? createStats();
  }

  /** Takes no more, gives what runs a moment to finish, and ends the rest. */
  async stop(): Promise<void> {
    await this.#runner.stop();
  }
}
