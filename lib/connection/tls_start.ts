/**
 * TLS that is started in the middle of a connection: what was said before leaves in plain text, nothing may have come
 * behind the request, and what is sent from then on waits until the handshake is over.
 *
 * @module
 */

import type { Transport } from "../transport/transport.ts";
import type { ServiceConnection } from "./service_connection.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import { transportFailed } from "./error_policy.ts";
import { Hold } from "../framing/frame_loop.ts";

/** Why TLS cannot be started on a connection now; undefined if it can. */
export function tlsObstacle(of: ServiceConnection): ConnectionError | undefined {
  if (!of.canStartTls) {
    const why = of.host.secure === undefined ? "no certificate is configured" : `its transport is ${of.kind}`;
    return new ConnectionError("upgrade_failed", `Cannot start TLS: ${why}`);
  }
  const waiting = of.inbound.buffer.length;
  if (waiting === 0) return undefined;
  const found = `${waiting} bytes of plaintext came behind the request for it`;
  return new ConnectionError("plaintext_after_starttls", `Cannot start TLS: ${found}`);
}

/** One such start. */
export class TlsStart {
  readonly #of: ServiceConnection;
  #handshaking = false;

  /** @param transport What TLS is to stand over. */
  constructor(of: ServiceConnection, transport: Transport) {
    this.#of = of;
    of.inbound.frameLoop.hold(Hold.upgrading);
    of.inbound.reader.yield();
    of.outbound.queue.barrier(() => this.#handshake(transport));
  }

  /** Whether the handshake is under way, in which nothing can be said. */
  get isHandshaking(): boolean {
    return this.#handshaking;
  }

  async #handshake(transport: Transport): Promise<void> {
    const of = this.#of;
    const { inbound, outbound } = of;
    this.#handshaking = true;
    let secured;
    try {
      // What has come since the request for TLS, or will by a read that is pending, is the handshake or fails it.
      secured = await of.host.secure!(transport, inbound.reader.takeOver());
    } catch (error) {
      return transportFailed(of, error, "tls_handshake");
    }
    if (of.phase === "closed") return secured.close();
    of.switchTransport(secured);
    outbound.queue.replace(secured);
    inbound.frameLoop.release(Hold.upgrading);
    inbound.reader.replace(secured);
  }
}
