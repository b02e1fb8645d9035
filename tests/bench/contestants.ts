/**
 * Who is compared: protohost, hand-written loops, other runtimes, another framework; all doing the same work.
 *
 * @module
 */

import { join } from "@std/path";
import { beside, type Found, type Toolbox } from "./toolbox.ts";
import { type Format, FORMATS } from "./wire.ts";

/** What a contestant is started with. */
export interface Place {
  port: number;
  format: Format;
  toolbox: Toolbox;
  /** Of a proxy: the port behind it. */
  upstreamPort?: number;
  /** A path for a control socket, where one is wanted. */
  control?: string;
}

/** A server that can be started, as a process. */
export interface Contestant {
  name: string;
  /** What it is written for; nothing for protohost itself. */
  version(toolbox: Toolbox): string;
  formats: readonly Format[];
  /** Why it cannot take part here. */
  missing?(toolbox: Toolbox): string | undefined;
  command(place: Place): string[] | Promise<string[]>;
  env?(place: Place): Record<string, string>;
}

/** What the others are compared with: the hand-tuned loop. */
export const BARE = "bare Deno loop";
/** What proxies are compared with. */
export const RELAY = "bare Deno relay";
/** protohost with all that a service has by default, and a hook. */
export const OURS = "protohost";
/** The same without the hook. */
export const UNHOOKED = "protohost, no hook";

/** The services. */
export const SERVERS: readonly Contestant[] = [
  { name: OURS, ...deno((place) => ours(place, ["--handler", handlerOf(place), ...hooks("rare_in.ts")])) },
  { name: UNHOOKED, ...deno((place) => ours(place, ["--handler", handlerOf(place)])) },
  { name: BARE, ...deno(({ port, format }) => script("peers/bare_deno.ts", port, format)) },
  {
    name: "Node net",
    ...optional(({ node }) => node),
    command: ({ toolbox, port, format }) => [
      pathOf(toolbox.node),
      beside("peers/node_net.mjs"),
      String(port),
      format,
    ],
  },
  {
    name: "Bun.listen",
    ...optional(({ bun }) => bun),
    command: ({ toolbox, port, format }) => [
      pathOf(toolbox.bun),
      beside("peers/bun.ts"),
      String(port),
      format,
    ],
  },
  {
    name: "Workerman",
    ...optional(({ workerman }) => workerman),
    version: ({ workerman }) => `PHP ${versionOf(workerman)}`,
    command: ({ toolbox }) => [
      pathOf(toolbox.workerman),
      ...["opcache.enable_cli=1", "opcache.jit=tracing", "opcache.jit_buffer_size=64M"]
        .flatMap((setting) => ["-d", setting]),
      beside("peers/workerman.php"),
      "start",
    ],
    env: ({ toolbox, port, format }) => ({
      BENCH_PORT: String(port),
      BENCH_FORMAT: format,
      BENCH_DIR: toolbox.dir,
    }),
  },
  {
    name: "C echo",
    ...optional(({ floor }) => floor),
    version: () => "epoll, no JSON",
    command: ({ toolbox, port }) => [pathOf(toolbox.floor), String(port)],
  },
];

/** The proxies. Each stands before `upstreamPort` and carries lines of text. */
export const PROXIES: readonly Contestant[] = [
  proxy("protohost proxy", []),
  proxy("protohost proxy, requests hooked", hooks("rare_in.ts")),
  proxy("protohost proxy, both hooked", hooks("rare_both.ts")),
  { name: RELAY, ...deno(({ port, upstreamPort }) => script("peers/bare_relay.ts", port, upstreamPort!)) },
  {
    name: "HAProxy",
    ...optional(({ haproxy }) => haproxy),
    async command({ toolbox, port, upstreamPort }) {
      const file = join(toolbox.dir, `haproxy-${port}.cfg`);
      await Deno.writeTextFile(file, haproxyConfig(port, upstreamPort!));
      return [pathOf(toolbox.haproxy), "-db", "-f", file];
    },
  },
];

/**
 * Finds a contestant by its name.
 *
 * @throws {RangeError} If there is none.
 */
export function contestantOf(name: string): Contestant {
  const found = [...SERVERS, ...PROXIES].find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`Cannot find a contestant "${name}"`);
  return found;
}

/** What runs protohost as a user does, with the permissions of deno.json and the limits of the defaults. */
export function protohost(args: string[]): string[] {
  return [Deno.execPath(), "run", "--quiet", "-P=serve", beside("../../main.ts"), ...args];
}

function deno(command: Contestant["command"]): Omit<Contestant, "name"> {
  return { formats: FORMATS, version: () => `Deno ${Deno.version.deno}`, command };
}

function optional(
  of: (toolbox: Toolbox) => Found,
): Pick<Contestant, "formats" | "version" | "missing"> {
  return {
    formats: FORMATS,
    version: (toolbox) => versionOf(of(toolbox)),
    missing(toolbox) {
      const found = of(toolbox);
      return "missing" in found ? found.missing : undefined;
    },
  };
}

function proxy(name: string, args: string[]): Contestant {
  return {
    name,
    ...deno((place) => ours(place, ["--upstream", `tcp://127.0.0.1:${place.upstreamPort}`, ...args])),
  };
}

function ours({ format, port, control }: Place, args: string[]): string[] {
  return protohost([
    ...["run", `${format}://127.0.0.1:${port}`, ...args],
    ...(control === undefined ? [] : ["--control", control]),
  ]);
}

function handlerOf({ format }: Place): string {
  return beside(format === "jsonnl" ? "services/jsonnl.ts" : "services/echo.ts");
}

function hooks(file: string): string[] {
  return ["--hooks", beside(`services/${file}`)];
}

function script(file: string, port: number, last: string | number): string[] {
  return [Deno.execPath(), "run", "--no-config", "-A", beside(file), String(port), String(last)];
}

function haproxyConfig(port: number, upstreamPort: number): string {
  return `
global
  nbthread 1
defaults
  mode tcp
  timeout connect 5s
  timeout client 10m
  timeout server 10m
listen bench
  bind 127.0.0.1:${port}
  server echo 127.0.0.1:${upstreamPort}
`;
}

function pathOf(found: Found): string {
  if ("missing" in found) throw new RangeError(`Cannot start it: ${found.missing}`);
  return found.path;
}

function versionOf(found: Found): string {
  return "missing" in found ? "" : found.version;
}
