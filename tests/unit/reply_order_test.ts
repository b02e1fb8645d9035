import { assertEquals } from "@std/assert";
import { ReplyOrder } from "../../lib/proxy/reply_order.ts";

/** What happens, and the replies that it gives out at once. */
type Step =
  | ["ask"]
  | ["inject" | "instead", string, ...string[]]
  | ["answer" | "other" | "part" | "replaced" | "end" | "drop", ...string[]];

const tables: Record<string, Step[]> = {
  "a reply goes at once when nothing is open": [
    ["inject", "x", "x"],
    ["ask"],
    ["answer"],
    ["inject", "y", "y"],
  ],
  "a reply waits for the answers before it": [
    ["ask"],
    ["ask"],
    ["inject", "x"],
    ["ask"],
    ["answer"],
    ["other"],
    ["answer", "x"],
    ["answer"],
  ],
  "a reply is not put between two parts of a message": [
    ["part"],
    ["inject", "x"],
    ["part"],
    ["other", "x"],
  ],
  "a reply takes the place of the answer to what was asked instead": [
    ["ask"],
    ["instead", "x"],
    ["inject", "y"],
    ["ask"],
    ["answer"],
    ["replaced", "x", "y"],
    ["answer"],
  ],
  "nothing takes the place of an answer that is dropped": [
    ["drop"],
    ["drop"],
    ["inject", "x"],
    ["replaced"],
    ["replaced", "x"],
  ],
  "what waits is given out in its order when no answer comes any more": [
    ["ask"],
    ["instead", "x"],
    ["inject", "y"],
    ["drop"],
    ["inject", "z"],
    ["end", "x", "y", "z"],
    ["inject", "a", "a"],
  ],
};

for (const [name, steps] of Object.entries(tables)) {
  Deno.test(`the order of answers: ${name}`, () => {
    const order = new ReplyOrder<string>();
    for (const [index, [kind, ...rest]] of steps.entries()) {
      const [given, ...injectedNow] = rest;
      const where = `step ${index + 1}, ${kind}`;
      if (kind === "ask") order.ask();
      else if (kind === "drop") order.askInstead(undefined);
      else if (kind === "instead") order.askInstead(given);
      else if (kind === "inject") assertEquals(order.inject(given!), injectedNow.length > 0, where);
      else {
        assertEquals(order.isReplaced, kind === "replaced", where);
        const got = kind === "end"
          ? order.end()
          : kind === "replaced"
          ? order.heardReplaced()
          : order.heard(kind === "answer", kind !== "part");
        assertEquals(got, rest, where);
      }
    }
    assertEquals(order.end(), []);
  });
}

Deno.test("the order of answers counts the requests that are open", () => {
  const order = new ReplyOrder<string>();
  order.ask();
  order.askInstead("x");
  assertEquals(order.open, 2);
  order.heard(true, true);
  assertEquals(order.open, 1);
  order.end();
  assertEquals(order.open, 0);
});
