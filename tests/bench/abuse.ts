/**
 * What clients that run into a rule do to the many that do not.
 *
 * @module
 */

import { join } from "@std/path";
import { type Contestant, protohost } from "./contestants.ts";
import type { Sample } from "./figures.ts";
import { ProcessError } from "./processes.ts";
import type { Point, Scenario } from "./scenario.ts";
import type { Load, RunningServer, Stage } from "./stage.ts";

const CONNECTIONS = 10_000;
const QUICK_CONNECTIONS = 1000;
/** How many of them ask at a time: one says how long a reply takes, many what they all get. */
const ASKING = [1, 50];
/** While there are offenders, one comes each so many milliseconds. */
const OFFEND_MS = 10;
/** So long after the last one webhooks may come. */
const WEBHOOK_MS = 5000;

const BEFORE = "before offenders";
const DURING = "during";
const AFTER = "after";

/** Latency of many connections through a proxy that watches for a sequence, while some clients do it and others not. */
export const abuse: Scenario = {
  name: "abuse",
  title: `${CONNECTIONS.toLocaleString("en-US")} connections through a proxy (--quick: ${
    QUICK_CONNECTIONS.toLocaleString("en-US")
  }), while ${1000 / OFFEND_MS} others a second are closed with a webhook each; less is better`,
  figure: "p99",
  figures: ["p50", "p99", "p999", "perSecond", "closed", "webhooks"],
  compared: ["p50", "perSecond"],
  async open(stage) {
    const desk = stage.use(new Desk());
    const upstream = await stage.startUpstream();
    const server = await stage.start(guard(desk.port), "text", { upstreamPort: upstream.port });
    await stage.warmUp(server);
    const connections = stage.bench.effort.quick ? QUICK_CONNECTIONS : CONNECTIONS;
    return ASKING.map((asking): Point => {
      const load: Load = { connections, asking, pipeline: 1, bytes: 64 };
      return {
        label: `${asking} asking at a time`,
        reference: BEFORE,
        cases: [
          { contestant: BEFORE, measure: () => stage.load(server, load) },
          { contestant: DURING, measure: () => disturbed(stage, server, { load, desk }) },
          { contestant: AFTER, measure: () => stage.load(server, load) },
        ],
      };
    });
  },
};

/**
 * A proxy with a rule. Two instances, which share the connections: a process may often have no more than 20,000
 * descriptors, and a connection through a proxy takes two.
 */
function guard(webhookPort: number): Contestant {
  return {
    name: "protohost proxy with a rule",
    formats: ["text"],
    version: () => `Deno ${Deno.version.deno}`,
    async command({ toolbox, port, upstreamPort }) {
      const file = join(toolbox.dir, "abuse.yaml");
      await Deno.writeTextFile(
        file,
        `
control: false
services:
  guard:
    listen: text://127.0.0.1:${port}
    upstream: tcp://127.0.0.1:${upstreamPort}
    instances: 2
    hooks:
      - sequence: [AUTH, AUTH, AUTH]
        within: 30s
        then: [{ webhook: "http://127.0.0.1:${webhookPort}/abuse" }, close]
`,
      );
      return protohost(["serve", "-c", file]);
    },
  };
}

/** Where webhooks arrive. */
class Desk implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #count = 0;

  constructor() {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      await request.body?.cancel();
      this.#count++;
      return new Response();
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** How many have come so far. */
  get count(): number {
    return this.#count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/**
 * Loads the server while one offender comes after the other, each on a connection of its own.
 *
 * @throws {ProcessError} If there is not one webhook for each of them.
 */
async function disturbed(
  stage: Stage,
  server: RunningServer,
  { load, desk }: { load: Load; desk: Desk },
): Promise<Sample> {
  const before = desk.count;
  const offences: Promise<void>[] = [];
  const timer = setInterval(() => offences.push(offend(server.port)), OFFEND_MS);
  const sample = await stage.load(server, load).finally(() => clearInterval(timer));
  await Promise.all(offences);
  const deadline = performance.now() + WEBHOOK_MS;
  while (desk.count - before < offences.length && performance.now() < deadline) await pause(OFFEND_MS);
  const webhooks = desk.count - before;
  if (webhooks !== offences.length) {
    throw new ProcessError(`There were ${webhooks} webhooks, wanted ${offences.length}`);
  }
  return { ...sample, closed: offences.length, webhooks };
}

/** Settles once the connection is closed. */
async function offend(port: number): Promise<void> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("AUTH 1\nAUTH 2\nAUTH 3\n"));
  const chunk = new Uint8Array(256);
  while (await connection.read(chunk) !== null);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
