/**
 * The schema of limits: `lib/limits.ts` says what they are, here stands what editors say about them.
 *
 * @module
 */

import * as z from "zod";
import { LIMIT_FIELDS, type LimitsInput, parseLimit } from "../contract/limits.ts";

type LimitName = keyof LimitsInput;

const DESCRIPTIONS: Readonly<Record<LimitName, string>> = {
  maxFrameBytes:
    "The longest frame, and the most that is buffered while its end is not known; 1MiB by default",
  maxSendBytes: "Sending is refused while this much is queued on a connection; 1MiB by default",
  maxConnections: "Accepting pauses at this many open connections; 16384 by default",
  maxConnectionsPerAddress:
    "Past this many from one address a connection is closed at once; 0, the default, sets no limit",
  idleTimeout: "Nothing read or written for so long; 10m by default, 0 turns it off",
  frameTimeout: "A frame begun and not completed within; 30s by default, 0 turns it off",
  firstFrameTimeout: "No complete frame since the connection was made; 0, the default, turns it off",
  handlerTimeout: "A callback's promise not settled within; 60s by default, 0 turns it off",
  sendTimeout: "The peer takes nothing of what is queued for so long; 30s by default, 0 turns it off",
  lingerTimeout: "How long a closed connection waits for the peer to end its half; 2s by default",
  tlsHandshakeTimeout: "A TLS handshake not completed within; 10s by default, 0 turns it off",
  drainTimeout: "How long open connections may go on when the service stops or is replaced; 30s by default",
  heartbeat:
    "An instance whose code does not come to rest for so long is taken for dead; 5s by default, 0 turns it off",
  memory:
    "An instance whose process takes more memory is ended and replaced, from four fifths on with a drain; 0, the default, sets no limit",
};

/** A schema for each limit, by the name users write. */
export function limitSchemas(): Record<LimitName, z.ZodType> {
  const names = Object.keys(LIMIT_FIELDS) as LimitName[];
  return Object.fromEntries(names.map((name) => [name, limitSchema(name)])) as Record<LimitName, z.ZodType>;
}

function limitSchema(name: LimitName): z.ZodType {
  const isCount = LIMIT_FIELDS[name].kind === "count";
  return z.union([z.number(), z.string()], { error: () => wantedOf(parseLimit(name, undefined)) })
    .transform((value, context) => {
      // A variable of the environment brings its digits as a string.
      const quantity = isCount && typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
      const limit = parseLimit(name, quantity);
      if (typeof limit !== "number") context.addIssue({ code: "custom", message: limit.wanted });
      return quantity;
    }).optional().meta({ description: DESCRIPTIONS[name], kind: LIMIT_FIELDS[name].kind });
}

function wantedOf(answer: number | { wanted: string }): string {
  return typeof answer === "number" ? "another value" : answer.wanted;
}
