/**
 * The webhooks and programs of all rules of a server, run here: the services' own code is permitted neither. An instance
 * asks for one by its place in the configuration; what it is stands in the configuration of its generation alone.
 *
 * @module
 */

import type { ServiceConfig } from "../config/config.ts";
import { countError, createStats, type ServiceStats } from "../contract/stats.ts";
import type { QueueOptions } from "../hooks/action_queue.ts";
import { actionOf, type ActionRequest } from "../hooks/action_request.ts";
import { ActionRunner } from "../hooks/action_runner.ts";
import { logHookError } from "../hooks/hook_reports.ts";
import { serviceLog } from "../log/log.ts";

/** Runs the webhooks and programs of services. */
export class RuleActions {
  readonly #runner: ActionRunner;
  /** What failed, by service. */
  readonly #stats: Map<string, ServiceStats> = new Map();

  constructor(queue?: QueueOptions) {
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
    if (action !== undefined) await this.#runner.run(name, action, request);
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
