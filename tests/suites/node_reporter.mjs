// What a suite of node:test tells of its tests, as lines of SUITE_RESULTS: `["passed","FILE: NAME"]`.

import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";

export default async function* report(source) {
  for await (const { type, data } of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite" || data.file === undefined) continue;
    const outcome = data.skip !== undefined || data.todo !== undefined
      ? "skipped"
      : type === "test:pass"
      ? "passed"
      : "failed";
    const line = JSON.stringify([outcome, `${basename(data.file)}: ${data.name}`]);
    appendFileSync(process.env.SUITE_RESULTS, `${line}\n`);
    yield "";
  }
}
