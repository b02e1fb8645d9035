/**
 * Tests of a command's name. Pure.
 *
 * A name must equal what the protocol's `command` returns, letter case included; a protocol that ignores case returns all
 * names in one case. A `*` in a pattern stands for any number of characters, including none.
 *
 * @module
 */

/** A test of a name. JSON-safe. */
export type NameTest =
  | { name: string }
  | { any: true }
  | { oneOf: NameTest[] }
  /** None of these. */
  | { not: NameTest[] };

/** Whether a name passes a test. Costs the length of the name for each pattern in the test. */
export function testName(test: NameTest, name: string): boolean {
  if ("name" in test) return matchesPattern(test.name, name);
  if ("oneOf" in test) return test.oneOf.some((one) => testName(one, name));
  if ("not" in test) return !test.not.some((one) => testName(one, name));
  return true;
}

/** Whether a name is a pattern. */
export function isPattern(name: string): boolean {
  return name.includes("*");
}

/** The names and patterns in a test, including those it excludes. */
export function namesIn(test: NameTest): string[] {
  if ("name" in test) return [test.name];
  if ("oneOf" in test) return test.oneOf.flatMap(namesIn);
  if ("not" in test) return test.not.flatMap(namesIn);
  return [];
}

/** Describes a test for people: `AUTH`, `any`, `not QUIT`, `A or B`. */
export function describeTest(test: NameTest): string {
  if ("name" in test) return test.name === "" ? '""' : test.name;
  if ("oneOf" in test) return test.oneOf.map(describeTest).join(" or ");
  if ("not" in test) return `not ${test.not.map(describeTest).join(", ")}`;
  return "any";
}

/** Whether a pattern with `*` in it, or a plain name, matches a name. */
function matchesPattern(pattern: string, name: string): boolean {
  if (!isPattern(pattern)) return pattern === name;
  // Parts are looked for one after the other, so that no pattern costs more than the name's length.
  const parts = pattern.split("*");
  const first = parts[0];
  const last = parts[parts.length - 1];
  if (name.length < first.length + last.length) return false;
  if (!name.startsWith(first) || !name.endsWith(last)) return false;
  const end = name.length - last.length;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const at = name.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
