/**
 * Suites that run in Node, whose clients and servers are in one process: what connects to a server of the suite's own is
 * sent through a proxy.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { runBounded } from "./child.ts";
import type { Proxies } from "./proxies.ts";
import type { Suite, Telling } from "./suite.ts";
import { TempFolder } from "../support/program.ts";
import { freePort } from "../support/postfix.ts";
import { RedisServer } from "../support/redis.ts";

const DEADLINE_MS = 10 * 60_000;
/** A run that has told nothing for so long has come to its end. */
const SILENT_MS = 60_000;
/** How often the file of results is read. */
const LOOK_MS = 200;
const here = (name: string) => fromFileUrl(new URL(name, import.meta.url));

/** How a suite is run. */
interface Run {
  args: string[];
  told: Telling;
  proxies?: Proxies;
  env?: Record<string, string>;
}

/** Nodemailer's clients: one connection, pools, and what stands above them. */
export const nodemailerSuite: Suite = {
  name: "nodemailer",
  variable: "NODEMAILER_SRC",
  repository: "https://github.com/nodemailer/nodemailer",
  tag: () => Promise.resolve("v9.0.5"),
  document: "docs/protocols/smtp.md",
  programs: ["node", "npm"],
  async run(folder, told, proxies) {
    const files = await filesOf(folder, ["smtp-connection", "smtp-pool", "smtp-transport"], /-test\.js$/);
    const reporter = ["--test-reporter", here("node_reporter.mjs"), "--test-reporter-destination", "stdout"];
    // Each alone, without a process between: one whose test leaves a server open never ends by itself.
    for (const file of files) await runNode(folder, { args: [...reporter, file], told, proxies });
  },
};

/** The mail server of nodemailer's makers. */
export const smtpServerSuite: Suite = {
  name: "smtp-server",
  variable: "SMTP_SERVER_SRC",
  repository: "https://github.com/nodemailer/smtp-server",
  tag: () => Promise.resolve("v3.19.1"),
  document: "docs/protocols/smtp.md",
  programs: ["node", "npm"],
  async run(folder, told, proxies) {
    const files = await filesOf(folder, [""], /-test\.js$/);
    await runNode(folder, { args: [...mocha(folder), ...files], told, proxies });
  },
};

/** A client of Redis. */
export const ioredisSuite: Suite = {
  name: "ioredis",
  variable: "IOREDIS_SRC",
  repository: "https://github.com/redis/ioredis",
  tag: () => Promise.resolve("v6.0.0"),
  document: "docs/protocols/resp.md",
  programs: ["node", "npm", "redis-server"],
  async run(folder, told, proxies) {
    const port = freePort();
    await using _server = await RedisServer.start("redis-server", ["--port", String(port)]);
    const helpers = await filesOf(folder, ["helpers"], /\.ts$/);
    const files = await filesOf(folder, ["unit", "functional"], /\.ts$/);
    await runNode(folder, {
      args: [...mocha(folder), "--require", "ts-node/register", ...helpers, ...files],
      env: { NODE_ENV: "test", TS_NODE_TRANSPILE_ONLY: "true", SUITE_PORTS: `6379:${port}` },
      ...{ told, proxies },
    });
  },
};

function mocha(folder: string): string[] {
  return [`${folder}/node_modules/mocha/bin/mocha.js`, "--reporter", here("mocha_reporter.cjs"), "--exit"];
}

/** Runs Node, and tells of each test as soon as its line is in the file of results. */
async function runNode(folder: string, { args, told, proxies, env }: Run): Promise<void> {
  await using work = new TempFolder();
  const path = work.at("results");
  await Deno.writeTextFile(path, "");
  const silent = new AbortController();
  let read = 0;
  let saidMs = performance.now();
  const look = async () => {
    const lines = (await Deno.readTextFile(path)).split("\n").slice(0, -1);
    for (const line of lines.slice(read)) {
      const [outcome, name] = JSON.parse(line);
      told(name, outcome);
      saidMs = performance.now();
    }
    read = lines.length;
    if (performance.now() - saidMs > SILENT_MS) silent.abort();
  };
  const timer = setInterval(() => void look().catch(() => {}), LOOK_MS);
  const { tail } = await runBounded("node", args, {
    cwd: folder,
    env: {
      ...env,
      NODE_OPTIONS: `--require=${here("redirect.cjs")}`,
      SUITE_RESULTS: path,
      ...(proxies === undefined ? {} : { SUITE_BROKER: String(proxies.brokerPort) }),
    },
    deadlineMs: DEADLINE_MS,
    signal: silent.signal,
  }).finally(() => clearInterval(timer));
  await look();
  if (read === 0) throw new Error(`No test was run:\n${tail}`);
}

/** The files below folders of `test/`, in order. */
async function filesOf(folder: string, below: string[], pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  const walk = async (path: string) => {
    for await (const { name, isDirectory } of Deno.readDir(path)) {
      if (isDirectory) await walk(`${path}/${name}`);
      else if (pattern.test(name)) found.push(`${path}/${name}`);
    }
  };
  for (const name of below) await walk(name === "" ? `${folder}/test` : `${folder}/test/${name}`);
  return found.sort();
}
