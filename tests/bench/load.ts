// deno-lint-ignore-file no-console
/**
 * What load.c does where there is no compiler for it, with the same command line and output:
 *
 *     deno run -A load.ts HOST PORT CONNECTIONS PIPELINE SECONDS jsonnl|text|frame BYTES|mix [ASKING [TRICKLE]]
 *
 * With `--churn` it does what churn.c does: a connection for each request. It is slower than what it measures, so that
 * differences between servers look smaller than they are.
 *
 * @module
 */

import { concat } from "../../lib/framing/bytes.ts";
import { Histogram } from "./histogram.ts";
import { type Format, MixedSizes, ReplyCounter, requestOf } from "./wire.ts";

/** What part of the time goes to warming up before anything counts. */
const WARM_UP = 0.2;

const churns = Deno.args.includes("--churn");
const args = Deno.args.filter((arg) => arg !== "--churn");
if (args.length < 7 || args.length > 9) {
  console.error(
    "usage: load.ts [--churn] HOST PORT CONNECTIONS PIPELINE SECONDS jsonnl|text|frame BYTES|mix [ASKING [TRICKLE]]",
  );
  Deno.exit(2);
}
const [hostname, , , , , given] = args;
const format = given as Format;
const [port, connections, pipeline, seconds] = args.slice(1, 5).map(Number);
const mix = args[6] === "mix" ? new MixedSizes() : undefined;
const size = mix === undefined ? Number(args[6]) : 16_384;
const asking = Number(args[7] ?? connections);
const trickle = Number(args[8] ?? Infinity);

const histogram = new Histogram();
let number = 0;
let replies = 0;
let errors = 0;
let isMeasured = false;
let isOver = false;

const peers = churns ? [] : await Promise.all(Array.from({ length: connections }, connect));
/** Those whose turn it is not, the one that has waited longest first. */
const idle = new Set(peers);
const runs = churns
  ? Array.from({ length: connections }, visit)
  : asking < connections
  ? Array.from({ length: asking }, takeTurns)
  : peers.map(converse);
await wait(seconds * WARM_UP);
isMeasured = true;
replies = errors = 0;
const began = performance.now();
await Promise.race([wait(seconds), failure(runs)]);
const elapsed = (performance.now() - began) / 1000;
isOver = true;
console.log(JSON.stringify({
  perSecond: Math.round(replies / elapsed),
  p50: histogram.percentile(0.5),
  p99: histogram.percentile(0.99),
  p999: histogram.percentile(0.999),
  ...(churns ? { errors } : {}),
}));
Deno.exit(0);

async function connect(): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname, port });
  connection.setNoDelay(true);
  return connection;
}

/** Keeps `pipeline` requests in flight on a connection. */
async function converse(connection: Deno.TcpConn): Promise<void> {
  const counter = new ReplyCounter(format);
  const sentAt: number[] = [];
  const chunk = new Uint8Array(Math.max(4096, Math.min(65_536, size * pipeline)));
  while (!isOver) {
    const requests = [];
    const at = performance.now();
    while (sentAt.length < pipeline) {
      requests.push(requestOf(format, number++, mix?.next() ?? size));
      sentAt.push(at);
    }
    // Not awaited before reading: a long request is answered while it is being written.
    const written = requests.length > 0 ? writeAll(connection, requests) : undefined;
    const count = await connection.read(chunk);
    await written;
    if (count === null) throw new Error("the server closed a connection");
    const now = performance.now();
    for (let left = counter.take(chunk.subarray(0, count)); left > 0; left--) {
      const sent = sentAt.shift();
      if (sent === undefined) throw new Error("a reply too many");
      replied(sent, now);
    }
  }
}

/** Lets one connection after the other ask. */
async function takeTurns(): Promise<void> {
  while (!isOver) {
    const [peer] = idle;
    idle.delete(peer);
    await ask(peer, performance.now(), pipeline);
    idle.add(peer);
  }
}

/** Connects, asks, waits, goes; over and over. */
async function visit(): Promise<void> {
  while (!isOver) {
    const began = performance.now();
    try {
      using connection = await connect();
      await ask(connection, began);
    } catch {
      errors++;
    }
  }
}

/** Sends so many requests, and waits for as many replies. */
async function ask(connection: Deno.TcpConn, since: number, count = 1): Promise<void> {
  await writeAll(
    connection,
    Array.from({ length: count }, () => requestOf(format, number++, mix?.next() ?? size)),
  );
  const counter = new ReplyCounter(format);
  const chunk = new Uint8Array(4096);
  for (let left = count; left > 0;) {
    const bytes = await connection.read(chunk);
    if (bytes === null) throw new Error("the server closed a connection");
    const completed = counter.take(chunk.subarray(0, bytes));
    for (let reply = 0; reply < completed; reply++) replied(since, performance.now());
    left -= completed;
  }
}

async function writeAll(connection: Deno.TcpConn, requests: Uint8Array<ArrayBuffer>[]): Promise<void> {
  const bytes = requests.length === 1 ? requests[0] : concat(requests);
  for (let at = 0; at < bytes.length;) {
    const end = trickle === Infinity ? bytes.length : at + 1 + Math.trunc(Math.random() * trickle);
    at += await connection.write(bytes.subarray(at, end));
  }
}

function replied(sent: number, now: number): void {
  replies++;
  if (isMeasured) histogram.add((now - sent) * 1000);
}

function wait(forSeconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, forSeconds * 1000));
}

/** Rejects when one of them does, and never settles otherwise. */
function failure(of: Promise<void>[]): Promise<never> {
  return new Promise((_, reject) => {
    for (const run of of) run.catch(reject);
  });
}
