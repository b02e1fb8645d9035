/**
 * The server under soak: its configuration, its control socket, and what its processes take.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import type { ServerStatus, ServiceStatus } from "../../lib/supervisor/server_status.ts";
import { type Launcher, Program, TempFolder } from "../support/program.ts";
import { RedisServer } from "../support/redis.ts";
import { soon, Wire } from "../support/wire.ts";
import type { SoakService } from "./services.ts";

const FIXTURES = new URL("../fixtures/", import.meta.url);
/** The control socket may take so long to answer: a restart waits for the new instances. */
const CONTROL_MS = 90_000;

/** What a server and its children hold. */
export interface Holdings {
  processes: number;
  threads: number;
  descriptors: number;
  memoryBytes: number;
}

/** Where a service is to be found. */
export type Place = { port: number } | { path: string };

/** A server with all the services, and what stands behind two of them. */
export class SoakServer implements AsyncDisposable {
  readonly program: Program;
  readonly #folder: TempFolder;
  readonly #redis: RedisServer;
  readonly #echo: Deno.TcpListener;
  #places: ReadonlyMap<string, Place> = new Map();

  private constructor(
    program: Program,
    folder: TempFolder,
    behind: { redis: RedisServer; echo: Deno.TcpListener },
  ) {
    this.program = program;
    this.#folder = folder;
    this.#redis = behind.redis;
    this.#echo = behind.echo;
  }

  /** Starts it; settles once all serve. */
  static async start(launcher: Launcher, services: readonly SoakService[]): Promise<SoakServer> {
    const folder = new TempFolder();
    const redis = await RedisServer.start();
    const echo = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    serveEcho(echo);
    for (const name of ["misbehaves.ts", "echo.ts"]) {
      await Deno.copyFile(new URL(`services/${name}`, FIXTURES), folder.at(name));
    }
    const lines = services.map((service) =>
      `  ${service.name}: ${wordsOf(service, folder, { redis, echo })}\n`
    );
    await folder.write({
      "protohost.yaml": `control: ./control.sock\ndefaults: { limits: { heartbeat: 3s, memory: 256MiB } }\n` +
        `services:\n${lines.join("")}`,
    });
    const program = new Program(launcher, ["serve"], folder.path);
    await program.until(/Ctrl-C stops/);
    const server = new SoakServer(program, folder, { redis, echo });
    await server.locate();
    return server;
  }

  /** Finds out where the services listen. */
  async locate(): Promise<void> {
    const { services } = await this.status();
    this.#places = new Map(services.map(({ name, addresses: [address] }) => [name, placeOf(address)]));
  }

  placeOf(name: string): Place {
    return this.#places.get(name)!;
  }

  /** Carries out a command of the control socket. */
  async control<T>(command: Record<string, unknown>): Promise<T> {
    using wire = await Wire.open(this.#folder.at("control.sock"));
    wire.deadlineMs = CONTROL_MS;
    await wire.write(`${JSON.stringify({ id: 1, ...command })}\n`);
    const reply = JSON.parse(await wire.line());
    if (!reply.ok) throw new Error(`${command.command}: ${reply.error.code}: ${reply.error.message}`);
    return reply.result;
  }

  status(): Promise<ServerStatus> {
    return this.control({ command: "status" });
  }

  async serviceStatus(name: string): Promise<ServiceStatus> {
    return (await this.status()).services.find((service) => service.name === name)!;
  }

  /** What it and all its children hold, as the system counts it. */
  holdings(): Holdings {
    const pids = withChildren(this.program.pid);
    const sum = (what: (pid: number) => number) => pids.reduce((all, pid) => all + what(pid), 0);
    return {
      processes: pids.length,
      threads: sum((pid) => count(`/proc/${pid}/task`)),
      descriptors: sum((pid) => count(`/proc/${pid}/fd`)),
      memoryBytes: sum(residentBytes),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    this.#echo.close();
    await this.#redis[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }
}

function wordsOf(
  { name, format, transport, isolation, instances = 1, upstream }: SoakService,
  folder: TempFolder,
  { redis, echo }: { redis: RedisServer; echo: Deno.TcpListener },
): string {
  const address = transport === "unix"
    ? `${format}+unix://${folder.at(`${name}.sock`)}`
    : `${format}${transport === "tcp" ? "" : `+${transport}`}://127.0.0.1:0`;
  const tls = transport === "tls"
    ? `, tls: { cert: ${fromFileUrl(new URL("tls/one.crt", FIXTURES))}, key: ${
      fromFileUrl(new URL("tls/one.key", FIXTURES))
    } }`
    : "";
  const behind = upstream === undefined
    ? `handler: ./${format === "text" ? "misbehaves" : "echo"}.ts`
    : `upstream: "${upstream === "redis" ? `unix://${redis.path}` : `tcp://127.0.0.1:${echo.addr.port}`}", ` +
      // Both directions are cut, decoded and hooked.
      `hooks: [{ on: "*", direction: both, then: [{ count: seen }] }]`;
  const pool = isolation === "connection" ? ", pool: { size: 16, spare: 2 }" : "";
  return `{ listen: "${address}", isolation: ${isolation}, instances: ${instances}, ${behind}${tls}${pool} }`;
}

function placeOf(address: string): Place {
  const port = /:(\d+)$/.exec(address)?.[1];
  return port === undefined ? { path: address.slice(address.indexOf("://") + 3) } : { port: Number(port) };
}

async function serveEcho(listener: Deno.TcpListener): Promise<void> {
  for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
}

function withChildren(pid: number): number[] {
  const pids = [pid];
  for (const one of pids) {
    for (const task of list(`/proc/${one}/task`)) pids.push(...childrenOf(one, task));
  }
  return pids;
}

function childrenOf(pid: number, task: string): number[] {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/task/${task}/children`).split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function residentBytes(pid: number): number {
  try {
    const [, kib] = /^VmRSS:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))!;
    return Number(kib) * 1024;
  } catch {
    return 0;
  }
}

function count(folder: string): number {
  return list(folder).length;
}

function list(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** Waits for what may take long, and says so if it takes too long. */
export function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  return soon(promise, what, CONTROL_MS);
}
