/**
 * The plan of a server as text: what runs where, and with what.
 *
 * @module
 */

import { fromFileUrl, relative } from "@std/path";
import type { Config, ServiceConfig } from "../config/mod.ts";
import { isSharable, parseEndpoint } from "../contract/endpoint.ts";
import { placeOf } from "../base/error_place.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import { DEFAULT_LIMITS, LIMIT_FIELDS, type Limits } from "../contract/limits.ts";
import type { LoadedService } from "./load_services.ts";
import { formatDuration, formatSize } from "../base/units.ts";
import { formatRows } from "./table.ts";
import type { Paint } from "./terminal.ts";

/** The plan, a block for each service. */
export function formatPlan(config: Config, services: LoadedService[], paint: Paint): string {
  const blocks = services.map((one) => {
    const title = one.loaded ? `${paint.green("✓")} ${paint.bold(one.service.name)}` : failure(one, paint);
    return [title, ...formatRows(detailsOf(config, one, paint)).map((line) => `    ${line}`)].join("\n");
  });
  return blocks.join("\n");
}

/** Limits that are not the defaults, as people write them: `idleTimeout 1h, maxFrameBytes 4 KiB`. */
export function describeLimits(limits: Limits): string {
  return Object.entries(LIMIT_FIELDS)
    .filter(([, { field }]) => limits[field] !== DEFAULT_LIMITS[field])
    .map(([name, { field, kind }]) => `${name} ${describeLimit(limits[field], kind)}`)
    .join(", ");
}

/**
 * Which hooks run for which command, a line for each command, with the hooks in their order:
 * `in   AUTH   hooks[0]: count auth; hooks[1]: webhook, close (...)`.
 */
export function describeHooks(hooks: readonly HookDescription[]): string[] {
  return formatRows(hooks.map(({ direction, command, protocols, hooks }) => [
    direction,
    (command === "*" ? "others" : command === "" ? '""' : command) +
    (protocols === undefined ? "" : ` (${protocols.join(", ")})`),
    hooks.join("; "),
  ]));
}

function describeIsolation({ isolation, pool }: ServiceConfig): string {
  if (pool === undefined) return isolation!;
  const { size, spare, waitMs } = pool;
  const patience = waitMs === 0 ? "without limit" : formatDuration(waitMs);
  return `${isolation}: at most ${size} processes, ${spare} of them spare; connections wait ${patience} for one`;
}

function failure({ service }: LoadedService, paint: Paint): string {
  return `${paint.red("✗")} ${paint.bold(service.name)}`;
}

function detailsOf(config: Config, one: LoadedService, paint: Paint): string[][] {
  const { service } = one;
  const rows = one.loaded
    ? column(
      "listen",
      one.addresses.map((address, index) => describeAddress(address, one.protocols[index], paint)),
    )
    : column(
      "error",
      `${one.error.message}${placeOf(one.error)}`.split("\n").map((line) => paint.red(line.trim())),
    );
  if (service.handler !== undefined) rows.push(["handler", moduleName(service.handler, config)]);
  if (service.proxy !== undefined) rows.push(...column("upstream", service.proxy.upstream));
  if (service.isolation !== undefined) rows.push(["isolation", describeIsolation(service)]);
  const account = [service.user, service.group].filter((name) => name !== undefined).join(":");
  if (account !== "") rows.push(["user", account]);
  if (service.instances > 1) rows.push(["instances", describeInstances(one, paint)]);
  const hooks = one.loaded ? one.hooks : [];
  rows.push(...column("hooks", describeHooks(hooks)));
  const warnings = new Set([...hooks.flatMap(({ warnings = [] }) => warnings), ...one.warnings]);
  rows.push(...column("warning", [...warnings].map((warning) => paint.yellow(warning))));
  const limits = describeLimits(service.limits);
  if (limits !== "") rows.push(["limits", limits]);
  return rows.map(([name, ...rest]) => [paint.dim(name), ...rest]);
}

/** How many instances there are, and which addresses the first one serves alone. */
function describeInstances(one: LoadedService, paint: Paint): string {
  const { instances } = one.service;
  const alone = one.loaded ? one.addresses.filter((address) => !isSharable(parseEndpoint(address))) : [];
  if (alone.length === 0) return String(instances);
  const isAll = one.loaded && alone.length === one.addresses.length;
  const what = isAll
    ? "UDP and unix addresses cannot be shared, so only 1 will run"
    : `only the first serves ${alone.join(" and ")}`;
  return `${instances}  ${paint.yellow(what)}`;
}

/** Rows under one name, which only the first one shows. */
function column(name: string, values: string[]): string[][] {
  return values.map((value, index) => [index === 0 ? name : "", value]);
}

/** An address, with the protocol if the address does not name it. */
function describeAddress(address: string, protocol: string | undefined, paint: Paint): string {
  const endpoint = parseEndpoint(address);
  const notes = [];
  if (protocol !== undefined && endpoint.protocol !== protocol.toLowerCase()) {
    notes.push(`speaks ${protocol}`);
  }
  if ("hostname" in endpoint && endpoint.hostname === "localhost") {
    notes.push("one of 127.0.0.1 and [::1]; list both to listen at both");
  }
  return notes.length === 0 ? address : `${address}  ${paint.dim(notes.join("; "))}`;
}

function describeLimit(value: number, kind: "size" | "count" | "duration"): string {
  if (value === 0) return "off";
  if (kind === "size") return formatSize(value);
  return kind === "duration" ? formatDuration(value) : String(value);
}

function moduleName(module: string, { base }: Config): string {
  if (!module.startsWith("file:") || !base.startsWith("file:")) return module;
  return relative(fromFileUrl(base), fromFileUrl(module));
}
