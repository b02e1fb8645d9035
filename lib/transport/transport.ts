/**
 * What stands under a connection and can be replaced there. A `Deno.Conn` is one as it is.
 *
 * @module
 */

/** A way for bytes in and out. */
export interface Transport {
  readonly localAddr: Deno.Addr;
  readonly remoteAddr: Deno.Addr;
  /** Reads at most `into.length` bytes; null at the end of the stream. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes some of the bytes, at least one; answers how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends writing; reading goes on. */
  closeWrite(): Promise<void>;
  /** Ends both at once. Pending reads and writes reject or answer null. */
  close(): void;
  /** A datagram transport's way to read: one whole datagram; null when it is closed. */
  receive?(): Promise<Uint8Array<ArrayBuffer> | null>;
}

/**
 * Starts TLS over a transport, as the side that the caller knows itself to be.
 *
 * @param first Bytes that a read begun before the upgrade will bring (null at the end of the stream), if one is pending.
 */
export type Secure = (
  transport: Transport,
  first: Promise<Uint8Array | null> | undefined,
) => Promise<Transport>;

/** Closes a transport that may be closed already, as one is whose peer has reset it or whose handshake failed. */
export function closeQuietly(transport: Transport): void {
  try {
    transport.close();
  } catch { /* it is closed already */ }
}

/** Writes all of the bytes. */
export async function writeAll(transport: Transport, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await transport.write(bytes.subarray(written));
}
