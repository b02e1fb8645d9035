/**
 * What takes several values of a configuration to see. The rules are run whatever the schema says, so that all that is
 * wrong is said at once: they look at what is readable and pass over the rest.
 *
 * @module
 */

import { type Endpoint, parseEndpoint } from "../contract/endpoint.ts";
import { absolutePath } from "./paths.ts";
import { describe, type Finding, finding, formatPlace, type Place } from "./problem.ts";
import { asMapping, isMapping, stringsAt } from "./raw_tree.ts";

/** Finds what breaks a rule. `base` is the URL of the configuration's folder. */
export function brokenRules(tree: unknown, base: string): Finding[] {
  const { services, defaults, protocols } = asMapping(tree);
  const { tls: defaultTls, isolation: defaultIsolation } = asMapping(defaults);
  const findings = [...repeatedProtocols(asMapping(protocols)), ...tlsRules(defaultTls, ["defaults", "tls"])];
  const taken = new Map<string, string>();
  for (const [name, value] of Object.entries(asMapping(services))) {
    const place: Place = ["services", name];
    if (value !== null && value !== undefined && !isMapping(value)) continue;
    const service = asMapping(value);
    findings.push(
      ...serviceRules(service, place),
      ...isolationRules(service, place, service.isolation ?? defaultIsolation),
      ...upstreamRules(service, place),
      ...addressRules(service, place, { base, taken, hasTls: isMapping(service.tls ?? defaultTls) }),
      ...tlsRules(service.tls, [...place, "tls"]),
      ...optionsRules(service.options, [...place, "options"]),
    );
  }
  return findings;
}

function repeatedProtocols(protocols: Record<string, unknown>): Finding[] {
  const seen = new Set<string>();
  return Object.keys(protocols).flatMap((name) => {
    if (!seen.has(name.toLowerCase())) {
      seen.add(name.toLowerCase());
      return [];
    }
    return [finding(["protocols", name], {
      found: JSON.stringify(name),
      wanted: "each protocol once, whatever the case of its name",
    })];
  });
}

/** Keys that mean nothing without a server behind. */
const UPSTREAM_KEYS = ["balance", "connectTimeout", "upstreamTls", "sendProxyProtocol", "onBadFrame"];

function upstreamRules(service: Record<string, unknown>, place: Place): Finding[] {
  if (service.upstream === undefined) {
    return UPSTREAM_KEYS.filter((key) => service[key] !== undefined).map((key) =>
      finding([...place, key], { found: `${key} without upstream`, wanted: "upstream beside it" })
    );
  }
  const { cert, key } = asMapping(service.upstreamTls);
  const findings: Finding[] = [];
  if (service.handler !== undefined) {
    findings.push(finding(place, { found: "handler and upstream", wanted: "one of them: who is to answer" }));
  }
  if ((cert === undefined) !== (key === undefined)) {
    const found = cert === undefined ? "key without cert" : "cert without key";
    findings.push(finding([...place, "upstreamTls"], { found, wanted: "cert and key, or neither" }));
  }
  return findings;
}

function serviceRules(service: Record<string, unknown>, place: Place): Finding[] {
  if (service.listen !== undefined || service.handler !== undefined) return [];
  return [finding(place, {
    found: "neither listen nor handler",
    wanted: "an address to listen at, or a handler that brings its own",
  })];
}

/** What holds of the isolation that a service has, by itself or by the defaults. */
function isolationRules(service: Record<string, unknown>, place: Place, isolation: unknown): Finding[] {
  if (isolation === "worker") {
    return ["user", "group"].filter((key) => service[key] !== undefined).map((key) =>
      finding([...place, key], {
        found: `${key} with isolation: worker`,
        wanted: "isolation: process beside it",
      })
    );
  }
  if (isolation !== "connection") {
    if (service.pool === undefined) return [];
    return [
      finding([...place, "pool"], {
        found: "pool without isolation: connection",
        wanted: "isolation: connection beside it",
      }),
    ];
  }
  return stringsAt(service.listen, [...place, "listen"])
    .filter(({ text }) => readEndpoint(text)?.transport === "udp")
    .map(({ text, place: at }) =>
      finding(at, {
        found: `${JSON.stringify(text)} with isolation: connection`,
        wanted: "another isolation: over UDP there are no connections",
      })
    );
}

function addressRules(
  service: Record<string, unknown>,
  place: Place,
  { base, taken, hasTls }: { base: string; taken: Map<string, string>; hasTls: boolean },
): Finding[] {
  const findings: Finding[] = [];
  for (const { text, place: at } of stringsAt(service.listen, [...place, "listen"])) {
    const endpoint = readEndpoint(text);
    if (endpoint === undefined) continue;
    const found = JSON.stringify(text);
    if (endpoint.transport === "tls" && !hasTls) {
      findings.push(
        finding(at, {
          found,
          wanted: "a certificate and a key for it, as tls of the service or of defaults",
        }),
      );
    }
    if (endpoint.protocol === "" && service.protocol === undefined && service.handler === undefined) {
      findings.push(
        finding(at, { found, wanted: "a protocol in the address or as protocol of the service" }),
      );
    }
    const socket = socketOf(endpoint, base);
    const other = socket === undefined ? undefined : taken.get(socket);
    if (other !== undefined) {
      findings.push(finding(at, { found, wanted: `an address of its own: ${other} listens there too` }));
    } else if (socket !== undefined) {
      taken.set(socket, formatPlace(at));
    }
  }
  return findings;
}

function tlsRules(value: unknown, place: Place): Finding[] {
  if (!isMapping(value)) return [];
  const { cert, key, certificates, clientCa, clientCertificate } = value;
  const findings: Finding[] = [];
  if (certificates !== undefined && (cert !== undefined || key !== undefined)) {
    findings.push(finding(place, {
      found: "certificates beside cert or key",
      wanted: "either cert and key or certificates",
    }));
  } else if (certificates === undefined && (cert === undefined || key === undefined)) {
    const found = cert !== undefined
      ? "cert without key"
      : key !== undefined
      ? "key without cert"
      : "no cert";
    findings.push(finding(place, { found, wanted: "cert and key, or certificates" }));
  }
  if ((clientCertificate === "required" || clientCertificate === "optional") && clientCa === undefined) {
    findings.push(finding([...place, "clientCertificate"], {
      found: describe(clientCertificate),
      wanted: "clientCa beside it, to check clients' certificates against",
    }));
  }
  return findings;
}

/** Options travel to the workers as JSON. */
function optionsRules(value: unknown, place: Place, within: unknown[] = []): Finding[] {
  if (value === null || value === undefined || typeof value === "boolean" || typeof value === "string") {
    return [];
  }
  if (typeof value === "number" && Number.isFinite(value)) return [];
  if (within.includes(value)) {
    return [finding(place, { found: "a value that contains itself", wanted: "a JSON value" })];
  }
  if (!Array.isArray(value) && !isMapping(value)) {
    return [finding(place, { found: describe(value), wanted: "a JSON value" })];
  }
  const entries: [PropertyKey, unknown][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  return entries.flatMap(([key, item]) => optionsRules(item, [...place, key], [...within, value]));
}

function readEndpoint(address: string): Endpoint | undefined {
  try {
    return parseEndpoint(address);
  } catch {
    return undefined;
  }
}

/** Names the socket an endpoint binds; undefined if the operating system chooses the port. */
function socketOf(endpoint: Endpoint, base: string): string | undefined {
  if (endpoint.transport === "unix") return `unix ${absolutePath(endpoint.path, base)}`;
  if (endpoint.port === 0) return undefined;
  const family = endpoint.transport === "udp" ? "udp" : "tcp";
  return `${family} ${endpoint.hostname.toLowerCase()} ${endpoint.port}`;
}
