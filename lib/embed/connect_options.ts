/**
 * What `connect` takes, and what it refuses: an option that there is not is a mistake, and one about TLS would leave a
 * connection less safe than it looks. Pure.
 *
 * @module
 */

import { nearest } from "../base/suggest.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import type { ConnectOptions } from "./connect.ts";

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

/** An option of `connect` that there is not; `code` is `unknown_option`. */
export class ConnectOptionError extends TypeError {
  override readonly name = "ConnectOptionError";
  readonly code = "unknown_option";
}

/** Makes sure that there are all the options. @throws {ConnectOptionError} On one that there is not. */
export function checkConnectOptions(options: ConnectOptions): void {
  for (const name of Object.keys(options)) {
    if (OPTIONS.includes(name)) continue;
    const guess = nearest(name, OPTIONS);
    const ofTls = nearest(name, TLS_OPTIONS);
    if (guess !== undefined) refuse(name, `did you mean ${guess}?`);
    if (ofTls !== undefined) refuse(name, `did you mean tls: { ${ofTls} }?`);
    refuse(name, `wanted ${OPTIONS.join(", ")}`);
  }
  for (const name of Object.keys(options.tls ?? {})) {
    if (!TLS_OPTIONS.includes(name)) refuse(`tls.${name}`, `wanted ${TLS_OPTIONS.join(", ")}`);
  }
}

function refuse(name: string, hint: string): never {
  throw new ConnectOptionError(`Cannot connect with the option ${name}: there is none; ${hint}`);
}
