/**
 * Ending what a signal stands for that user code has in its hands.
 *
 * @module
 */

/** Aborts, though somebody may have broken the signal so that it can be aborted no more. */
export function abortSignal(controller: AbortController | undefined, reason?: unknown): void {
  try {
    controller?.abort(reason);
  } catch { /* Then nobody hears of it. */ }
}
