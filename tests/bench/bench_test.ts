/**
 * The parts of the benchmarks that need no machine at rest: what they compute, ask and write.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { text } from "../../lib/framing/bytes.ts";
import { listen } from "../../mod.ts";
import { chooseCores, parseCpuList, UNPINNED } from "./cores.ts";
import { formatFigure } from "./figures.ts";
import { GATE_RATIOS, shortfalls } from "./gate.ts";
import { Histogram } from "./histogram.ts";
import { median, medianRatios, medianSample } from "./median.ts";
import { OptionsError, parseOptions } from "./options.ts";
import { plot } from "./plot.ts";
import { Processes } from "./processes.ts";
import { formatMarkdown, formatScenario } from "./report.ts";
import type { ScenarioResult } from "./run.ts";
import { gateScenario } from "./throughput.ts";
import { beside } from "./toolbox.ts";
import { type Format, FORMATS, MixedSizes, ReplyCounter, requestOf } from "./wire.ts";

/** A scenario of one point with two contestants, ours at this ratio. */
function found(ratio: number, label = ""): ScenarioResult {
  return {
    name: "unpipelined",
    title: "Lines",
    figure: "perSecond",
    figures: ["perSecond", "p99"],
    points: [{
      label,
      reference: "bare Deno loop",
      cases: [
        {
          contestant: "protohost",
          samples: [],
          median: { perSecond: 90_000, p99: 12_345 },
          ratios: { perSecond: ratio },
        },
        {
          contestant: "bare Deno loop",
          samples: [],
          median: { perSecond: 100_000 },
          ratios: { perSecond: 1 },
        },
        { contestant: "Bun <net>", samples: [], median: {}, ratios: {}, failed: "no answer" },
      ],
    }],
  };
}

Deno.test("median takes the middle, or the mean of the two in the middle", () => {
  assertEquals([median([3, 1, 2]), median([4, 1, 2, 3]), median([])], [2, 2.5, NaN]);
  assertEquals(medianSample([{ p99: 1 }, { p99: 5, cpu: 2 }, { p99: 3 }]), { p99: 3, cpu: 2 });
});

Deno.test("medianRatios compares within a round, and skips rounds that lack one of the two", () => {
  const ours = [{ perSecond: 50 }, { perSecond: 10 }, undefined, { perSecond: 100 }];
  const theirs = [{ perSecond: 100 }, { perSecond: 10 }, { perSecond: 1 }, { perSecond: 50 }];
  assertEquals(medianRatios(ours, theirs), { perSecond: 1 });
  assertEquals(medianRatios(ours, []), {});
});

Deno.test("Histogram answers the latency under which a part of all stays", () => {
  const histogram = new Histogram();
  for (let us = 1; us <= 100; us++) histogram.add(us * 10);
  assertEquals([histogram.percentile(0.5), histogram.percentile(0.99)], [500, 990]);
  histogram.add(1e9);
  assertEquals(histogram.percentile(1), 131_070);
});

Deno.test("requestOf makes requests of the wanted size, each different, that ReplyCounter counts however split", () => {
  for (const format of FORMATS) {
    const requests = [1, 2, 3].map((number) => requestOf(format, number, 64));
    assertEquals(requests.map(({ length }) => length), [64, 64, 64], format);
    assertEquals(new Set(requests.map(text)).size, 3, format);
    const counter = new ReplyCounter(format);
    let replies = 0;
    for (const request of requests) for (const byte of request) replies += counter.take(Uint8Array.of(byte));
    assertEquals(replies, 3, format);
  }
});

Deno.test("MixedSizes are the same in every run, about a hundred bytes, and of many lengths", () => {
  const [first, second] = [new MixedSizes(), new MixedSizes()];
  const sizes = Array.from({ length: 10_000 }, () => first.next());
  assertEquals(sizes.slice(0, 100), Array.from({ length: 100 }, () => second.next()));
  const sorted = sizes.toSorted((a, b) => a - b);
  assert(sorted[0] === 16 && sorted.at(-1)! > 5_000, `${sorted[0]} to ${sorted.at(-1)}`);
  assert(Math.abs(sorted[5_000] - 100) < 15, `the median is ${sorted[5_000]}`);
});

Deno.test("chooseCores keeps threads of one core apart where it can", () => {
  assertEquals(parseCpuList("0-2,5\n"), [0, 1, 2, 5]);
  const pairs = new Map([[0, [0, 1]], [1, [0, 1]], [2, [2, 3]], [3, [2, 3]]]);
  assertEquals(chooseCores([0, 1, 2, 3], pairs), { server: 0, load: 2, upstream: 1 });
  assertEquals(chooseCores([0, 1], new Map()), { server: 0, load: 1, upstream: 1 });
  assertEquals(chooseCores([7], new Map()), UNPINNED);
});

Deno.test("formatFigure writes numbers with the unit that suits", () => {
  assertEquals(formatFigure("perSecond", 1234567.8), "1,234,568");
  assertEquals([0.5, 6.54, 123.4, 12_345].map((us) => formatFigure("p99", us)), [
    "500 ns",
    "6.5 us",
    "123 us",
    "12.3 ms",
  ]);
  assertEquals(formatFigure("p99", undefined), "");
  assertEquals(formatFigure("p99Added", -123.4), "-123 us");
});

Deno.test("shortfalls names what is below the bound, failed or was not measured", () => {
  for (const [label, bound] of Object.entries(GATE_RATIOS)) {
    assertEquals(shortfalls(found(bound, label)), []);
    assertMatch(shortfalls(found(bound - 0.01, label))[0], /wanted at least/);
    assertEquals(shortfalls(found(NaN, label)).length, 1);
  }
  assertEquals(shortfalls({ ...found(1), points: [], failed: "no server" }), ["no server"]);
  assertEquals(gateScenario.name, "gate");
});

Deno.test("reports show ratios, figures and failures", () => {
  assertEquals(
    formatScenario(found(0.9)),
    `Lines; ratios to: bare Deno loop
                 ratio  per second      p99
protohost         0.90      90,000  12.3 ms
bare Deno loop    1.00     100,000
Bun <net>       failed
failed: Bun <net>: no answer`,
  );
  assertMatch(formatScenario({ ...found(0.9), compared: ["perSecond"] }), /ratio +per second +ratio +p99\n/);
  assertMatch(formatMarkdown([found(0.9)]), /^\| protohost \| 0\.90 \(90,000\) \|$/m);
  const drawn = plot([found(0.9)], "a machine");
  assertMatch(drawn, /Bun &lt;net>/);
  assertEquals(drawn.match(/<rect class="ours"[^>]*width="360\.0"/)?.length, 1);
});

Deno.test("parseOptions reads the command line and refuses what it does not know", () => {
  const options = parseOptions(["--quick", "--only", "rate,memory", "--only", "text", "--seconds", "0.2"]);
  assertEquals(options.only, ["rate", "memory", "text"]);
  assertEquals(options.effort, { rounds: 3, seconds: 0.2, quick: true });
  for (const args of [["--fast"], ["rate"], ["--rounds", "many"]]) {
    assertThrows(() => parseOptions(args), OptionsError);
  }
});

Deno.test("the Deno generator measures a server: all connections ask, one at a time does, each request has one, sizes differ", async () => {
  await using processes = new Processes();
  for (const format of FORMATS) {
    await using server = await listen(`${format}://127.0.0.1:0`, {
      onMessage: (connection, message) => void connection.send(message),
    });
    for (const way of ["all", "turns", "churn", "mix"] as const) {
      const churns = way === "churn";
      const process = processes.start(generator(format, server.port, way));
      const output = await process.output();
      assertEquals(process.complaint, "");
      const { perSecond, p50, p99, errors } = JSON.parse(output);
      assert(perSecond > 0 && p50 > 0 && p99 >= p50, output);
      assertEquals(errors, churns ? 0 : undefined);
    }
  }
});

Deno.test("processes that were started are stopped in the end, and no more are started", async () => {
  const processes = new Processes();
  const process = processes.start([Deno.execPath(), "eval", "setInterval(() => {}, 1000)"]);
  assertEquals(process.isOver, false);
  await processes[Symbol.asyncDispose]();
  assertEquals(process.isOver, true);
  assertThrows(() => processes.start([Deno.execPath(), "--version"]), Error, "the run is over");
});

function generator(format: Format, port: number, way: "all" | "turns" | "churn" | "mix"): string[] {
  const bytes = way === "mix" ? "mix" : 64;
  const args = ["127.0.0.1", port, 2, way === "churn" ? 1 : 4, 0.1, format, bytes].map(String);
  return [
    Deno.execPath(),
    "run",
    "--quiet",
    "-A",
    beside("load.ts"),
    ...(way === "churn" ? ["--churn"] : []),
    ...args,
    ...(way === "turns" ? ["1"] : way === "mix" ? ["2", "50"] : []),
  ];
}
