/**
 * From a proxy's specification to its upstreams: reads the files that it names.
 *
 * @module
 */

import type { ClientTls } from "../transport/tls.ts";
import type { ProxySpec, UpstreamTlsSpec } from "./spec.ts";
import { Upstreams } from "./upstreams.ts";

/** Makes the upstreams of a service. */
export async function loadUpstreams(spec: ProxySpec, tlsHandshakeTimeoutMs: number): Promise<Upstreams> {
  return new Upstreams({
    addresses: spec.upstream,
    balance: spec.balance,
    connectTimeoutMs: spec.connectTimeoutMs,
    sendProxyProtocol: spec.sendProxyProtocol,
    tls: await readUpstreamTls(spec.tls),
    tlsHandshakeTimeoutMs,
  });
}

async function readUpstreamTls(spec: UpstreamTlsSpec): Promise<ClientTls> {
  return {
    insecure: !spec.verify,
    serverName: spec.serverName,
    caCerts: spec.ca && await Promise.all(spec.ca.map((file) => Deno.readTextFile(file))),
    cert: spec.cert && await Deno.readTextFile(spec.cert),
    key: spec.key && await Deno.readTextFile(spec.key),
  };
}
