/**
 * The certificates and keys of a service, read from their files and checked.
 *
 * @module
 */

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readText } from "../base/read_text.ts";
import type { ClientTls } from "../contract/client_tls.ts";
import type { UpstreamTlsSpec } from "../spec/proxy_spec.ts";
import type { TlsSpec } from "../spec/tls_spec.ts";

/** An unusable certificate or key; `code` is `bad_tls_file`. */
export class TlsFileError extends TypeError {
  /** The name of the class. */
  override readonly name = "TlsFileError";
  /** What happened. */
  readonly code = "bad_tls_file";
}

/** A certificate in PEM, with the names it is for. */
interface Identity {
  cert: string;
  key: string;
  names: readonly string[];
}

/** The contents of the files. */
export interface TlsMaterial {
  identities: Identity[];
  clientCa?: string[];
  clientCertificate: TlsSpec["clientCertificate"];
}

/**
 * Reads the files of a service's `tls`.
 *
 * @param read Reads a file in PEM; for tests and for files that are kept elsewhere.
 * @throws {TlsFileError} If a file is not PEM of its kind, or a key does not match its certificate.
 */
export async function readTlsFiles(spec: TlsSpec, read: ReadPem = readPem): Promise<TlsMaterial> {
  const identities = spec.certificates.map(async (files): Promise<Identity> => {
    const { cert, key, certificate } = await readPair(files, read);
    return { cert, key, names: files.names ?? namesIn(certificate) };
  });
  return {
    identities: await Promise.all(identities),
    clientCa: spec.clientCa && await Promise.all(spec.clientCa.map(read)),
    clientCertificate: spec.clientCertificate,
  };
}

/**
 * Reads the files of TLS towards an upstream.
 *
 * @throws {TlsFileError} As {@linkcode readTlsFiles} does.
 */
export async function readUpstreamTls(spec: UpstreamTlsSpec, read: ReadPem = readPem): Promise<ClientTls> {
  const { cert, key } = spec;
  const pair = cert !== undefined && key !== undefined ? await readPair({ cert, key }, read) : undefined;
  return {
    insecure: !spec.verify,
    serverName: spec.serverName,
    caCerts: spec.ca && await Promise.all(spec.ca.map(read)),
    cert: pair?.cert,
    key: pair?.key,
  };
}

async function readPair(
  files: { cert: string; key: string },
  read: ReadPem,
): Promise<{ cert: string; key: string; certificate: X509Certificate }> {
  const [cert, key] = [await read(files.cert), await read(files.key)];
  const certificate = parsed("certificate", files.cert, () => new X509Certificate(cert));
  const secret = parsed("private key", files.key, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(secret)) {
    throw new TlsFileError(
      `Cannot use the key ${files.key}: it does not match the certificate ${files.cert}`,
    );
  }
  return { cert, key, certificate };
}

/** Certificates and keys of any number of authorities are shorter than this. */
const MAX_PEM_BYTES = 8 * 1024 ** 2;

/** Reads a file in PEM. */
export type ReadPem = (file: string) => Promise<string>;

/** Reads a file in PEM. */
export function readPem(file: string): Promise<string> {
  return readText(file, { maxBytes: MAX_PEM_BYTES });
}

function parsed<T>(what: string, file: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new TlsFileError(`Cannot use ${file}: it contains no ${what} in PEM`, { cause });
  }
}

/** The host names that a certificate covers. */
function namesIn(certificate: X509Certificate): string[] {
  const names = certificate.subjectAltName ?? "";
  return [...names.matchAll(/DNS:([^,\s]+)/g)].map(([, name]) => name);
}
