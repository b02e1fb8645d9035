/**
 * What a connection reads from and writes to. `Deno.Conn` satisfies it. STARTTLS replaces it under way.
 *
 * @module
 */

/** Reads and writes bytes. */
export interface Transport {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  /** Reads at most `into.length` bytes; null at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes at least one of the bytes; answers how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends writing; reading goes on. */
  closeWrite(): Promise<void>;
  /** Closes both directions, in good order. Pending reads and writes reject or answer null. */
  close(): void;
  /** Closes both directions so that the peer can tell that the stream is cut off. Without it the transport has no way. */
  abort?(): void;
  /** Receives one datagram; null once closed. Only datagram transports have it. */
  receive?(): Promise<Uint8Array<ArrayBuffer> | null>;
}

/**
 * Performs a TLS handshake over a transport.
 *
 * @param first The result of a read that is already pending on the transport: bytes, or null at the end of the stream.
 */
export type Secure = (
  transport: Transport,
  first: Promise<Uint8Array | null> | undefined,
) => Promise<Transport>;

/** Closes a transport that may be closed already. */
export function closeQuietly(transport: Transport): void {
  try {
    transport.close();
  } catch { /* already closed */ }
}

/** The same, so that the peer can tell that the stream is cut off, if there is a way. */
export function abortQuietly(transport: Transport): void {
  try {
    if (transport.abort === undefined) transport.close();
    else transport.abort();
  } catch { /* already closed */ }
}

/** Writes all of the bytes. */
export async function writeAll(transport: Transport, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await transport.write(bytes.subarray(written));
}
