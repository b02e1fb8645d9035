import { assertEquals } from "@std/assert";
import { bytes, text } from "@protohost/protohost";
import { FrameBatch } from "../../lib/proxy/frame_batch.ts";

/** Frames that pass, by where they stand in the received bytes; `leave` has those leave that have passed. */
type Step = [start: number, end: number] | "leave";

const received = bytes("one,two,three,");

for (
  const [what, steps, left] of [
    ["one frame leaves by itself", [[0, 4], "leave"], ["1: one,"]],
    ["neighbours leave as one piece", [[0, 4], [4, 8], [8, 14], "leave"], ["3: one,two,three,"]],
    ["a gap parts two pieces", [[0, 4], [8, 14], "leave"], ["1: one,", "1: three,"]],
    ["what has left parts them too", [[0, 4], "leave", [4, 8], "leave"], ["1: one,", "1: two,"]],
    ["nothing leaves twice", [[0, 4], "leave", "leave"], ["1: one,"]],
    ["nothing leaves that has not passed", ["leave"], []],
    ["frames behind bytes that were moved to the front are a piece of their own", [[4, 8], [0, 4], "leave"], [
      "1: two,",
      "1: one,",
    ]],
    ["what has not left waits", [[0, 4], [4, 8]], []],
  ] as [string, Step[], string[]][]
) {
  Deno.test(`a batch of frames: ${what}`, () => {
    const batch = new FrameBatch();
    const sent: string[] = [];
    const source = {
      frameStart: 0,
      frameEnd: 0,
      view: (start: number, end: number) => received.subarray(start, end),
    };
    const target = {
      sendFrames: (frames: Uint8Array, count: number) => void sent.push(`${count}: ${text(frames)}`),
    };
    for (const step of steps) {
      if (step === "leave") batch.leave(source, target);
      else {
        [source.frameStart, source.frameEnd] = step;
        batch.pass(source, target);
      }
    }
    assertEquals(sent, left);
  });
}
