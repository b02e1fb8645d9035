/**
 * Redis's own suite, against a server that it has not started itself.
 *
 * @module
 */

import { copy } from "./sources.ts";
import { stripAnsiCode } from "@std/fmt/colors";
import { runBounded } from "./child.ts";
import type { Outcome, Suite } from "./suite.ts";
import { TempFolder } from "../support/program.ts";
import { freePort } from "../support/postfix.ts";
import { RedisServer } from "../support/redis.ts";

const DEADLINE_MS = 30 * 60_000;
const PROGRAMS = ["redis-server", "redis-cli", "redis-benchmark"];
const OUTCOMES: Record<string, Outcome> = {
  ok: "passed",
  err: "failed",
  exception: "failed",
  timeout: "failed",
  skip: "skipped",
  ignore: "skipped",
};

/** What `runtest` says of a test, if the line is about one. */
export function readLine(text: string): [name: string, outcome: Outcome] | undefined {
  const [, word, name] = /^\[(\w+)\]: (.*?)(?: \(\d+ ms\))?$/.exec(stripAnsiCode(text)) ?? [];
  const outcome = OUTCOMES[word];
  return outcome === undefined ? undefined : [name, outcome];
}

/** `runtest --host --port`. */
export const redisSuite: Suite = {
  name: "redis",
  variable: "REDIS_SRC",
  repository: "https://github.com/redis/redis",
  tag: async () => {
    let version = "";
    await runBounded("redis-server", ["--version"], { line: (text) => version += text, deadlineMs: 10_000 });
    return /v=([\d.]+)/.exec(version)?.[1] ?? "unstable";
  },
  document: "docs/protocols/resp.md",
  programs: [...PROGRAMS, "tclsh"],
  async run(folder, told, proxies) {
    await using work = new TempFolder();
    for (const name of ["runtest", "tests", "utils"]) await copy(`${folder}/${name}`, work.at(name));
    // Its own programs need not be built: those that are installed are the servers that are tested.
    await Deno.mkdir(work.at("src"));
    for (const name of PROGRAMS) {
      await Deno.writeTextFile(work.at("src", name), `#!/bin/sh\nexec ${name} "$@"\n`, { mode: 0o755 });
    }
    const port = freePort();
    await using _server = await RedisServer.start("redis-server", [
      ...["--port", String(port), "--enable-protected-configs", "yes", "--enable-module-command", "yes"],
    ]);
    const front = await proxies?.before(port) ?? port;
    await runBounded(work.at("runtest"), ["--host", "127.0.0.1", "--port", String(front), "--durable"], {
      ...{ cwd: work.path, deadlineMs: DEADLINE_MS },
      line(text) {
        const test = readLine(text);
        if (test) told(...test);
      },
    });
  },
};
