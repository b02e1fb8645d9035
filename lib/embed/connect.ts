/**
 * The client's side: a connection out, over the same protocols.
 *
 * @module
 */

import type { AnyProtocol } from "../contract/protocol.ts";
import { parseEndpoint } from "../contract/endpoint.ts";
import { type Client, ReconnectingClient } from "./client.ts";
import { checkConnectOptions, type ConnectOptions } from "./connect_options.ts";
import { ProtocolError, resolveProtocol } from "../modules/find_protocol.ts";

/**
 * Makes a connection to a server. `In` is what it sends, `Out` what it receives.
 *
 * A server whose certificate no authority of the system has signed takes `tls: { caCerts: [PEM] }`; in tests
 * `tls: { insecure: true }` takes any.
 *
 * @throws {DialError} If the server is not there or does not answer in time.
 * @throws {ConnectOptionError} If there is an option that there should not be.
 * @throws {ProtocolError} If the address names no bundled protocol and `protocol` is not given.
 */
// deno-lint-ignore no-explicit-any
export async function connect<In = any, Out = In, S = any, T = any>(
  address: string,
  options: ConnectOptions<In, Out, S, T> = {},
): Promise<Client<In, Out>> {
  const endpoint = parseEndpoint(address);
  checkConnectOptions(options);
  const { protocol: given } = options;
  const protocol = typeof given === "object" ? given : await protocolNamed(given ?? endpoint.protocol);
  return await ReconnectingClient.open(endpoint, protocol, options) as unknown as Client<In, Out>;
}

async function protocolNamed(name: string): Promise<AnyProtocol> {
  try {
    return await resolveProtocol(name);
  } catch (error) {
    if (!(error instanceof ProtocolError) || error.code !== "unknown_protocol") throw error;
    const hint = "one of your own is given as { protocol }, itself or the URL of its module";
    throw new ProtocolError(error.code, `${error.message}; ${hint}`);
  }
}
