/**
 * What a configuration says of the servers behind a service, resolved. Pure.
 *
 * @module
 */

import { DEFAULT_CONNECT_TIMEOUT_MS, type ProxySpec, type UpstreamTlsSpec } from "../spec/proxy_spec.ts";
import { defined } from "../base/defined.ts";
import { parseDuration } from "../base/units.ts";
import { absoluteAddress, absolutePath } from "./paths.ts";
import type { UpstreamInput, UpstreamTlsInput } from "./config_input.ts";

const PROXY_VERSIONS = { v1: 1, v2: 2 } as const;

/** The proxy of a service; undefined if there is no server behind it. */
export function resolveProxy(input: UpstreamInput, base: string): ProxySpec | undefined {
  if (input.upstream === undefined) return undefined;
  const { sendProxyProtocol } = input;
  return defined({
    upstream: [input.upstream].flat().map((address) => absoluteAddress(address, base)),
    balance: input.balance ?? "first",
    connectTimeoutMs: parseDuration(input.connectTimeout) ?? DEFAULT_CONNECT_TIMEOUT_MS,
    sendProxyProtocol: sendProxyProtocol && PROXY_VERSIONS[sendProxyProtocol],
    onBadFrame: input.onBadFrame ?? "close",
    tls: resolveUpstreamTls(input.upstreamTls ?? {}, base),
  });
}

function resolveUpstreamTls(input: UpstreamTlsInput, base: string): UpstreamTlsSpec {
  const { verify = true, serverName, ca, cert, key } = input;
  return defined({
    verify,
    serverName,
    ca: ca === undefined ? undefined : [ca].flat().map((path) => absolutePath(path, base)),
    cert: cert && absolutePath(cert, base),
    key: key && absolutePath(key, base),
  });
}
