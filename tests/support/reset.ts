/**
 * A client that leaves with a reset, which `Deno.Conn` never sends.
 *
 * @module
 */

import { connect } from "node:net";

/** Connects, writes, waits until told, and resets the connection. */
export function resetAfter(port: number, data: string, ready: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(data, () => {
        ready().then(() => {
          socket.resetAndDestroy();
          resolve();
        }, reject);
      });
    });
    socket.on("error", reject);
  });
}

/** Connects, and resets the connection as soon as it stands. */
export function resetAtOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.resetAndDestroy());
    socket.on("close", () => resolve());
    socket.on("error", reject);
  });
}
