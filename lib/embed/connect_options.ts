/**
 * What `connect` takes, and what it refuses: an option that does not exist is a mistake, and one about TLS would leave a
 * connection less safe than it looks. Pure.
 *
 * @module
 */

import { nearest } from "../base/suggest.ts";
import { unknownOption } from "../base/unknown_option.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import type { Handler } from "../contract/handler.ts";
import type { LimitsInput } from "../contract/limits.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import type { ReconnectOptions } from "./retry_policy.ts";

/** A client's callbacks, if it does not converse, and what it needs beside. */
// deno-lint-ignore no-explicit-any
export interface ConnectOptions<In = any, Out = any, S = any, T = any>
  extends Omit<Handler<Out, In, S, T>, "transmission" | "exception" | "onStart" | "onStop" | "onDrain"> {
  /** The protocol itself, or the name of a bundled one; the address's own without. */
  protocol?: AnyProtocol | string;
  /** How long making the connection may take, TLS included. @default {"10s"} */
  timeout?: number | string;
  /** Whether a lost connection is made again, and a first one that fails tried again. @default {false} */
  reconnect?: boolean | ReconnectOptions;
  /**
   * How TLS is done, at a `+tls` address and where the protocol upgrades to it: `{ serverName, caCerts, cert, key,
   * insecure }`, all PEM as text. The system's authorities are trusted unless `caCerts` names others.
   */
  tls?: ClientTls;
  /** What the connection bears. */
  limits?: LimitsInput;
  /** Ends the client, while it is still connecting too. */
  signal?: AbortSignal;
}

const OPTIONS: readonly string[] = Object.keys(
  {
    protocol: true,
    timeout: true,
    reconnect: true,
    tls: true,
    limits: true,
    signal: true,
    allowHalfOpen: true,
    onConnect: true,
    onMessage: true,
    onEnd: true,
    onBufferFull: true,
    onBufferDrain: true,
    onError: true,
    onClose: true,
  } satisfies Record<keyof ConnectOptions, true>,
);

const TLS_OPTIONS: readonly string[] = Object.keys(
  {
    serverName: true,
    caCerts: true,
    cert: true,
    key: true,
    insecure: true,
  } satisfies Record<keyof ClientTls, true>,
);

const RECONNECT_OPTIONS: readonly string[] = Object.keys(
  {
    attempts: true,
    delay: true,
    maxDelay: true,
    onFailure: true,
  } satisfies Record<keyof ReconnectOptions, true>,
);

/** An option of `connect` that does not exist; `code` is `unknown_option`. */
export class ConnectOptionError extends TypeError {
  /** The name of the class. */
  override readonly name = "ConnectOptionError";
  /** What happened. */
  readonly code = "unknown_option";
}

/** Makes sure that all options exist. @throws {ConnectOptionError} If one does not. */
export function checkConnectOptions(options: ConnectOptions): void {
  const { tls, reconnect } = options;
  const unknown = unknownOption(options, OPTIONS);
  if (unknown !== undefined) {
    const ofTls = nearest(unknown.name, TLS_OPTIONS);
    const isOfTls = ofTls !== undefined && nearest(unknown.name, OPTIONS) === undefined;
    throw refusal(unknown.name, isOfTls ? `did you mean tls: { ${ofTls} }?` : unknown.hint);
  }
  for (
    const [name, value, known] of [["tls", tls, TLS_OPTIONS], [
      "reconnect",
      reconnect,
      RECONNECT_OPTIONS,
    ]] as const
  ) {
    const inner = typeof value === "object" ? unknownOption(value, known) : undefined;
    if (inner !== undefined) throw refusal(`${name}.${inner.name}`, inner.hint);
  }
}

function refusal(name: string, hint: string): ConnectOptionError {
  return new ConnectOptionError(
    `Cannot connect with the option ${name}: there is none of that name, ${hint}`,
  );
}
