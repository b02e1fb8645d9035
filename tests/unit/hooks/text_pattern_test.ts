import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { MAX_CHARACTERS, MAX_SETS } from "../../../lib/hooks/pattern_dfa.ts";
import { parsePattern } from "../../../lib/hooks/text_pattern.ts";

/** Numbers that are the same in each run. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}

type Random = ReturnType<typeof randomOf>;

function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random(values.length)];
}

const ATOMS = ["a", "b", "k", "s", "é", "😀", "\\n", ".", "\\d", "\\w", "\\W", "\\s", "\\S", "[ab]", "[^a]"];
const MORE_ATOMS = ["[a-kS]", "[^\\w]", "\\x41", "\\u017f", "-", "\\.", "1", "_", " "];
const UNICODE_ATOMS = ["\\p{L}", "\\P{Lu}", "\\u{1F600}", "[😀é]", "[^😀]"];
const ASSERTIONS = ["^", "$", "\\b"];
const QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,3}", "{2,}", "{0,2}?"];
const TEXT = [..."abkKsSéÉ1_- .A\n\r", "\u2028", "\u017f", "\u212a", "😀", "\ud83d", "\ude00"];

interface Parts {
  atoms: readonly string[];
  assertions: readonly string[];
  groups: readonly string[];
}

function randomPattern(random: Random, depth: number, all: Parts): string {
  const parts = Array.from({ length: 1 + random(4) }, () => {
    const kind = random(10);
    if (kind === 0) return oneOf(random, all.assertions);
    const inner = kind < 4 && depth > 0
      ? `${oneOf(random, all.groups)}${randomPattern(random, depth - 1, all)})`
      : oneOf(random, all.atoms);
    return random(3) === 0 ? inner + oneOf(random, QUANTIFIERS) : inner;
  });
  return parts.join("") + (random(6) === 0 && depth > 0 ? `|${randomPattern(random, depth - 1, all)}` : "");
}

Deno.test("a pattern finds what JavaScript's own finds, on random patterns and texts", () => {
  const random = randomOf(20_330_101);
  let found = 0;
  for (let round = 0; round < 2_000; round++) {
    const flags = ["i", "m", "s"].filter(() => random(3) === 0).join("") + oneOf(random, ["", "", "u", "v"]);
    const isUnicode = /[uv]/.test(flags);
    const source = randomPattern(random, 3, {
      atoms: [...ATOMS, ...MORE_ATOMS, ...(isUnicode ? UNICODE_ATOMS : [])],
      // V8 finds \B between the two halves of a character, where no match can begin: /\B/u in "k😀A".
      assertions: [...ASSERTIONS, ...(isUnicode ? [] : ["\\B"])],
      // V8 takes the i of a group for what follows it too, where a class stands there: /(?i:)[^\w]/u.
      groups: ["(", "(?:", "(?m-s:", ...(isUnicode ? [] : ["(?i:"])],
    });
    const own = new RegExp(source, flags);
    const pattern = parsePattern(`/${source}/${flags}`);
    for (let count = 0; count < 8; count++) {
      const text = Array.from({ length: random(7) }, () => oneOf(random, TEXT)).join("");
      const expected = own.test(text);
      assertEquals(pattern.test(text), expected, `${own} on ${JSON.stringify(text)}`);
      if (expected) found++;
    }
  }
  assert(found > 2_000 && found < 14_000, `${found} matches`);
});

Deno.test("a pattern means what it means in JavaScript", () => {
  const table: [pattern: string, text: string, found: boolean][] = [
    ["b", "abc", true],
    ["^b", "abc", false],
    ["/B/i", "abc", true],
    ["", "", true],
    ["^$", "a", false],
    ["/^b$/m", "a\nb\nc", true],
    ["a.c", "a\nc", false],
    ["/a.c/s", "a\nc", true],
    ["/^.$/", "😀", false],
    ["/^.$/u", "😀", true],
    ["/^[\\p{L}--[a-z]]+$/v", "Éa", false],
    ["/^[\\p{L}--[a-z]]+$/v", "ÉA", true],
    ["\\bcat\\b", "a cat.", true],
    ["\\bcat\\b", "concat", false],
    ["/kate/iu", "\u212aate", true],
    ["/kate/i", "\u212aate", false],
    ["^(?:\\d{1,3}\\.){3}\\d{1,3}$", "192.0.2.7", true],
    ["^(?:\\d{1,3}\\.){3}\\d{1,3}$", "192.0.2", false],
    ["a{3,}", "aa", false],
    ["[/]", "a/b", true],
  ];
  for (const [pattern, text, found] of table) {
    assertEquals(parsePattern(pattern).test(text), found, `${pattern} on ${JSON.stringify(text)}`);
  }
});

Deno.test("no text takes a pattern longer than its length allows, where JavaScript's own would take years", () => {
  const patterns = [
    "^(a+)+$",
    "(a|a)*b$",
    "(.*)(.*)(.*)(.*)x=y",
    "^([a-z]+)*[0-9]$",
    "a*a*a*a*a*b",
    "(?:a?){200}b{2}",
  ];
  const text = "a".repeat(1_000_000) + "!";
  for (const source of patterns) {
    const pattern = parsePattern(source);
    const begun = performance.now();
    assertEquals(pattern.test(text), false, source);
    assertLess(performance.now() - begun, 2_000, source);
  }
});

Deno.test("what a pattern remembers does not grow with what clients send", () => {
  const random = randomOf(7);
  // A set of states for each of the 2 ^ 12 ways in which the last characters can be a or not.
  const sets = parsePattern("a[^]{12}z");
  const own = /a[^]{12}z/;
  for (let round = 0; round < 20; round++) {
    const text = Array.from({ length: MAX_SETS * 4 }, () => oneOf(random, ["a", "b", "c"])).join("");
    assertEquals(sets.test(text), own.test(text));
    assertEquals(sets.test(`${text}a${"b".repeat(12)}z`), true);
  }
  // More characters than are remembered.
  const characters = parsePattern("^[\u0400-\u9fff]+\\.$");
  const all = Array.from({ length: MAX_CHARACTERS * 3 }, (_, index) => String.fromCharCode(0x400 + index));
  for (let round = 0; round < 3; round++) {
    assertEquals(characters.test(`${all.join("")}.`), true);
    assertEquals(characters.test(`${all.join("")}!`), false);
  }
});

Deno.test("a pattern that no automaton can match is refused with what is in its way", () => {
  const table: [pattern: string, message: string][] = [
    [
      "(a)\\1",
      "Cannot use the regular expression /(a)\\1/: it refers back to a group, wanted a pattern without back references",
    ],
    [
      "/(?<x>a)\\k<x>/u",
      "Cannot use the regular expression /(?<x>a)\\k<x>/: it refers back to a group, wanted a pattern without back references",
    ],
    [
      "a(?=b)",
      "Cannot use the regular expression /a(?=b)/: it looks around, wanted a pattern without (?=, (?!, (?<= and (?<!",
    ],
    [
      "/(?<!a)b/i",
      "Cannot use the regular expression /(?<!a)b/: it looks around, wanted a pattern without (?=, (?!, (?<= and (?<!",
    ],
    [
      "(a{100}){100}",
      "Cannot use the regular expression /(a{100}){100}/: its repetitions are too large written out, wanted at most 700 states",
    ],
    [
      "(?:){1000000000}",
      "Cannot use the regular expression /(?:){1000000000}/: its repetitions are too large written out, wanted at most 700 states",
    ],
    [
      "/[\\q{ab|c}]/v",
      "Cannot use the regular expression /[\\q{ab|c}]/: a class in it takes several characters at once, wanted classes of single characters",
    ],
    [
      "/\\p{RGI_Emoji}/v",
      "Cannot use the regular expression /\\p{RGI_Emoji}/: a class in it takes several characters at once, wanted classes of single characters",
    ],
    ["(", "Invalid regular expression: /(/: Unterminated group"],
    ["/a/g", "" /* no flag that a pattern has: the slashes are its own */],
  ];
  for (const [pattern, message] of table) {
    if (message === "") assertEquals(parsePattern(pattern).test("x/a/gx"), true);
    else assertEquals(assertThrows(() => parsePattern(pattern), SyntaxError).message, message);
  }
});
