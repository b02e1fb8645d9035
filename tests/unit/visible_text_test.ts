import { assertEquals } from "@std/assert";
import { visible, visibleLines } from "../../lib/base/visible_text.ts";

Deno.test("visible writes what a terminal obeys or does not show as escapes, and leaves all else alone", () => {
  const table: [text: string, shown: string][] = [
    ["plain text, Ünïcödé, 日本, 🙂", "plain text, Ünïcödé, 日本, 🙂"],
    ["a\nb\r\tc", "a\\nb\\r\\tc"],
    ["\x1b[31mred\x1b[0m", "\\u001b[31mred\\u001b[0m"],
    ["\x9b31m \x7f \0", "\\u009b31m \\u007f \\u0000"],
    ["user\u202egnp.exe", "user\\u202egnp.exe"],
    ["\u2066a\u2069\u200fb\u061c", "\\u2066a\\u2069\\u200fb\\u061c"],
    ["zero\u200bwidth\ufeff\u2060", "zero\\u200bwidth\\ufeff\\u2060"],
    ["line\u2028para\u2029", "line\\u2028para\\u2029"],
    ["tag\u{e0041}", "tag\\udb40\\udc41"],
    ["half \ud83d", "half \\ud83d"],
    ["👩\u200d💻 می\u200cخواهم", "👩\u200d💻 می\u200cخواهم"],
  ];
  for (const [text, shown] of table) assertEquals(visible(text), shown);
});

Deno.test("visibleLines keeps the ends of lines", () => {
  assertEquals(visibleLines("a\nb\x1b\r\n"), "a\nb\\u001b\\r\n");
});

Deno.test("visible leaves JSON the same JSON", () => {
  const value = { "\u202e": ["\u{e0041}\x9b", "\u2028\x7f"] };
  const shown = visible(JSON.stringify(value));
  assertEquals(shown, '{"\\u202e":["\\udb40\\udc41\\u009b","\\u2028\\u007f"]}');
  assertEquals(JSON.parse(shown), value);
});
