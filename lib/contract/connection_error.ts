/**
 * Everything that can go wrong on one connection, by code.
 *
 * @module
 */

import { freezeClass } from "../base/freeze_class.ts";

/** What each code means; `docs/errors.md` lists the same. */
export const CONNECTION_ERRORS = {
  bad_frame: "the bytes are not a frame: `input` threw, or returned no valid length",
  frame_too_large: "a frame is longer than `maxFrameBytes`, or has no end within it",
  bad_message: "`decode` or `end` threw",
  partial_frame: "the stream ended within a frame",
  handler_error: "a callback threw or rejected",
  handler_timeout: "a callback's promise did not settle within `handlerTimeout`",
  idle_timeout: "no bytes were sent or received for `idleTimeout`",
  frame_timeout: "a frame was started and not completed within `frameTimeout`",
  first_frame_timeout: "no complete frame arrived within `firstFrameTimeout`",
  send_timeout: "the peer accepted no bytes for `sendTimeout` while some were queued",
  send_refused: "`send` was called while `maxSendBytes` were queued",
  drain_timeout: "the connection was still open `drainTimeout` after its service began to stop",
  too_many_connections: "an address or a network has as many connections as it may have",
  amplification: "the answers to one datagram exceed `maxAmplification` times its bytes",
  datagram_dropped: "datagrams arrived faster than they were handled",
  plaintext_after_starttls: "bytes followed a request for TLS before TLS began",
  upgrade_failed: "an upgrade could not be carried out",
  tls_handshake: "the TLS handshake failed",
  tls_truncated: "the peer ended the connection without TLS's close_notify",
  tls_handshake_timeout: "the TLS handshake did not complete within `tlsHandshakeTimeout`",
  ambiguous_request: "the server behind might read the request differently than hooks do",
  connection_reset: "the connection was reset",
  connection_closed: "the connection was closed before what was awaited happened",
  end_of_stream: "the stream ended while `pingPong` waited for a message",
} as const;
Object.freeze(CONNECTION_ERRORS);

/** A key of {@linkcode CONNECTION_ERRORS}. */
export type ConnectionErrorCode = keyof typeof CONNECTION_ERRORS;

/** What went wrong on a connection: a {@linkcode ConnectionError}, or what code threw, which may have a code of its own. */
export interface CodedError extends Error {
  /** Of a `ConnectionError` one of these codes. */
  readonly code?: ConnectionErrorCode | (string & Record<never, never>);
}

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

freezeClass(ConnectionError);
