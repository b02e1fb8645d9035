/**
 * The server's side of TLS, from a service's files.
 *
 * @module
 */

import type { TlsSpec } from "../spec/tls_spec.ts";
import type { FileBackup } from "../spec/worker_spec.ts";
import { useFiles } from "./file_backup.ts";
import { readTlsFiles } from "./tls_files.ts";
import { serverHandshake } from "./tls_handshake.ts";
import type { Secure } from "./transport.ts";

/** What the server's side of TLS is made with. */
export interface ServerTlsOptions {
  handshakeTimeoutMs: number;
  /** What the files contained when they could last be used. */
  backup?: FileBackup;
  /** Told when the backup is used. */
  log: { warn(text: string, properties: Record<string, unknown>): void };
}

/**
 * Makes the server's side of TLS.
 *
 * @throws {TlsFileError} If a file cannot be used and there is no backup.
 */
export async function loadServerTls(
  tls: TlsSpec,
  { handshakeTimeoutMs, backup, log }: ServerTlsOptions,
): Promise<Secure> {
  return await useFiles(async (read) => serverHandshake(await readTlsFiles(tls, read), handshakeTimeoutMs), {
    backup,
    unusable: (error) =>
      log.warn("{error}; serving with the certificates from before", { error: error.message }),
  });
}
