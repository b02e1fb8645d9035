/**
 * The certificates, keys and authorities of a service as they were when it last could use them: an instance that crashes
 * after one of the files has been broken comes back all the same.
 *
 * @module
 */

import type { FileBackup, WorkerSpec } from "../spec/worker_spec.ts";
import { type ReadPem, readPem, readTlsFiles, readUpstreamTls } from "./tls_files.ts";

/** What of a worker's specification names such files. */
export type FilesSpec = Pick<WorkerSpec, "tls" | "proxy">;

/** Whether a service uses any such files. */
export function namesFiles({ tls, proxy }: FilesSpec): boolean {
  return tls !== undefined || proxy?.tls.ca !== undefined || proxy?.tls.cert !== undefined;
}

/** Reads the files that a service uses. Undefined if it uses none, or if they cannot be used or read. */
export async function backUpFiles({ tls, proxy }: FilesSpec): Promise<FileBackup | undefined> {
  const backup: FileBackup = {};
  const read: ReadPem = async (file) => backup[file] = await readPem(file);
  try {
    if (tls !== undefined) {
      // Loading it takes time that a service without TLS need not wait.
      const { serverHandshake } = await import("./tls_handshake.ts");
      serverHandshake(await readTlsFiles(tls, read), 0);
    }
    if (proxy !== undefined) await readUpstreamTls(proxy.tls, read);
  } catch {
    return undefined;
  }
  return Object.keys(backup).length > 0 ? backup : undefined;
}

/** Whether files contain what they did. */
export function isSameBackup(now: FileBackup, before: FileBackup | undefined): boolean {
  return before !== undefined && Object.keys(now).length === Object.keys(before).length &&
    Object.entries(now).every(([file, content]) => before[file] === content);
}

/**
 * Uses files, or, where that fails, their backup.
 *
 * @param use Reads the files by the function that it gets.
 * @param options.unusable Called with the error of the files when their backup is used.
 * @throws What `use` throws, where there is no backup.
 */
export async function useFiles<T>(
  use: (read: ReadPem) => Promise<T>,
  { backup, unusable }: { backup: FileBackup | undefined; unusable(error: Error): void },
): Promise<T> {
  try {
    return await use(readPem);
  } catch (error) {
    if (backup === undefined) throw error;
    const used = await use((file) => file in backup ? Promise.resolve(backup[file]) : readPem(file));
    unusable(error as Error);
    return used;
  }
}
