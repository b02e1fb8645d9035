import { assertEquals } from "@std/assert";
import { isPart, isPartial, isWhole } from "../../lib/contract/parts.ts";

for (
  const [message, isPartWanted, isPartialWanted, isWholeWanted] of [
    ["text", false, false, true],
    [null, false, false, true],
    [undefined, false, false, true],
    [5, false, false, true],
    [{ args: ["GET", "a"] }, false, false, true],
    [{ args: ["SET"], partial: true }, false, true, false],
    [{ args: ["SET"], partial: false }, false, false, true],
    [{ part: "body", last: false }, true, false, false],
    [{ part: "body", last: true }, true, false, true],
    [{ part: "body", last: true, complete: false }, true, false, false],
    [{ part: "args", complete: true }, true, false, true],
    [{ part: "body" }, true, false, false],
  ] as const
) {
  const words = [
    isPartWanted ? "a part" : "no part",
    isPartialWanted ? "a head without its parts" : isWholeWanted ? "the end of a message" : "not the end",
  ];
  Deno.test(`${JSON.stringify(message) ?? "undefined"} is ${words.join(", ")}`, () => {
    assertEquals(
      [isPart(message), isPartial(message), isWhole(message)],
      [isPartWanted, isPartialWanted, isWholeWanted],
    );
  });
}
