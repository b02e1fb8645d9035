/**
 * Addresses: `PROTOCOL[+TRANSPORT]://HOST:PORT` and `PROTOCOL+unix:///path.sock`.
 *
 * An address may have only a transport (`tcp://`, `tls://`, `unix://`, `udp://`): then the configuration names the protocol,
 * or, for an upstream, none is needed.
 *
 * @module
 */

import type { TransportName } from "./connection.ts";

/** A parsed address. JSON-safe. */
export type Endpoint =
  | {
    /** In lower case; empty if the address has only a transport. */
    protocol: string;
    transport: "tcp" | "tls" | "udp";
    /** Without brackets. */
    hostname: string;
    /** 0 for a free one of the operating system's choice. */
    port: number;
  }
  | { protocol: string; transport: "unix"; path: string };

const transports: readonly string[] = ["tcp", "tls", "unix", "udp"] satisfies TransportName[];

/** An invalid address; `code` is `bad_address`. */
export class AddressError extends TypeError {
  /** The name of the class. */
  override readonly name = "AddressError";
  /** What happened. */
  readonly code = "bad_address";
}

/**
 * Parses an address.
 *
 * @throws {AddressError} If it is neither `PROTOCOL[+TRANSPORT]://HOST:PORT` nor `PROTOCOL+unix:///PATH`.
 */
export function parseEndpoint(address: string): Endpoint {
  const match = /^([a-z][a-z0-9_.-]*)(?:\+([a-z]+))?:\/\/(.*)$/i.exec(address);
  if (!match) throw cannot(address, "wanted PROTOCOL[+TRANSPORT]://HOST:PORT, such as jsonnl://0.0.0.0:1234");
  let protocol = match[1].toLowerCase();
  let transport = match[2]?.toLowerCase();
  if (transports.includes(protocol)) {
    if (transport !== undefined) {
      throw cannot(address, `"${protocol}" is a transport, wanted a protocol before the +`);
    }
    [protocol, transport] = ["", protocol];
  }
  transport ??= "tcp";
  if (!transports.includes(transport)) {
    const wanted = transport === "ssl" ? "+tls" : `one of ${transports.join(", ")}`;
    throw cannot(address, `"${transport}" is no transport, wanted ${wanted}`);
  }
  const rest = match[3];
  if (transport === "unix") {
    if (rest === "") {
      throw cannot(address, "wanted the path of the unix socket, as in jsonnl+unix:///run/chat.sock");
    }
    return { protocol, transport, path: rest };
  }
  const authority = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^:/\s[\]]+)):(\d{1,5})\/?$/i.exec(rest);
  const port = authority ? Number(authority[3]) : NaN;
  if (!authority) throw cannot(address, whyNoAuthority(rest));
  if (port > 65535) throw cannot(address, `port ${port} is out of range, wanted 0 to 65535`);
  const hostname = authority[1] ?? authority[2];
  if (!isHost(hostname)) throw cannot(address, `"${hostname}" is neither an IP address nor a host name`);
  return { protocol, transport: transport as "tcp", hostname, port };
}

/** What is wrong with what follows `://`. */
function whyNoAuthority(rest: string): string {
  const [, host, after] = /^(\[[^\]]*\]|[^:/[\]]*)(.*)$/s.exec(rest) ?? ["", "", rest];
  const path = /^:\d{1,5}(\/.+)$/s.exec(after);
  if (path) return `found "${path[1]}" after the port, wanted nothing there`;
  if (host !== "" && (after === "" || after === ":" || after.startsWith("/"))) {
    return `the port is missing, wanted HOST:PORT, such as ${host}:1234`;
  }
  if (/^[0-9a-f]*:[0-9a-f:.]*$/i.test(rest) && rest.split(":").length > 2) {
    return "wanted brackets around an IPv6 address, as in [::1]:1234";
  }
  return "wanted HOST:PORT after //, with a port from 0 to 65535";
}

/** Formats an endpoint as an address; the inverse of {@linkcode parseEndpoint}. */
export function formatEndpoint(endpoint: Endpoint): string {
  const { protocol, transport } = endpoint;
  const scheme = protocol === "" ? transport : transport === "tcp" ? protocol : `${protocol}+${transport}`;
  if (endpoint.transport === "unix") return `${scheme}://${endpoint.path}`;
  return `${scheme}://${hostPort(endpoint)}`;
}

/** Formats the address of a socket: `127.0.0.1:80`, `[::1]:80` or `unix:/path`. */
export function formatAddr(addr: Deno.Addr): string {
  if ("path" in addr) return `unix:${addr.path}`;
  if ("hostname" in addr) return hostPort(addr);
  return addr.transport;
}

function hostPort(of: { hostname: string; port: number }): string {
  return `${of.hostname.includes(":") ? `[${of.hostname}]` : of.hostname}:${of.port}`;
}

/** A name that ends in a number would be an IPv4 address (WHATWG URL, section 3.5). */
function isHost(text: string): boolean {
  if (text.includes(":")) return URL.canParse(`http://[${text.replace(/%.*/, "")}]/`);
  const labels = text.split(".");
  if (/^\d+$/.test(labels.findLast((label) => label !== "") ?? "")) {
    return labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label) && Number(label) < 256);
  }
  if (labels.length > 1 && labels.at(-1) === "") labels.pop();
  return labels.every((label) => /^[\p{L}\p{N}_](?:[\p{L}\p{M}\p{N}_-]*[\p{L}\p{M}\p{N}_])?$/u.test(label));
}

function cannot(address: string, why: string): AddressError {
  return new AddressError(`Cannot read the address "${address}": ${why}`);
}

/**
 * Whether several instances can share an endpoint. A unix socket has one owner, and the datagrams of one UDP peer would be
 * spread over the instances.
 */
export function isSharable(endpoint: Endpoint): boolean {
  return endpoint.transport === "tcp" || endpoint.transport === "tls";
}
