/**
 * What a configuration says of the processes of `isolation: connection`, resolved. Pure.
 *
 * @module
 */

import { DEFAULT_POOL, type PoolLimits } from "../spec/pool_spec.ts";
import { parseDuration } from "../base/units.ts";
import type { PoolInput } from "./config_input.ts";

/** Resolves pools, later ones over earlier ones over the default. */
export function resolvePool(...inputs: (PoolInput | undefined)[]): PoolLimits {
  const { size, spare, wait }: PoolInput = Object.assign({}, ...inputs);
  return {
    size: size ?? DEFAULT_POOL.size,
    spare: spare ?? DEFAULT_POOL.spare,
    waitMs: parseDuration(wait) ?? DEFAULT_POOL.waitMs,
  };
}
