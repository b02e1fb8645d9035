/**
 * What takes several values of a configuration to see. The rules are run whatever the schema says, so that all that is
 * wrong is said at once: they look at what is readable and pass over the rest.
 *
 * @module
 */

import type { Endpoint } from "../contract/endpoint.ts";
import { absolutePath, readEndpoint } from "./paths.ts";
import { describe, type Finding, finding, formatPlace, keyFinding, type Place } from "./problem.ts";
import { asMapping, isMapping, stringsAt } from "./raw_tree.ts";

type Findings = Generator<Finding, void>;

/** Where a configuration belongs. */
export interface Surroundings {
  /** The URL of its folder. */
  base: string;
  /** The absolute path of its control socket. */
  control: string | false;
}

/** Finds what breaks a rule, each finding when it is asked for. */
export function* brokenRules(tree: unknown, { base, control }: Surroundings): Findings {
  const { services, defaults, protocols } = asMapping(tree);
  const { tls: defaultTls, isolation: defaultIsolation } = asMapping(defaults);
  yield* repeatedProtocols(asMapping(protocols));
  yield* tlsRules(defaultTls, ["defaults", "tls"]);
  const taken = new Map<string, string>(control === false ? [] : [[`unix ${control}`, "the control socket"]]);
  for (const [name, value] of Object.entries(asMapping(services))) {
    const place: Place = ["services", name];
    if (value !== null && value !== undefined && !isMapping(value)) continue;
    const service = asMapping(value);
    yield* serviceRules(service, place);
    yield* isolationRules(service, place, service.isolation ?? defaultIsolation);
    yield* upstreamRules(service, place);
    yield* addressRules(service, place, { base, taken, hasTls: isMapping(service.tls ?? defaultTls) });
    yield* tlsRules(service.tls, [...place, "tls"]);
    yield* optionsRules(service.options, [...place, "options"]);
  }
}

function* repeatedProtocols(protocols: Record<string, unknown>): Findings {
  const seen = new Map<string, string>();
  for (const name of Object.keys(protocols)) {
    const first = seen.get(name.toLowerCase());
    if (first === undefined) seen.set(name.toLowerCase(), name);
    else {
      const message = `this is the protocol ${describe(first)} again, wanted each once: case is ignored`;
      yield keyFinding(["protocols", name], { found: describe(name), wanted: "each protocol once", message });
    }
  }
}

/** Keys that have no effect without a server behind. */
const UPSTREAM_KEYS = ["balance", "connectTimeout", "upstreamTls", "sendProxyProtocol", "onBadFrame"];

function* upstreamRules(service: Record<string, unknown>, place: Place): Findings {
  if (service.upstream === undefined) {
    for (const key of UPSTREAM_KEYS.filter((key) => service[key] !== undefined)) {
      const message = `${key} has no effect without upstream`;
      yield keyFinding([...place, key], { found: key, wanted: "upstream", message });
    }
    return;
  }
  if (service.handler !== undefined) {
    const message = "handler and upstream exclude each other: either one answers";
    yield finding(place, { found: "handler and upstream", wanted: "one of them", message });
  }
  const { cert, key } = asMapping(service.upstreamTls);
  if ((cert === undefined) !== (key === undefined)) {
    const found = cert === undefined ? "key without cert" : "cert without key";
    yield finding([...place, "upstreamTls"], { found, wanted: "both or neither" });
  }
}

function* serviceRules(service: Record<string, unknown>, place: Place): Findings {
  if (service.listen !== undefined || service.handler !== undefined) return;
  yield finding(place, {
    found: "neither listen nor handler",
    wanted: "an address to listen at, or a handler with its own",
  });
}

/** What holds of the isolation that a service has, by itself or by the defaults. */
function* isolationRules(service: Record<string, unknown>, place: Place, isolation: unknown): Findings {
  if (isolation === "worker") {
    for (const key of ["user", "group"].filter((key) => service[key] !== undefined)) {
      const message = `${key} has no effect with isolation: worker`;
      yield keyFinding([...place, key], { found: key, wanted: "isolation: process", message });
    }
  }
  if (isolation !== "connection") {
    if (service.pool === undefined) return;
    const message = "pool has no effect without isolation: connection";
    yield keyFinding([...place, "pool"], { found: "pool", wanted: "isolation: connection", message });
    return;
  }
  for (const { text, place: at } of stringsAt(service.listen, [...place, "listen"])) {
    if (readEndpoint(text)?.transport !== "udp") continue;
    const [found, wanted] = [`${describe(text)} with isolation: connection`, "another isolation"];
    yield finding(at, { found, wanted: `${wanted}: UDP has no connections` });
  }
}

function* addressRules(
  service: Record<string, unknown>,
  place: Place,
  { base, taken, hasTls }: { base: string; taken: Map<string, string>; hasTls: boolean },
): Findings {
  for (const { text, place: at } of stringsAt(service.listen, [...place, "listen"])) {
    const endpoint = readEndpoint(text);
    if (endpoint === undefined) continue;
    const found = describe(text);
    if (endpoint.transport === "tls" && !hasTls) {
      yield finding(at, {
        found,
        wanted: "tls: with a certificate and its key, in the service or in defaults",
      });
    }
    if (endpoint.protocol === "" && service.protocol === undefined && service.handler === undefined) {
      yield finding(at, { found, wanted: `a protocol, as in ${withProtocol(text)}, or protocol: beside it` });
    }
    const socket = socketOf(endpoint, base);
    if (socket === undefined) continue;
    const other = taken.get(socket);
    if (other === undefined) taken.set(socket, formatPlace(at));
    else yield finding(at, { found, wanted: `an address of its own: ${other} listens there too` });
  }
}

/** The address of a transport alone with a protocol that takes any bytes. */
function withProtocol(address: string): string {
  const [, transport, rest] = /^(\w+):\/\/(.*)$/s.exec(address) ?? ["", "", address];
  return `raw${transport.toLowerCase() === "tcp" ? "" : `+${transport.toLowerCase()}`}://${rest}`;
}

function* tlsRules(value: unknown, place: Place): Findings {
  if (!isMapping(value)) return;
  const { cert, key, certificates, clientCa, clientCertificate } = value;
  if (certificates !== undefined && (cert !== undefined || key !== undefined)) {
    const found = "certificates beside cert or key";
    yield finding(place, { found, wanted: "either cert and key or certificates" });
  } else if (certificates === undefined && (cert === undefined || key === undefined)) {
    const without = key !== undefined ? "key without cert" : "no cert";
    yield finding(place, {
      found: cert !== undefined ? "cert without key" : without,
      wanted: "cert and key, or certificates",
    });
  }
  if ((clientCertificate === "required" || clientCertificate === "optional") && clientCa === undefined) {
    yield finding([...place, "clientCertificate"], {
      found: describe(clientCertificate),
      wanted: "clientCa beside it, to check clients' certificates against",
    });
  }
}

/** Options travel to the workers as JSON. */
function* optionsRules(value: unknown, place: Place): Findings {
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "string") {
    return;
  }
  if (typeof value === "number" && Number.isFinite(value)) return;
  if (!Array.isArray(value) && !isMapping(value)) {
    yield finding(place, { found: describe(value), wanted: "a JSON value" });
    return;
  }
  const entries: Iterable<[PropertyKey, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value);
  for (const [key, item] of entries) yield* optionsRules(item, [...place, key]);
}

/** Names the socket an endpoint binds; undefined if the operating system chooses the port. */
function socketOf(endpoint: Endpoint, base: string): string | undefined {
  if (endpoint.transport === "unix") return `unix ${absolutePath(endpoint.path, base)}`;
  if (endpoint.port === 0) return undefined;
  const family = endpoint.transport === "udp" ? "udp" : "tcp";
  return `${family} ${endpoint.hostname.toLowerCase()} ${endpoint.port}`;
}
