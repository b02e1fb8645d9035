/**
 * Loading a configuration without keeping this isolate from its work: a large one takes a second.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";
import type { Config } from "./config.ts";
import { ConfigError, type Problem } from "./problem.ts";

/** What the worker answers. */
export type LoadAnswer = { config: Config } | { problems: Problem[] } | { error: ErrorRecord };

/**
 * Loads a configuration as `loadConfig` does, in a worker.
 *
 * @throws {ConfigError} With what is wrong; also if the file cannot be read.
 */
export async function loadConfigAside(path: string): Promise<Config> {
  const worker = new Worker(new URL("./load_worker.ts", import.meta.url), { type: "module", name: "config" });
  try {
    worker.postMessage(path);
    const answer = await answerOf(worker);
    if ("config" in answer) return answer.config;
    if ("problems" in answer) throw new ConfigError(answer.problems);
    const { name, message, stack } = answer.error;
    throw Object.assign(new Error(message), { name, stack });
  } finally {
    worker.terminate();
  }
}

function answerOf(worker: Worker): Promise<LoadAnswer> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<LoadAnswer>) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Cannot load the configuration: ${event.message}`));
    };
  });
}
