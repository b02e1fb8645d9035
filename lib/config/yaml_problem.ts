/**
 * What is wrong with a text that is no YAML, or that reads as other YAML than it looks like, in plain words. Pure.
 *
 * @module
 */

/** What {@linkcode finding} takes. */
export interface YamlProblem {
  found: string;
  wanted: string;
  message: string;
}

/**
 * The first line that a tab indents, if there is one. The reader passes over tabs, and what they were meant to indent
 * stands then in another place: all else that is wrong may come of it. Lines of literal and folded text are left out.
 */
export function tabIndent(text: string): YamlProblem | undefined {
  const lines = text.split("\n");
  let block: number | undefined;
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const depth = /^ */.exec(line)![0].length;
    if (block !== undefined && depth > block) continue;
    block = /(?:^|[:\-]\s+)[|>][+\-\d]*\s*(?:#.*)?$/.test(line) ? depth : undefined;
    if (!/^ *\t[ \t]*[^\s#]/.test(line)) continue;
    const found = `a tab in the indentation of line ${index + 1}`;
    const wanted = "spaces: YAML takes no tabs there";
    return { found, wanted, message: `found ${found}, wanted ${wanted}` };
  }
  return undefined;
}

/** What the reader throws, in our words. */
export function yamlProblem(error: Error, text: string): YamlProblem {
  // The reader's message goes on with an excerpt in lines of its own.
  const summary = error.message.split("\n", 1)[0].replace(/:$/, "");
  const [, line, column] = /at line (\d+), column (\d+)/.exec(summary) ?? [];
  const excerpt = text.split("\n")[Number(line) - 1] ?? "";
  const found = JSON.stringify(excerpt.trim());
  if (/duplicated key/.test(summary)) {
    const key = repeatedKey(excerpt, Number(column));
    const which = key === undefined ? "a key" : `the key ${key}`;
    const message =
      `${which} is there twice in one mapping, the second time at line ${line}, wanted each key once`;
    return { found: key ?? found, wanted: "each key once", message };
  }
  const hint = /flow/.test(summary) && found.includes("${")
    ? ', wanted quotes around a variable inside of { } or [ ], as "${NAME}"'
    : "";
  return { found, wanted: "YAML", message: `${summary}${hint}` };
}

/** The key at a column of a line, or the one that stands twice in a line of `{ }`. */
function repeatedKey(line: string, column: number): string | undefined {
  const key = /("[^"]*"|'[^']*'|[^\s{}[\],:"'][^{}[\],:]*?)\s*:(?=\s|$)/;
  const here = new RegExp(`^${key.source}`).exec(line.slice(column - 1));
  const keys = here ? [here] : [...line.matchAll(new RegExp(key, "g"))];
  const names = keys.map(([, name]) => JSON.stringify(name.replace(/^(["'])(.*)\1$/, "$2")));
  const twice = new Set(here ? names : names.filter((name, index) => names.indexOf(name) !== index));
  return twice.size === 1 ? [...twice][0] : undefined;
}
