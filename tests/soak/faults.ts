/**
 * What is done to the services meanwhile: faults of their code, of their processes, and what an operator does.
 *
 * A fault lasts from before it is brought about until the service serves again; what is lost of that service meanwhile is
 * its own affair. A restart and a reload are no faults: nothing may be lost by them.
 *
 * @module
 */

import type { Random } from "../../lib/testing/random.ts";
import { Wire } from "../support/wire.ts";
import { type FaultName, isAlone, SERVICES, type SoakService } from "./services.ts";
import { inTime, type SoakServer } from "./server.ts";
import type { Tally } from "./tally.ts";

/** Between two deeds. */
const PAUSE_MS = { least: 200, most: 2_500 };
const LOOK_MS = 100;
/** Of services under fault at a time. */
const MOST_AT_ONCE = 3;
/** Of ten deeds so many are an operator's. */
const OPERATOR_OF_TEN = 3;
/** What the fixture calls its misdeeds. */
const MISDEEDS = { throw: "crash", exit: "exit", memory: "buffers", hang: "loop" } as const;

/** What goes on. */
export interface FaultOptions {
  server: SoakServer;
  tally: Tally;
  random: Random;
  signal: AbortSignal;
}

/** Does something every second or so until the signal; settles once all faults are over. */
export async function doHarm(options: FaultOptions): Promise<void> {
  const { tally, random, signal } = options;
  const open = new Set<Promise<void>>();
  while (!signal.aborted) {
    await pause(PAUSE_MS.least + random.below(PAUSE_MS.most - PAUSE_MS.least));
    if (signal.aborted) break;
    if (random.below(10) < OPERATOR_OF_TEN) await operate(options);
    else if (open.size < MOST_AT_ONCE) {
      const service = random.pick(SERVICES);
      if (tally.of(service.name).isUnderFault) continue;
      const fault = harm(service, random.pick(service.faults), options).finally(() => open.delete(fault));
      open.add(fault);
    }
  }
  await Promise.all(open);
}

/** A restart of one service, or a reload of all. */
async function operate({ server, tally, random }: FaultOptions): Promise<void> {
  // What is under fault may not start either: then neither of them is to be judged.
  const service = random.pick(SERVICES);
  const anyFault = SERVICES.some(({ name }) => tally.of(name).isUnderFault);
  if (anyFault) return;
  const deed = random.below(4) === 0 ? "reload" : "restart";
  tally.of(service.name).count(deed);
  try {
    await inTime(
      server.control({ command: deed, ...(deed === "restart" ? { service: service.name } : {}) }),
      deed,
    );
    await server.locate();
  } catch (error) {
    tally.gone(service.name, deed, (error as Error).message);
  }
}

async function harm(service: SoakService, fault: FaultName, options: FaultOptions): Promise<void> {
  const { server, tally } = options;
  const figures = tally.of(service.name);
  figures.count(fault);
  const own = fault !== "kill" && fault !== "stop";
  const alone = own && isAlone(service);
  if (!alone) figures.faultBegins();
  try {
    const before = await crashesOf(server, service);
    if (own) await misbehave(server, service, MISDEEDS[fault]);
    else await signalOne(server, service, fault === "kill" ? "SIGKILL" : "SIGSTOP", options.random);
    if (alone) return;
    await inTime(back(server, service, before), `${service.name} after ${fault}`);
    await server.locate();
  } catch (error) {
    tally.gone(service.name, fault, (error as Error).message);
  } finally {
    if (!alone) figures.faultEnds();
  }
}

async function misbehave(server: SoakServer, { name, transport }: SoakService, how: string): Promise<void> {
  const place = server.placeOf(name);
  if (!("port" in place)) throw new Error("misdeeds are told over TCP");
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: place.port });
  const conn = transport === "tls" ? await Deno.startTls(tcp, { hostname: "one.test" }) : tcp;
  using wire = new Wire(conn);
  await wire.write(`misbehave ${how}\n`);
  await wire.rest().catch(() => {});
}

async function signalOne(
  server: SoakServer,
  { name }: SoakService,
  signal: Deno.Signal,
  random: Random,
): Promise<void> {
  const { instances } = await server.serviceStatus(name);
  const pids = instances.filter(({ state, pid }) => state === "ready" && pid !== undefined).map(({ pid }) =>
    pid!
  );
  if (pids.length > 0) Deno.kill(random.pick(pids), signal);
}

async function crashesOf(server: SoakServer, { name }: SoakService): Promise<number> {
  return (await server.serviceStatus(name)).crashes;
}

/** Settles once the service has crashed and serves again with all its instances. */
async function back(server: SoakServer, service: SoakService, crashesBefore: number): Promise<void> {
  for (;;) {
    const { state, crashes } = await server.serviceStatus(service.name);
    if (state === "running" && crashes > crashesBefore) return;
    await pause(LOOK_MS);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
