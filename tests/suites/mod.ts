// deno-lint-ignore-file no-console
/**
 * Other projects' suites, direct and through a proxy that sees every message both ways: what differs. `deno task suites
 * --help` has its options.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { formatTable } from "../../lib/cli/table.ts";
import { TempFolder } from "../support/program.ts";
import { ioredisSuite, nodemailerSuite, smtpServerSuite } from "./node_suites.ts";
import { Proxies } from "./proxies.ts";
import { redisSuite } from "./redis_suite.ts";
import { findSources } from "./sources.ts";
import { type Difference, differences, Gathered, knownDifferences, type Suite } from "./suite.ts";

const HELP = `deno task suites [--only NAME]... [--times N]

  --only NAME  redis, ioredis, nodemailer or smtp-server (all)
  --times N    a test that differs gets so many tries through the proxy (2)

The sources are in the folders that REDIS_SRC, IOREDIS_SRC, NODEMAILER_SRC and SMTP_SERVER_SRC name, or are cloned
from the projects' repositories for the run. Suites that cannot be had are skipped. Ends with 1 if a test passes
directly, but not through the proxy in any of its tries, and is not listed in docs/protocols/resp.md or
docs/protocols/smtp.md.`;

const SUITES: [suite: Suite, protocol: string][] = [
  [redisSuite, "resp"],
  [ioredisSuite, "resp"],
  [nodemailerSuite, "smtp"],
  [smtpServerSuite, "smtp"],
];

const args = parseArgs(Deno.args, {
  string: ["only", "times"],
  boolean: ["help"],
  collect: ["only"],
  default: { times: "2" },
});
if (args.help) {
  console.log(HELP);
  Deno.exit(0);
}
const rows: string[][] = [];
const notes: string[] = [];
let unlisted = 0;
for (const [suite, protocol] of SUITES) {
  if (args.only.length === 0 || args.only.includes(suite.name)) await compare(suite, protocol);
}
console.log(
  `\n${
    formatTable(["suite", "tests", "passed directly", "passed proxied", "differ", "not listed"], rows, {
      right: [1, 2, 3, 4, 5],
    })
  }`,
);
for (const note of notes) console.log(note);
Deno.exit(unlisted === 0 ? 0 : 1);

async function compare(suite: Suite, protocol: string): Promise<void> {
  await using clone = new TempFolder();
  const sources = await findSources(suite, clone.at("sources"));
  if ("why" in sources) {
    rows.push([suite.name, "", "", "", "", ""]);
    notes.push(`\n${suite.name} was skipped: ${sources.why}`);
    return;
  }
  const direct = await run(suite, sources.folder);
  const proxied = await runProxied(suite, sources.folder, protocol);
  let differing = differences(direct.results, proxied.results);
  const unsteady: string[] = [];
  for (let tries = 1; differing.length > 0 && tries < Number(args.times); tries++) {
    const again = await runProxied(suite, sources.folder, protocol);
    const still = differing.filter(({ test }) => again.results.get(test) !== "passed");
    unsteady.push(...differing.filter((one) => !still.includes(one)).map(({ test }) => test));
    differing = still;
  }
  const document = await Deno.readTextFile(new URL(`../../${suite.document}`, import.meta.url));
  const known = knownDifferences(document, suite.name);
  const news = differing.filter(({ test }) => !known.has(test));
  unlisted += news.length;
  const counts = [
    direct.results.size,
    direct.count("passed"),
    proxied.count("passed"),
    differing.length,
    news.length,
  ];
  rows.push([suite.name, ...counts.map(String)]);
  tell(`${suite.name}, listed in ${suite.document}`, differing.filter(({ test }) => known.has(test)), known);
  tell(`${suite.name}, not listed`, news, known);
  tell(`${suite.name}, passed in another try`, unsteady.map((test) => ({ test, proxied: "passed" })), known);
  const same = [...known.keys()].filter((test) => !differing.some((one) => one.test === test));
  tell(
    `${suite.name}, listed but no different`,
    same.map((test) => ({ test, proxied: "passed" })),
    new Map(),
  );
}

function tell(title: string, list: Difference[], known: Map<string, string>): void {
  if (list.length === 0) return;
  notes.push(`\n${title}:`);
  for (const { test, proxied } of list) {
    const why = known.get(test);
    notes.push(`  ${proxied}: ${test}${why === undefined ? "" : ` (${why})`}`);
  }
}

async function runProxied(suite: Suite, folder: string, protocol: string): Promise<Gathered> {
  await using proxies = new Proxies(protocol);
  return await run(suite, folder, proxies);
}

async function run(suite: Suite, folder: string, proxies?: Proxies): Promise<Gathered> {
  const gathered = new Gathered();
  const how = proxies ? "proxied" : "direct";
  const say = () =>
    console.log(
      `${suite.name}, ${how}: ${gathered.count("passed")} passed, ${gathered.count("failed")} failed`,
    );
  const progress = setInterval(say, 30_000);
  try {
    await suite.run(folder, (name, outcome) => gathered.add(name, outcome), proxies);
  } finally {
    clearInterval(progress);
  }
  say();
  return gathered;
}
