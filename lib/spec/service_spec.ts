/**
 * What of a service's configuration its workers are told as it stands, and the server keeps. JSON-safe.
 *
 * @module
 */

import { defined } from "../base/defined.ts";
import type { CommandNaming } from "../contract/protocol.ts";
import type { ProxySpec } from "./proxy_spec.ts";
import type { TlsSpec } from "./tls_spec.ts";
import type { TopicAccess } from "./topic_access.ts";

/** What of a service's configuration its workers are told as it stands. */
export interface ServiceSpec {
  /** Addresses; empty if the service's module has its own. */
  listen: string[];
  /** A protocol's name in lower case, or its module's URL; overrides those of the addresses. */
  protocol?: string;
  /** What names its commands; if absent, its protocol does. */
  command?: CommandNaming;
  /** The URL of the service's module. */
  handler?: string;
  /** Passed to the handler unchanged; a JSON value. */
  options: unknown;
  /** The upstreams, in place of a handler. */
  proxy?: ProxySpec;
  /** Networks of proxies whose connections begin with a PROXY header. */
  acceptProxyProtocol?: string[];
  /** What it may do with topics; anything if absent. */
  topics?: TopicAccess;
  /** The user that its processes run as, by name or number; the server's own if absent. */
  user?: string;
  /** Their group, in the same way. */
  group?: string;
  /** Which limits the configuration gives; a protocol may have others in place of the rest. */
  givenLimits?: readonly string[];
  /** Certificates by absolute path. */
  tls?: TlsSpec;
}

/** The part of a service's configuration that its workers are told as it stands. */
export function serviceSpec(service: ServiceSpec): ServiceSpec {
  const { listen, protocol, command, handler, options, proxy, acceptProxyProtocol } = service;
  const { topics, user, group, givenLimits, tls } = service;
  return defined({
    ...{ listen, protocol, command, handler, options, proxy, acceptProxyProtocol },
    ...{ topics, user, group, givenLimits, tls },
  });
}
