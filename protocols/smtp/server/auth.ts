/**
 * The exchange of `AUTH`: PLAIN (RFC 4616) and LOGIN, up to a name and a password.
 *
 * @module
 */

import { type Reply, reply } from "@protohost/protohost/protocols/smtp/codec";

/** The mechanisms, in the order in which they are offered. */
export const MECHANISMS = ["PLAIN", "LOGIN"] as const;

/** A user name and the password in proof. */
export interface Claim {
  mechanism: string;
  user: string;
  password: string;
}

const CANCELLED = reply("501 5.7.0 Authentication cancelled");
const UNREADABLE = reply("501 5.5.2 Wanted BASE64");
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** One exchange. Each step results in a 334 that asks for more, a claim, or a refusal. */
export class AuthExchange {
  readonly #mechanism: string;
  #user: string | undefined;

  private constructor(mechanism: string) {
    this.#mechanism = mechanism;
  }

  /** Begins it with the arguments of `AUTH`; undefined for an unknown mechanism. */
  static begin(args: string): { exchange: AuthExchange; step: Claim | Reply } | undefined {
    const [name, initial] = args.split(/ +/);
    const mechanism = name.toUpperCase();
    if (!MECHANISMS.some((known) => known === mechanism)) return undefined;
    const exchange = new AuthExchange(mechanism);
    if (initial !== undefined) return { exchange, step: exchange.next(initial === "=" ? "" : initial) };
    return { exchange, step: mechanism === "PLAIN" ? { code: 334, lines: [""] } : challenge("Username:") };
  }

  /** Takes a line that answers a 334. */
  next(line: string): Claim | Reply {
    if (line === "*") return CANCELLED;
    const text = decodeBase64(line);
    if (text === undefined) return UNREADABLE;
    if (this.#mechanism === "PLAIN") return this.#plain(text);
    if (this.#user === undefined) {
      this.#user = text;
      return challenge("Password:");
    }
    return { mechanism: this.#mechanism, user: this.#user, password: text };
  }

  #plain(text: string): Claim | Reply {
    const parts = text.split("\0");
    // Acting as another user is not offered.
    const [as, user, password] = parts;
    if (parts.length !== 3 || user === "" || (as !== "" && as !== user)) return UNREADABLE;
    return { mechanism: this.#mechanism, user, password };
  }
}

function challenge(text: string): Reply {
  return { code: 334, lines: [btoa(text)] };
}

/** Undefined if it is not BASE64 of UTF-8. */
function decodeBase64(line: string): string | undefined {
  if (!BASE64.test(line)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(line), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
