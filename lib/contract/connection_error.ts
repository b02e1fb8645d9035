/**
 * Everything that can go wrong on one connection, by code.
 *
 * @module
 */

/** What each code means; `docs/errors.md` lists the same. */
export const CONNECTION_ERRORS = {
  bad_frame: "the bytes make no frame: `input` threw or answered with no length",
  frame_too_large: "a frame is longer than `maxFrameBytes`, or no end was found within",
  bad_message: "`decode` or `end` threw",
  partial_frame: "the stream ended within a frame",
  handler_error: "a callback threw or rejected",
  handler_timeout: "a callback's promise did not settle within `handlerTimeout`",
  idle_timeout: "no byte moved for `idleTimeout`",
  frame_timeout: "a frame was not completed within `frameTimeout`",
  first_frame_timeout: "no frame came within `firstFrameTimeout`",
  send_timeout: "the peer took nothing of what was queued for `sendTimeout`",
  send_refused: "`send` was called with `maxSendBytes` queued already",
  drain_timeout: "the service stopped and the connection outlived `drainTimeout`",
  too_many_connections: "one address has more than `maxConnectionsPerAddress`",
  datagram_dropped: "datagrams came faster than they were handled",
  plaintext_after_starttls: "bytes followed a request for TLS before TLS began",
  upgrade_failed: "the connection could not be given what an upgrade asked for",
  tls_handshake: "the TLS handshake failed",
  tls_truncated: "the peer ended the connection without TLS's close_notify",
  tls_handshake_timeout: "the TLS handshake did not complete within `tlsHandshakeTimeout`",
  ambiguous_request: "the server behind may read the request as another than hooks see",
  connection_reset: "the peer, or something between, reset the connection",
  connection_closed: "the connection was closed before what was awaited came",
  end_of_stream: "`pingPong` awaited a message and the stream ended",
} as const;
Object.freeze(CONNECTION_ERRORS);

/** A key of {@linkcode CONNECTION_ERRORS}. */
export type ConnectionErrorCode = keyof typeof CONNECTION_ERRORS;

/** What ended a connection, or a send on it. */
export class ConnectionError extends Error {
  /** The name of the class. */
  override readonly name = "ConnectionError";
  /** What happened. */
  readonly code: ConnectionErrorCode;

  /** Makes the error of a connection. */
  constructor(code: ConnectionErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
