/**
 * From a proxy's specification to its upstreams: reads the files that it names.
 *
 * @module
 */

import { formatDuration } from "../base/units.ts";
import type { ServiceLog } from "../contract/handler.ts";
import type { ProxySpec } from "../spec/proxy_spec.ts";
import type { FileBackup } from "../spec/worker_spec.ts";
import { useFiles } from "../transport/file_backup.ts";
import { readUpstreamTls } from "../transport/tls_files.ts";
import { REST_MS, Upstreams } from "./upstreams.ts";

/** Makes the upstreams of a service, which tell its log when one of several cannot be reached. */
export async function loadUpstreams(
  spec: ProxySpec,
  { tlsHandshakeTimeoutMs, log, backup }: {
    tlsHandshakeTimeoutMs: number;
    log: ServiceLog;
    backup?: FileBackup;
  },
): Promise<Upstreams> {
  return new Upstreams({
    addresses: spec.upstream,
    balance: spec.balance,
    connectTimeoutMs: spec.connectTimeoutMs,
    sendProxyProtocol: spec.sendProxyProtocol,
    tls: await useFiles((read) => readUpstreamTls(spec.tls, read), {
      backup,
      unusable: (error) =>
        log.warn("{error}: its contents from before are used towards the upstream", { error: error.message }),
    }),
    tlsHandshakeTimeoutMs,
    turned(upstream, error) {
      if (error === undefined) log.info("Upstream {upstream} can be reached again", { upstream });
      else {
        log.warn("Upstream {upstream} is tried last for {rest}: {error}", {
          upstream,
          rest: formatDuration(REST_MS),
          error: error.message,
        });
      }
    },
  });
}
