/**
 * The worker that loads a configuration for `loadConfigAside`: is told a path, answers once.
 *
 * @module
 */

import { toErrorRecord } from "../base/error_record.ts";
import type { LoadAnswer } from "./load_aside.ts";
import { loadConfig } from "./load_config.ts";
import { ConfigError } from "./problem.ts";

/** The part of a worker's global scope that is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<string>) => void) | null;
  postMessage(message: LoadAnswer): void;
}

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = async ({ data: path }) => scope.postMessage(await answer(path));

async function answer(path: string): Promise<LoadAnswer> {
  try {
    return { config: await loadConfig(path) };
  } catch (error) {
    return error instanceof ConfigError ? { problems: error.problems } : { error: toErrorRecord(error) };
  }
}
