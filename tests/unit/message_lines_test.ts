import { assertEquals, assertThrows } from "@std/assert";
import { MessageLineError, MessageLines, toLine } from "../../lib/spec/message_lines.ts";

const encoder = new TextEncoder();

Deno.test("messages are taken from a pipe however its bytes are cut", () => {
  const messages = [{ type: "a" }, { text: "ö\n\u2028" }, [], "x"];
  const bytes = encoder.encode(messages.map((message) => toLine(Object(message))).join(""));
  for (let size = 1; size <= bytes.length; size++) {
    const lines = new MessageLines();
    const taken: unknown[] = [];
    for (let at = 0; at < bytes.length; at += size) taken.push(...lines.take(bytes.slice(at, at + size)));
    assertEquals(taken, messages);
  }
});

Deno.test("a line that is no message fails once those before it have been taken", () => {
  const cases: [string, string][] = [
    ["this is not json\n", 'message is no JSON: "this is not json"'],
    ["\n", 'message is no JSON: ""'],
    ["x".repeat(33), "message is over 32 bytes"],
    [`${"[".repeat(32)}\n`, `message is no JSON: "${"[".repeat(32)}"`],
  ];
  for (const [bad, expected] of cases) {
    const taken: unknown[] = [];
    const error = assertThrows(() => {
      for (const message of new MessageLines(32).take(encoder.encode(`1\n${bad}`))) taken.push(message);
    }, MessageLineError);
    assertEquals([error.message, taken], [expected, [1]]);
  }
});

Deno.test("a line that grows past the bound in pieces fails with the piece that exceeds it", () => {
  const lines = new MessageLines(10);
  assertEquals([...lines.take(encoder.encode('"12345'))], []);
  assertThrows(() => [...lines.take(encoder.encode("67890"))], MessageLineError, "message is over 10 bytes");
});
