/**
 * IPv4 addresses of IPv6 sockets, as what they are.
 *
 * @module
 */

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An address in its own family: an IPv4 client of a socket for both families shows as `::ffff:1.2.3.4` there. */
export function plainAddr<A extends Deno.Addr>(addr: A): A {
  if (!("hostname" in addr)) return addr;
  const ipv4 = MAPPED.exec(addr.hostname)?.[1];
  return ipv4 === undefined ? addr : { ...addr, hostname: ipv4 };
}

/** Has a connection tell its addresses so. */
export function withPlainAddrs<C extends { readonly localAddr: Deno.Addr; readonly remoteAddr: Deno.Addr }>(
  connection: C,
): C {
  const { localAddr, remoteAddr } = connection;
  if (!("hostname" in remoteAddr) || !remoteAddr.hostname.startsWith("::")) return connection;
  return Object.defineProperties(connection, {
    localAddr: { value: plainAddr(localAddr) },
    remoteAddr: { value: plainAddr(remoteAddr) },
  });
}
