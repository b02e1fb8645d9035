/**
 * How a service does TLS, as a JSON value that travels to its workers.
 *
 * @module
 */

/** Certificate and key files, by absolute path. */
export interface CertificateFiles {
  /** The certificate chain, in PEM. */
  cert: string;
  /** The private key, in PEM. */
  key: string;
  /** Host names this certificate is for; without, those that the certificate itself names. */
  names?: string[];
}

/** How a service does TLS. */
export interface TlsSpec {
  /** The first one is for clients that name no host or an unknown one. */
  certificates: CertificateFiles[];
  /** Files of authorities that clients' certificates are checked against. */
  clientCa?: string[];
  /** Whether a client must, may, or is not asked to show a certificate. */
  clientCertificate: "none" | "optional" | "required";
}
