/**
 * Signals of the operating system.
 *
 * @module
 */

/** Listens for a signal until `until` aborts. Does nothing for a signal that this system does not have. */
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
