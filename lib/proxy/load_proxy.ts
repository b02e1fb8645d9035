/**
 * From a proxy's specification to its upstreams: reads the files that it names.
 *
 * @module
 */

import type { ServiceLog } from "../contract/handler.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import type { ProxySpec, UpstreamTlsSpec } from "../spec/proxy_spec.ts";
import { readPem } from "../transport/tls_files.ts";
import { Upstreams } from "./upstreams.ts";

/** Makes the upstreams of a service, which tell its log when one of several cannot be reached. */
export async function loadUpstreams(
  spec: ProxySpec,
  { tlsHandshakeTimeoutMs, log }: { tlsHandshakeTimeoutMs: number; log: ServiceLog },
): Promise<Upstreams> {
  return new Upstreams({
    addresses: spec.upstream,
    balance: spec.balance,
    connectTimeoutMs: spec.connectTimeoutMs,
    sendProxyProtocol: spec.sendProxyProtocol,
    tls: await readUpstreamTls(spec.tls),
    tlsHandshakeTimeoutMs,
    turned(upstream, error) {
      if (error === undefined) log.info("The upstream {upstream} is there again", { upstream });
      else {log.warn("The upstream {upstream} is tried last for now: {error}", {
          upstream,
          error: error.message,
        });}
    },
  });
}

async function readUpstreamTls(spec: UpstreamTlsSpec): Promise<ClientTls> {
  return {
    insecure: !spec.verify,
    serverName: spec.serverName,
    caCerts: spec.ca && await Promise.all(spec.ca.map(readPem)),
    cert: spec.cert && await readPem(spec.cert),
    key: spec.key && await readPem(spec.key),
  };
}
