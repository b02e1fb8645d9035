/**
 * A supervisor under test: a configuration in a few words, and its log as something to wait for.
 *
 * @module
 */

import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import type { Client } from "../../lib/embed/client.ts";
import { connect } from "../../lib/embed/connect.ts";
import type { Config, ServiceConfig } from "../../lib/config/mod.ts";
import { resolveLimits } from "../../lib/contract/limits.ts";
import type { ServiceStatus } from "../../lib/supervisor/server_status.ts";
import { Supervisor, type SupervisorOptions } from "../../lib/supervisor/supervisor.ts";

/** The URL of a fixture's module. */
export function fixture(name: string): string {
  return new URL(`../fixtures/services/${name}.ts`, import.meta.url).href;
}

/** A service in a few words: `handler` is a fixture's name or a URL. */
export type ServiceWords = Partial<Omit<ServiceConfig, "name">>;

/** A configuration without a file. Services listen at a free port unless they say otherwise. */
export function configOf(services: Record<string, ServiceWords>, more: Partial<Config> = {}): Config {
  return {
    base: new URL("../fixtures/", import.meta.url).href,
    control: false,
    log: { level: "info", format: "json" },
    protocols: {},
    services: Object.fromEntries(
      Object.entries(services).map(([name, words]) => [name, {
        name,
        listen: ["text://127.0.0.1:0"],
        hooks: [],
        hookTimeoutMs: 5000,
        onHookTimeout: "close" as const,
        onHookError: "close" as const,
        options: {},
        instances: 1,
        pool: { size: 8, spare: 1, waitMs: 20_000 },
        limits: resolveLimits({ drainTimeout: 2000, lingerTimeout: 100 }),
        ...words,
        ...(words.handler === undefined
          ? {}
          : { handler: words.handler.includes(":") ? words.handler : fixture(words.handler) }),
      }]),
    ),
    ...more,
  };
}

/** Times that do not make tests wait. */
export const QUICK: NonNullable<SupervisorOptions["timing"]> = {
  backoffFirstMs: 10,
  backoffMaxMs: 100,
  stopTimeoutMs: 500,
  immediateStopTimeoutMs: 200,
};

/** Everything that is logged, as events. Replaces the log of the isolate until it is disposed. */
export class LogWatch implements Disposable {
  readonly records: LogRecord[] = [];
  #waiters: { pattern: RegExp; resolve: (line: string) => void }[] = [];

  constructor() {
    configureSync({
      reset: true,
      sinks: { watch: (record) => this.#take(record) },
      loggers: [
        { category: [], sinks: ["watch"], lowestLevel: "info" },
        { category: ["logtape", "meta"], lowestLevel: "fatal" },
      ],
    });
  }

  get lines(): string[] {
    return this.records.map(lineOf);
  }

  /** Waits for the next line like this; a minute at most. */
  next(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`No line like ${pattern} within 60 s, of:\n${this.lines.join("\n")}`)),
        60_000,
      );
      this.#waiters.push({
        pattern,
        resolve(line) {
          clearTimeout(timer);
          resolve(line);
        },
      });
    });
  }

  #take(record: LogRecord): void {
    this.records.push(record);
    const line = lineOf(record);
    this.#waiters = this.#waiters.filter(({ pattern, resolve }) => {
      if (!pattern.test(line)) return true;
      resolve(line);
      return false;
    });
  }

  [Symbol.dispose](): void {
    resetSync();
  }
}

/** A started supervisor that is stopped at the end of the block. */
export async function supervise(
  services: Record<string, ServiceWords>,
  options: SupervisorOptions = {},
): Promise<Supervised> {
  const supervisor = new Supervisor(configOf(services), {
    ...options,
    timing: { ...QUICK, ...options.timing },
  });
  await supervisor.start();
  return new Supervised(supervisor);
}

export class Supervised implements AsyncDisposable {
  readonly supervisor: Supervisor;

  constructor(supervisor: Supervisor) {
    this.supervisor = supervisor;
  }

  status(service: string): ServiceStatus {
    const found = this.supervisor.status().services.find(({ name }) => name === service);
    if (!found) throw new Error(`There is no service ${service}`);
    return found;
  }

  address(service: string): string {
    return this.status(service).addresses[0];
  }

  /** A client of a service, in conversation. */
  async connect(service: string): Promise<Client<string>> {
    return await connect<string>(this.address(service));
  }

  /** One message to a service over a connection of its own, and the answer. */
  async ask(service: string, message: string): Promise<string> {
    await using client = await this.connect(service);
    return await client.pingPong(message);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.supervisor.stop({ immediate: true });
  }
}

function lineOf(record: LogRecord): string {
  return record.message.map(String).join("");
}
