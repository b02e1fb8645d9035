import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { SequenceMatcher } from "../../../lib/hooks/matcher.ts";
import { MAX_MATCHED } from "../../../lib/hooks/sequence_progress.ts";
import {
  compilePattern,
  DIRECTION_BITS,
  type Pattern,
  type PatternOptions,
} from "../../../lib/hooks/pattern.ts";
import { any, not, oneOf, optional, readStep, repeat, type Step, step } from "../../../lib/hooks/steps.ts";
import { testName } from "../../../lib/hooks/names.ts";
import type { Direction } from "../../../lib/hooks/verdict.ts";
import { Random } from "../../../lib/testing/random.ts";

/** A command as a test writes it: `A` comes in, `<A` goes out, `A@5` comes at 5 ms. */
interface Event {
  command: string;
  direction: Direction;
  at: number;
}

function traceOf(text: string): Event[] {
  return text.split(" ").filter((word) => word !== "").map((word, index) => {
    const [command, at = String(index)] = word.replace("<", "").split("@");
    return { command, direction: word.startsWith("<") ? "out" : "in", at: Number(at) };
  });
}

function patternOf(steps: Step[], options: PatternOptions = {}): Pattern {
  return compilePattern(steps.map(readStep), options);
}

/** At which commands of a trace each pattern fires. The message of a command is its index. */
function firings(patterns: Pattern[], trace: Event[]): { at: number; pattern: number; matched: number[] }[] {
  const matcher = new SequenceMatcher(patterns);
  const state = matcher.start();
  return trace.flatMap(({ command, direction, at }, index) => {
    const event = matcher.classify(direction, command);
    const fired = event === undefined ? [] : state.step(event, index, at) ?? [];
    return fired.map(({ pattern, matched }) => ({
      at: index,
      pattern,
      matched: matched.map(({ message }) => message as number),
    }));
  });
}

const semantics: [rule: string, steps: Step[], options: PatternOptions, trace: string, firesAt: number[]][] =
  [
    ["a run fires at its last command", ["A", "B", "C"], {}, "A B C", [2]],
    ["a run fires at no other order", ["A", "B", "C"], {}, "B A C", []],
    ["a run of one command fires each time", ["A"], {}, "A B A", [0, 2]],
    ["names are compared with their case", ["AUTH"], {}, "auth AUTH", [1]],
    ["a star stands for any characters", ["M*L"], {}, "ML MAIL MAI", [0, 1]],
    ["others may come in between", ["A", "A", "A"], {}, "A x A y y A", [5]],
    ["a match does not overlap the next one", ["A", "A"], {}, "A A A A A", [1, 3]],
    ["a match resets its pattern", ["A", "B"], {}, "A A B B A B", [2, 5]],
    ["strict: nothing may come in between", ["A", "B"], { strict: true }, "A x B A B", [4]],
    ["strict: what breaks one match may begin the next", ["A", "A", "B"], { strict: true }, "A A A B", [3]],
    ["strict minds only directions that the pattern names", ["A", "B"], { strict: true }, "A <x <A B", [3]],
    [
      "strict minds both directions if both are named",
      ["A", step("o", { direction: "out" })],
      {
        strict: true,
      },
      "A <x <o A <o",
      [4],
    ],
    ["within is met to the millisecond", ["A", "B"], { withinMs: 30 }, "A@0 B@30", [1]],
    ["within is over a millisecond later", ["A", "B"], { withinMs: 30 }, "A@0 B@31", []],
    ["the latest start counts", ["A", "B"], { withinMs: 30 }, "A@0 A@10 B@40", [2]],
    [
      "the latest start counts in the middle of a run too",
      ["A", "A", "A"],
      {
        withinMs: 30,
      },
      "A@0 A@25 A@35 A@50",
      [3],
    ],
    ["any is any command", [any(), "B"], {}, "x B", [1]],
    ["not is another command, not the absence of one", ["A", not("B"), "C"], {}, "A B C x C", [4]],
    ["strict not forbids", ["A", not("B"), "C"], { strict: true }, "A B C A x C", [5]],
    ["not takes several", ["A", not("B", "D*"), "C"], { strict: true }, "A Dx C A B C A x C", [8]],
    ["oneOf is one of several", [oneOf("A", "B"), "C"], { strict: true }, "A C B C x C", [1, 3]],
    ["repeat wants its least", [repeat("A", 2, 3), "B"], { strict: true }, "A B A A B", [4]],
    ["repeat takes its most", [repeat("A", 2, 3), "B"], { strict: true }, "A A A B", [3]],
    ["repeat takes no more than its most", ["x", repeat("A", 1, 2), "B"], { strict: true }, "x A A A B", []],
    ["repeat at the end fires at its least", ["x", repeat("A", 2, 9)], {}, "x A A A", [2]],
    ["repeat from 0 may be left out", ["x", repeat("A", 0, 2), "B"], { strict: true }, "x B x A A B", [1, 5]],
    ["optional may come or not", ["A", optional("B"), "C"], { strict: true }, "A C A B C", [1, 4]],
    ["optional at the beginning may come or not", [optional("A"), "B"], { strict: true }, "B A B", [0, 2]],
    ["a step has a direction of its own", ["A", step("535", { direction: "out" })], {}, "A 535 <535", [2]],
    ["the direction of all steps", ["A", "B"], { direction: "out" }, "A B <A <B", [3]],
    ["both directions", ["A", "B"], { direction: "both" }, "A <B <A B", [1, 3]],
    [
      "a repetition's direction is its step's",
      [step(repeat("A", 2), { direction: "out" }), "B"],
      {},
      "A A B <A <A B",
      [5],
    ],
    [
      "three tries, each refused",
      [
        "A",
        step("5", { direction: "out" }),
        "A",
        step("5", { direction: "out" }),
        "A",
        step("5", { direction: "out" }),
      ],
      { withinMs: 30 },
      "A <5 A <2 A <5 A <5",
      [7],
    ],
  ];

for (const [rule, steps, options, trace, firesAt] of semantics) {
  Deno.test(`sequence: ${rule}`, () => {
    assertEquals(firings([patternOf(steps, options)], traceOf(trace)).map(({ at }) => at), firesAt);
  });
}

Deno.test("a match carries its messages in their order, those of the latest start", () => {
  const fired = firings([patternOf(["A", "B", "C"])], traceOf("A A x B y B C"));
  assertEquals(fired, [{ at: 6, pattern: 0, matched: [1, 3, 6] }]);
});

Deno.test("a match keeps its first 16 messages", () => {
  const trace = Array.from({ length: 40 }, (_, at): Event => ({ command: "A", direction: "in", at }));
  const [fired] = firings([patternOf([repeat(any(), 40)])], trace);
  assertEquals(fired.at, 39);
  assertEquals(fired.matched, Array.from({ length: MAX_MATCHED }, (_, index) => index));
});

Deno.test("a pattern that is not to keep messages keeps none", () => {
  assertEquals(firings([patternOf(["A", "B"], { keep: false })], traceOf("A B")), [
    { at: 1, pattern: 0, matched: [] },
  ]);
});

Deno.test("the state of a connection does not grow with its history", () => {
  const patterns = [
    patternOf([repeat("A", 8), "B"]),
    patternOf([any(), not("x"), optional("A"), "never"], { withinMs: 50 }),
    patternOf(["A", repeat(any(), 0, 5), "never"], { strict: true }),
  ];
  const matcher = new SequenceMatcher(patterns);
  const state = matcher.start();
  const bound = patterns.reduce((sum, { positions }) => sum + positions.length - 1, 0);
  const random = new Random(1);
  let most = 0;
  for (let at = 0; at < 10_000; at++) {
    const event = matcher.classify("in", random.pick(["A", "x", "y"]));
    if (event) state.step(event, at, at);
    most = Math.max(most, state.live);
  }
  assertLessOrEqual(most, bound);
  assert(most > 10, "the trace did not get far");
});

Deno.test("states whose time is over are forgotten at the next command that concerns them", () => {
  const matcher = new SequenceMatcher([patternOf(["A", "A", "A"], { withinMs: 10 })]);
  const state = matcher.start();
  const event = matcher.classify("in", "A")!;
  state.step(event, "", 0);
  state.step(event, "", 5);
  assertEquals(state.live, 2);
  state.step(event, "", 1000);
  assertEquals(state.live, 1);
});

Deno.test("a command that concerns no sequence is known as such", () => {
  const matcher = new SequenceMatcher([
    patternOf(["A", "B"]),
    patternOf(["C", "D"], { strict: true, direction: "out" }),
  ]);
  assertEquals(matcher.classify("in", "x"), undefined);
  // It could break a strict one.
  assertEquals(matcher.classify("out", "x")?.moves.map(({ pattern }) => pattern), [1]);
});

Deno.test("the matcher agrees with one that looks at the whole history, on random patterns and traces", () => {
  const seed = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const random = new Random(seed);
  let fired = 0;
  for (let round = 0; round < 1500; round++) {
    const patterns = Array.from({ length: 1 + random.below(3) }, () => randomPattern(random));
    const trace = randomTrace(random, 1 + random.below(11));
    const got = firings(patterns, trace);
    const told = `SEED=${seed}, round ${round}: ${JSON.stringify({ patterns, trace })}`;
    for (const [index, pattern] of patterns.entries()) {
      const own = got.filter((one) => one.pattern === index);
      assertEquals(own.map(({ at }) => at), slowFirings(pattern, trace), told);
      for (const { matched } of own) assert(isMatch(pattern, trace, matched), `${told}: ${matched}`);
    }
    fired += got.length;
  }
  assert(fired > 500, `SEED=${seed}: only ${fired} matches in all rounds`);
});

function randomPattern(random: Random): Pattern {
  while (true) {
    const steps = Array.from({ length: 1 + random.below(4) }, () => randomStep(random, 2));
    try {
      return patternOf(steps, {
        direction: random.pick(["in", "in", "out", "both"]),
        withinMs: random.pick([Infinity, 0, 2, 5, 9]),
        strict: random.below(2) === 0,
      });
    } catch {
      // It need not match any command: another one.
    }
  }
}

function randomStep(random: Random, depth: number): Step {
  const name = random.pick(["A", "B", "C"]);
  switch (random.below(depth > 0 ? 9 : 5)) {
    case 0:
      return any();
    case 1:
      return not(name);
    case 2:
      return oneOf(name, random.pick(["A", "B"]));
    case 5:
      return optional(randomStep(random, depth - 1));
    case 6: {
      const min = random.below(3);
      return repeat(randomStep(random, 0), min, Math.max(1, min + random.below(2)));
    }
    case 7:
      return step(randomStep(random, depth - 1), { direction: random.pick(["in", "out", "both"]) });
    default:
      return name;
  }
}

function randomTrace(random: Random, length: number): Event[] {
  let at = 0;
  return Array.from({ length }, () => ({
    command: random.pick(["A", "B", "C"]),
    direction: random.pick<Direction>(["in", "in", "out"]),
    at: at += random.below(4),
  }));
}

/** The slow and obvious matcher: after each command it tries every choice of earlier ones. */
function slowFirings(pattern: Pattern, trace: Event[]): number[] {
  const fired: number[] = [];
  let from = 0;
  for (let end = 0; end < trace.length; end++) {
    if (!choices(from, end).some((chosen) => isMatch(pattern, trace, chosen))) continue;
    fired.push(end);
    from = end + 1;
  }
  return fired;
}

/** Every ascending choice of indices from one to another that ends with the latter. */
function choices(from: number, end: number): number[][] {
  let all: number[][] = [[]];
  for (let index = from; index < end; index++) all = all.flatMap((chosen) => [chosen, [...chosen, index]]);
  return all.map((chosen) => [...chosen, end]);
}

/** Whether a choice of commands is what a pattern asks for. */
function isMatch(pattern: Pattern, trace: Event[], chosen: number[]): boolean {
  const events = chosen.map((index) => trace[index]);
  if (events[events.length - 1].at - events[0].at > pattern.withinMs) return false;
  if (pattern.strict) {
    const named = pattern.positions.reduce((bits, { directions }) => bits | directions, 0);
    for (let index = chosen[0]; index < chosen[chosen.length - 1]; index++) {
      if (!chosen.includes(index) && (DIRECTION_BITS[trace[index].direction] & named) !== 0) return false;
    }
  }
  return fits(pattern.positions, events);
}

function fits([position, ...positions]: Pattern["positions"], [event, ...events]: Event[]): boolean {
  if (position === undefined) return event === undefined;
  if (position.optional && fits(positions, event === undefined ? [] : [event, ...events])) return true;
  return event !== undefined && (position.directions & DIRECTION_BITS[event.direction]) !== 0 &&
    testName(position.test, event.command) && fits(positions, events);
}
