/**
 * Peers that connect and leave without a byte, as the probes of load balancers do.
 *
 * @module
 */

/** The cause of an error that says no more than that the peer has sent nothing; `code` is `peer_left`. */
export class PeerLeftError extends Error {
  override readonly name = "PeerLeftError";
  readonly code = "peer_left";

  /** Makes the error. */
  constructor(options?: ErrorOptions) {
    super("The peer left without sending a byte", options);
  }
}

/** Whether an error comes of such a peer. */
export function isPeerLeft(error: unknown): boolean {
  return (error as { cause?: unknown } | undefined)?.cause instanceof PeerLeftError;
}
