// deno-lint-ignore-file no-console
/**
 * A soak: ten services over all transports and isolations, random faults, restarts and reloads, and clients that check
 * every reply. `deno task soak --help` has its options.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { Random } from "../../lib/testing/random.ts";
import { fromSource, type Launcher } from "../support/program.ts";
import { askOnAndOn } from "./clients.ts";
import { doHarm } from "./faults.ts";
import { formatReport } from "./report.ts";
import { type Holdings, SoakServer } from "./server.ts";
import { SERVICES } from "./services.ts";
import { Tally } from "./tally.ts";

const HELP = `deno task soak [OPTIONS]

  --minutes N        how long (1)
  --clients N        clients of each service (3)
  --seed N           repeats the choices of a run (random)
  --executable FILE  a compiled protohost in place of the sources
  --growth PERCENT   by so much memory and descriptors may have grown at the end (5 from 10 minutes on, else 30)

Needs Linux and redis-server. Ends with 1 if a reply was wrong, or lost on a service that was not under fault, if
a service did not come back, or if what the processes hold has grown.`;

/** So long before the first look at what the processes hold, of the whole. */
const WARM_UP = 0.15;
const MOST_WARM_UP_MS = 60_000;
/** Connections that clients have closed are gone after this long. */
const REST_MS = 5_000;

const args = parseArgs(Deno.args, {
  string: ["minutes", "clients", "seed", "executable", "growth"],
  boolean: ["help"],
  default: { minutes: "1", clients: "3" },
});
if (args.help) {
  console.log(HELP);
  Deno.exit(0);
}
const wholeMs = Number(args.minutes) * 60_000;
const seed = args.seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] : Number(args.seed);
const growth = 1 + Number(args.growth ?? (wholeMs >= 600_000 ? 5 : 30)) / 100;
const launcher: Launcher = args.executable === undefined
  ? fromSource
  : { command: args.executable, args: [], env: { NO_COLOR: "1" } };

Deno.exit(await soak() ? 0 : 1);

async function soak(): Promise<boolean> {
  const tally = new Tally(SERVICES);
  const random = new Random(seed);
  console.log(`Soak of ${args.minutes} min, seed ${seed}`);
  await using server = await SoakServer.start(launcher, SERVICES);
  const warmUpMs = Math.min(wholeMs * WARM_UP, MOST_WARM_UP_MS);
  await stress(server, tally, random, warmUpMs);
  const before = await holdingsAtRest(server);
  const sinceMs = performance.now();
  const progress = setInterval(() => tell(tally, sinceMs), 30_000);
  await stress(server, tally, random, wholeMs - warmUpMs);
  clearInterval(progress);
  const after = await holdingsAtRest(server);
  const seconds = (performance.now() - sinceMs) / 1000;
  console.log(formatReport(SERVICES, tally, { before, after, seed, seconds }));
  const figures = [...tally.services.values()];
  const good = figures.every(({ wrong, lost }) => wrong === 0 && lost === 0);
  const silent = SERVICES.filter(({ name }) => tally.of(name).replies === 0).map(({ name }) => name);
  if (silent.length > 0) console.log(`Never answered: ${silent.join(", ")}`);
  const flat = isFlat(before, after);
  if (!flat) console.log(`Grown by more than ${Math.round((growth - 1) * 100)} %`);
  if (!good || !flat) console.log(`The server's log:\n${server.program.output.slice(-20_000)}`);
  return good && flat && silent.length === 0;
}

/** Clients and faults, side by side, for so long. */
async function stress(server: SoakServer, tally: Tally, random: Random, ms: number): Promise<void> {
  const over = new AbortController();
  const end = setTimeout(() => over.abort(), ms);
  const harm = new AbortController();
  let id = 0;
  const clients = SERVICES.flatMap((service) =>
    Array.from(
      { length: Number(args.clients) },
      () => askOnAndOn(service, { server, tally, random, id: id++, signal: over.signal }),
    )
  );
  // Faults end first: clients see to it that all are back.
  const faults = doHarm({ server, tally, random, signal: AbortSignal.any([harm.signal, over.signal]) });
  const stopHarm = setTimeout(() => harm.abort(), ms * 0.9);
  await Promise.all([...clients, faults]);
  clearTimeout(end);
  clearTimeout(stopHarm);
}

/** What the server and its children hold once nothing goes on. */
async function holdingsAtRest(server: SoakServer): Promise<Holdings> {
  await new Promise((resolve) => setTimeout(resolve, REST_MS));
  return server.holdings();
}

function isFlat(before: Holdings, after: Holdings): boolean {
  return after.processes <= before.processes &&
    after.descriptors <= before.descriptors * growth &&
    after.memoryBytes <= before.memoryBytes * growth;
}

function tell(tally: Tally, sinceMs: number): void {
  const sum = (of: "replies" | "lost" | "wrong") =>
    [...tally.services.values()].reduce((all, figures) => all + figures[of], 0);
  const seconds = Math.round((performance.now() - sinceMs) / 1000);
  console.log(`${seconds} s: ${sum("replies")} replies, ${sum("wrong")} wrong, ${sum("lost")} lost`);
}
