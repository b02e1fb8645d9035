/**
 * Signals of the operating system.
 *
 * @module
 */

/** Listens to a signal until the other signal is aborted. One that this system does not have is done without. */
export function onSignal(name: Deno.Signal, listener: () => void, until: AbortSignal): void {
  try {
    Deno.addSignalListener(name, listener);
  } catch (error) {
    // Windows has no TERM and no HUP.
    if (!(error instanceof TypeError)) throw error;
    return;
  }
  until.addEventListener("abort", () => Deno.removeSignalListener(name, listener), { once: true });
}
