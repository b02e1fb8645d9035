/**
 * Scenarios of load on servers: requests in flight, crowds, sizes, a connection a request.
 *
 * @module
 */

import { BARE, type Contestant, contestantOf, OURS, PROXIES, RELAY, SERVERS } from "./contestants.ts";
import type { Point, Scenario } from "./scenario.ts";
import type { Load, RunningServer, Stage } from "./stage.ts";
import type { Format } from "./wire.ts";

const REQUEST_BYTES = 64;
const CONNECTIONS = 50;
const PIPELINE = 16;

const unpipelined: Load = { connections: CONNECTIONS, pipeline: 1, bytes: REQUEST_BYTES };
const pipelined: Load = { ...unpipelined, pipeline: PIPELINE };
const crowd: Load = { ...unpipelined, connections: 1000 };

/** Contestants of sweeps, which would take long with all of them. */
const FEW = [OURS, BARE, "Node net", "Bun.listen"].map(contestantOf);
const OURS_AND_BARE = [OURS, BARE].map(contestantOf);

const gateLoads: Partial<Record<Format, Record<string, Load>>> = {
  jsonnl: { "JSON lines, one in flight": unpipelined, "JSON lines, 16 in flight": pipelined },
  text: {
    "48 bytes, 16 in flight": { ...pipelined, bytes: 48 },
    "a mix of sizes, 16 in flight": { ...pipelined, bytes: "mix" },
    "a mix that trickles in, 16 in flight": { ...pipelined, bytes: "mix", trickle: 1_000 },
  },
};

const figures = ["perSecond", "p50", "p99", "cpu"] as const;

/** The scenarios of this kind. */
export const throughput: Scenario[] = [
  serving("unpipelined", `JSON lines, ${CONNECTIONS} connections, one request in flight on each`, {
    loads: { "": unpipelined },
  }),
  serving("pipelined", `JSON lines, ${CONNECTIONS} connections, ${PIPELINE} requests in flight on each`, {
    loads: { "": pipelined },
  }),
  serving("crowd", "JSON lines, 1,000 connections, one request in flight on each", { loads: { "": crowd } }),
  serving("text", `Lines of text, ${CONNECTIONS} connections`, { format: "text", loads: bothWays() }),
  serving("frame", `Frames behind their length, ${CONNECTIONS} connections`, {
    format: "frame",
    loads: bothWays(),
  }),
  serving("connections", "JSON lines, as connections become more, one request in flight on each", {
    contestants: FEW,
    loads: (quick) =>
      Object.fromEntries(
        (quick ? [10, 1000] : [10, 100, 1000, 10_000])
          .map((connections) => [`${connections} connections`, { ...unpipelined, connections }]),
      ),
  }),
  serving("sizes", "Frames behind their length, as they grow, one request in flight on each connection", {
    format: "frame",
    contestants: FEW,
    loads: (quick) =>
      Object.fromEntries(
        (quick ? [64, 16_384, 1_048_576] : [64, 1024, 16_384, 131_072, 1_048_576])
          .map((bytes) => [
            `${bytes} bytes`,
            { pipeline: 1, bytes, connections: bytes > 65_536 ? 10 : CONNECTIONS },
          ]),
      ),
  }),
  serving("rate", `JSON lines, ${CONNECTIONS} at a time: connect, one request, close`, {
    loads: { "": { ...unpipelined, churn: true } },
    figures: [...figures, "errors"],
  }),
  {
    name: "proxy",
    title: `Lines of text through a proxy, ${CONNECTIONS} connections`,
    figure: "perSecond",
    figures,
    async open(stage) {
      const upstream = await stage.startUpstream();
      const servers = await startAll(
        stage,
        PROXIES,
        (contestant) => stage.start(contestant, "text", { upstreamPort: upstream.port }),
      );
      return pointsOf(stage, servers, { loads: bothWays(), reference: RELAY });
    },
  },
];

/** What the gate of continuous integration measures: protohost beside the bare loop, at sizes that suit no buffer. */
export const gateScenario: Scenario = {
  name: "gate",
  title: "protohost beside the bare loop",
  figure: "perSecond",
  figures,
  async open(stage) {
    const points = [];
    for (const [format, loads] of Object.entries(gateLoads) as [Format, Record<string, Load>][]) {
      const servers = await startAll(stage, OURS_AND_BARE, (contestant) => stage.start(contestant, format));
      points.push(...pointsOf(stage, servers, { loads, reference: BARE }));
    }
    return points;
  },
};

interface Serving {
  format?: Format;
  contestants?: readonly Contestant[];
  loads: Record<string, Load> | ((quick: boolean) => Record<string, Load>);
  figures?: Scenario["figures"];
}

/** A scenario of services that are loaded themselves. */
function serving(name: string, title: string, options: Serving): Scenario {
  const { format = "jsonnl", contestants = SERVERS, loads } = options;
  return {
    name,
    title,
    figure: "perSecond",
    figures: options.figures ?? figures,
    async open(stage) {
      const servers = await startAll(stage, contestants, (contestant) => stage.start(contestant, format));
      const chosen = typeof loads === "function" ? loads(stage.bench.effort.quick) : loads;
      return pointsOf(stage, servers, { loads: chosen, reference: BARE });
    },
  };
}

function bothWays(): Record<string, Load> {
  return { "one in flight": unpipelined, [`${PIPELINE} in flight`]: pipelined };
}

/** Starts and warms up those that are there, one after the other; of one that does not start, keeps why. */
async function startAll(
  stage: Stage,
  contestants: readonly Contestant[],
  start: (contestant: Contestant) => Promise<RunningServer>,
): Promise<Map<string, RunningServer | Error>> {
  const servers = new Map<string, RunningServer | Error>();
  for (const contestant of stage.present(contestants)) {
    try {
      const server = await start(contestant);
      await stage.warmUp(server);
      servers.set(contestant.name, server);
    } catch (error) {
      servers.set(contestant.name, error as Error);
    }
  }
  return servers;
}

function pointsOf(
  stage: Stage,
  servers: Map<string, RunningServer | Error>,
  { loads, reference }: { loads: Record<string, Load>; reference: string },
): Point[] {
  return Object.entries(loads).map(([label, load]) => ({
    label,
    reference,
    cases: [...servers].map(([contestant, server]) => ({
      contestant,
      measure: () => server instanceof Error ? Promise.reject(server) : stage.load(server, load),
    })),
  }));
}
