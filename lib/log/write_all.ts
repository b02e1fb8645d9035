/**
 * Writing a line of the log.
 *
 * @module
 */

/** Writes all bytes. A failed write (a full disk, a closed pipe) must not end the server. */
export function writeAll(to: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) written += to.writeSync(bytes.subarray(written));
  } catch { /* there is nowhere to report it */ }
}
