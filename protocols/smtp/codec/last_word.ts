/**
 * The last reply to a client whose connection an error ends.
 *
 * @module
 */

import { type Reply, reply } from "./reply.ts";
import type { SmtpSession } from "./session.ts";

const WRONG = reply("421 4.3.0 Something went wrong here, try again later");

/** What the client hears of the error that ends its connection; undefined where nothing can be said. */
export function lastWord(error: Error): Reply | undefined {
  switch (codeOf(error)) {
    case "bare_lf":
    case "bare_cr":
      return reply("521 5.5.2 Lines end with CR LF; a bare CR or LF is refused");
    case "frame_too_large":
      return reply("500 5.5.2 Line too long");
    case "out_of_turn":
      return reply("503 5.5.1 Wait for the reply");
    case "bad_syntax":
      return reply("501 5.5.4 Syntax error");
    case "idle_timeout":
    case "frame_timeout":
    case "first_frame_timeout":
      return reply("421 4.4.2 Timeout");
    case "drain_timeout":
      return reply("421 4.3.2 The service is going down");
    case "plaintext_after_starttls":
    case "upgrade_failed":
    case "connection_reset":
    case "send_timeout":
    case "tls_handshake":
    case "tls_handshake_timeout":
    case "partial_frame":
    case "send_refused":
      return undefined;
    default:
      return WRONG;
  }
}

/**
 * The same from a proxy, which does not know what the server behind would still have said. A client that waits for
 * earlier replies would take a refusal for one of those, so it hears a 421, which is true of each of them.
 */
export function proxiedLastWord(error: Error, session: SmtpSession): Reply | undefined {
  const word = lastWord(error);
  return word !== undefined && session.owesEarlier ? WRONG : word;
}

/** An error's code; its cause's, if that is one of this protocol. Told by name, since copies of the class may meet. */
function codeOf(error: Error): unknown {
  const { name, code } = (error.cause ?? {}) as { name?: unknown; code?: unknown };
  return name === "SmtpError" ? code : (error as { code?: unknown }).code;
}
