/**
 * The documents: links lead somewhere, what they say of files and tests is so, and each block of code is what it says.
 * TypeScript in them is run by `deno test --doc`; tables are compared with the code in `document_tables_test.ts`.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { commands } from "../../lib/cli/commands.ts";
import { ConfigError, parseConfig } from "../../lib/config/mod.ts";
import { parseEndpoint } from "../../lib/contract/endpoint.ts";
import { loadHooks } from "../../lib/hooks/load_hooks.ts";
import { resolveProtocol } from "../../lib/modules/find_protocol.ts";
import { type Document, filesBelow, readDocuments, root } from "../support/documents.ts";
import { testOptions } from "./hooks/support.ts";
import { commandLines, commandProblem } from "../support/shell.ts";

const documents = await readDocuments();

/** How many blocks there may be that nothing checks. */
const UNCHECKED = 5;

/** Asserts that nothing is wrong, with everything that is. */
function assertNone(problems: readonly (string | undefined)[]): void {
  assertEquals(problems.filter((problem) => problem !== undefined), []);
}

Deno.test("the README is at most 180 lines", () => {
  assertLess(documents.get("README.md")!.text.trimEnd().split("\n").length, 181);
});

Deno.test("every link of a document leads to a file and an anchor of this repository", async () => {
  const problems: string[] = [];
  for (const document of documents.values()) {
    for (const { href } of document.links) {
      if (/^https?:/.test(href)) continue;
      const [path, anchor] = decodeURI(href).split("#");
      const target = path === "" ? document.path : placeOf(new URL(path, new URL(document.path, root)));
      if (target === undefined) problems.push(`${document.path}: ${href} is outside the repository`);
      else if (!await exists(target)) problems.push(`${document.path}: there is no ${target}`);
      else if (anchor !== undefined && !documents.get(target)?.anchors.has(anchor)) {
        problems.push(`${document.path}: ${target} has no heading #${anchor}`);
      }
    }
  }
  assertNone(problems);
});

Deno.test("every document can be reached from the README", () => {
  const reached = new Set(["README.md"]);
  for (const path of reached) {
    for (const { href } of documents.get(path)?.links ?? []) {
      if (!/^https?:/.test(href)) {
        reached.add(placeOf(new URL(href.split("#")[0], new URL(path, root))) ?? "");
      }
    }
  }
  // What a folder says of itself.
  const alone = ["scripts/links/README.md"];
  assertNone([...documents.keys()].filter((path) => !reached.has(path) && !alone.includes(path)));
});

Deno.test("a link to a file of tests has the name of a test in it", async () => {
  const problems: string[] = [];
  for (const document of documents.values()) {
    for (const { href, text } of document.links) {
      if (!/tests\/.*\.ts$/.test(href) || text.startsWith("`")) continue;
      const source = await Deno.readTextFile(new URL(href, new URL(document.path, root)));
      if (!testNames(source).some((name) => name.test(text))) {
        problems.push(`${document.path}: no test "${text}" in ${href}`);
      }
    }
  }
  assertNone(problems);
});

Deno.test("each test of the contract is linked from its point, and each point cited in the code is there", async () => {
  const contract = documents.get("docs/contract.md")!;
  const points = new Map(
    contract.text.split(/^## (?=\d+\. )/m).slice(1).map((section) => [parseInt(section), section]),
  );
  assertEquals([...points.keys()], [...points.keys()].map((_, index) => index + 1));
  const source = await Deno.readTextFile(new URL("tests/integration/contract_test.ts", root));
  const problems: string[] = [];
  for (const [, quote, name] of source.matchAll(/Deno\.test\((["`])(point \d+: .*?)\1/g)) {
    const pattern = quote === "`" ? patternOf(name) : undefined;
    const point = points.get(Number(/\d+/.exec(name)))!;
    const texts = [...point.matchAll(/\[([^\]]+)\]\(/g)].map(([, text]) => text);
    const isLinked = texts.some((text) => pattern === undefined ? text === name : pattern.test(text));
    if (!isLinked) problems.push(`no link to "${name}"`);
  }
  for (const path of (await filesBelow(new URL("lib/", root))).filter((path) => path.endsWith(".ts"))) {
    const text = await Deno.readTextFile(new URL(path, root));
    for (const [, cited] of text.matchAll(/contract[\s*]+points? ((?:\d+(?:, | and | to )?)+)/g)) {
      for (const number of cited.match(/\d+/g)!) {
        if (!points.has(Number(number))) problems.push(`${path} cites point ${number}`);
      }
    }
  }
  assertNone(problems);
});

Deno.test("what a document names of a file of source is in that file", async () => {
  const problems: string[] = [];
  for (const document of documents.values()) {
    for (const [, href, names] of document.text.matchAll(/\]\(([^)\s]+\.ts)\):\s((?:`[^`]+`(?:,\s)?)+)/g)) {
      const source = await Deno.readTextFile(new URL(href, new URL(document.path, root)));
      for (const [, name] of names.matchAll(/`([^`]+)`/g)) {
        if (!new RegExp(`(?<![\\w#])${name}(?!\\w)`).test(source)) {
          problems.push(`${document.path}: no ${name} in ${href}`);
        }
      }
    }
  }
  assertNone(problems);
});

Deno.test("every block of code is of a kind that is checked, but for a few that say so", () => {
  const checked = ["ts", "ts no-eval", "yaml", "sh", "json"];
  const others = blocks().filter(({ info }) => !checked.includes(info));
  assertNone(
    others.filter(({ info }) => info !== "text").map(({ path, info, code }) =>
      `${path}: "${info}" ${code.slice(0, 60)}`
    ),
  );
  assertLess(others.length, UNCHECKED + 1);
});

Deno.test("every block of YAML is a configuration", () => {
  const all = blocks().filter(({ info }) => info === "yaml");
  assert(all.length >= 5);
  assertNone(all.map(({ path, code }) => {
    try {
      parseConfig(code, { file: "/documents/protohost.yaml", env: () => undefined });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return `${path}: ${error.message}\n${code}`;
    }
  }));
});

Deno.test("every rule in a block of YAML is bound to names that its protocol has", async () => {
  const problems: string[] = [];
  let rules = 0;
  for (const { path, code } of blocks().filter(({ info }) => info === "yaml")) {
    const { services } = parseConfig(code, { file: "/documents/protohost.yaml", env: () => undefined });
    for (const service of Object.values(services)) {
      const sources = service.hooks.filter((hook) => "rule" in hook);
      if (sources.length === 0) continue;
      rules += sources.length;
      const protocol = await resolveProtocol(parseEndpoint(service.listen[0]).protocol);
      const { options, told } = testOptions({ protocol });
      try {
        const proxied = service.proxy !== undefined;
        await loadHooks(sources, { ...options, proxied, runAction: () => Promise.resolve() });
      } catch (error) {
        problems.push(`${path}: ${(error as Error).message}`);
      }
      problems.push(...told.logged.map(({ line }) => `${path}: ${line}`));
    }
  }
  assert(rules >= 5);
  assertNone(problems);
});

Deno.test("every block of JSON is JSON", () => {
  for (const { info, code } of blocks()) if (info === "json") JSON.parse(code);
});

Deno.test("every command that a document tells people to type is there, with its flags and files", async () => {
  const lines = blocks().filter(({ info }) => info === "sh")
    .flatMap(({ path, code }) => commandLines(code).map((words) => ({ path, words })));
  assert(lines.length >= 10);
  assertNone(
    await Promise.all(lines.map(async ({ path, words }) => {
      const problem = await commandProblem(words);
      return problem && `${path}: ${words.join(" ")}: ${problem}`;
    })),
  );
});

Deno.test("every example in the help of a command is there, with its flags", async () => {
  for (const { name, load } of commands) {
    const { default: { help } } = await load();
    for (const [line] of help.examples) {
      for (const words of commandLines(line)) {
        const problem = await commandProblem(words);
        assertEquals(problem, undefined, `${name}: ${line}`);
      }
    }
  }
});

function blocks(): (Document["blocks"][number] & { path: string })[] {
  return [...documents.values()].flatMap(({ path, blocks }) => blocks.map((block) => ({ ...block, path })));
}

/** The names of the tests and steps in a source; what stands for a value in one stands for any text. */
function testNames(source: string): RegExp[] {
  const named = /(?:\b(?:\w*[tT]est|step|it)\(\s*(?:\{\s*)?|\bname: )(["`])((?:\\.|(?!\1)[^\\\n])+)\1/g;
  return [...source.matchAll(named)].map(([, quote, name]) =>
    quote === "`" ? patternOf(name) : new RegExp(`^${RegExp.escape(name.replaceAll("\\", ""))}$`)
  );
}

/** What a name may be that is written as a template. */
function patternOf(template: string): RegExp {
  return new RegExp(`^${template.split(/\$\{[^}]*\}/).map((part) => RegExp.escape(part)).join(".+")}$`);
}

function placeOf(url: URL): string | undefined {
  return url.href.startsWith(root.href) ? url.href.slice(root.href.length) : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(new URL(path, root));
    return true;
  } catch {
    return false;
  }
}
