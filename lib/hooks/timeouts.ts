/**
 * What to do when a hook takes too long or fails.
 *
 * @module
 */

/** The verdict on a message whose hook does not settle in time. */
export type OnHookTimeout = "pass" | "drop" | "close";

/** The verdict on a message whose hook throws. */
export type OnHookError = "pass" | "close";

/** How long a hook's promise may take, unless the configuration says otherwise. */
export const DEFAULT_HOOK_TIMEOUT_MS = 5_000;
