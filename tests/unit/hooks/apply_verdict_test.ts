import { assertEquals } from "@std/assert";
import { close, delay, drop, pass, replace, reply } from "@protohost/protohost";
import {
  applyVerdict,
  conclude,
  goesOn,
  type HookedMessage,
  type VerdictEffects,
} from "../../../lib/hooks/apply_verdict.ts";
import type { Verdict } from "../../../lib/hooks/verdict.ts";

/** Effects that say what they are told. */
function effects(signal: AbortSignal = new AbortController().signal): VerdictEffects<string, string> {
  return {
    signal,
    pass: (held) => `pass ${held}`,
    replace: (held, other) => `replace ${held} by ${other}`,
    reply: (held, answer) => `reply ${answer} to ${held}`,
    drop: (held) => `drop ${held}`,
    close: (held, last) => `close at ${held} with ${last}`,
  };
}

for (
  const [verdict, effect] of [
    [undefined, "pass m"],
    [pass(), "pass m"],
    [replace("other"), "replace m by other"],
    [reply("no"), "reply no to m"],
    [drop(), "drop m"],
    [close(), "close at m with undefined"],
    [close("bye"), "close at m with bye"],
    [delay(1), "pass m"],
    [delay(1, replace("other")), "replace m by other"],
    [delay(1, delay(1, drop())), "drop m"],
  ] as const
) {
  Deno.test(`applyVerdict does "${effect}" when the verdict is ${JSON.stringify(verdict)}`, async () => {
    assertEquals(await applyVerdict(verdict, "m", effects()), effect);
    assertEquals(await applyVerdict(Promise.resolve(verdict), "m", effects()), effect);
  });
}

Deno.test("applyVerdict answers at once when the verdict is there and is no delay", () => {
  assertEquals(applyVerdict(reply("no"), "m", effects()), "reply no to m");
});

Deno.test("applyVerdict carries out nothing but the end of the message when the connection is closed meanwhile", async () => {
  const closed = new AbortController();
  const { promise, resolve } = Promise.withResolvers<Verdict | undefined>();
  const undecided = applyVerdict(promise, "m", effects(closed.signal));
  const delayed = applyVerdict(delay(1 << 30, reply("late")), "m", effects(closed.signal));
  closed.abort();
  resolve(reply("late"));
  assertEquals(await Promise.all([undecided, delayed]), ["drop m", "drop m"]);
});

for (
  const [name, verdicts, wanted] of [
    ["nothing is said", [undefined, pass()], undefined],
    ["the last replacement holds", [replace("a"), undefined, replace("b")], replace("b")],
    ["a replacement does not hold beside what decides", [replace("a"), reply("no")], reply("no")],
    ["delays add up", [delay(10), delay(20), pass()], delay(30)],
    ["a delay holds with a replacement", [delay(10), replace("a")], delay(10, replace("a"))],
    ["a delay that replaces is both", [delay(10, replace("a")), delay(5)], delay(15, replace("a"))],
    ["a delay holds before what decides", [delay(10), close("bye")], delay(10, close("bye"))],
    ["a delay that decides is added once", [delay(1), delay(10, delay(20, drop()))], delay(31, drop())],
    ["what follows a decision is not asked", [drop(), reply("no")], drop()],
    ["what follows a delay that decides is not asked", [delay(10, drop()), reply("no")], delay(10, drop())],
  ] as const
) {
  Deno.test(`hooks together: ${name}`, () => {
    const hooked: HookedMessage = { message: "came", replaced: false, delayMs: 0 };
    let decided: Verdict | undefined;
    for (const verdict of verdicts) {
      if (goesOn(hooked, verdict)) continue;
      decided = verdict;
      break;
    }
    assertEquals(conclude(hooked, decided), wanted);
  });
}
