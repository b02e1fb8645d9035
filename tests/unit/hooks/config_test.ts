import { assertEquals, assertThrows } from "@std/assert";
import { resolve, toFileUrl } from "@std/path";
import { type Config, ConfigError, parseConfig } from "../../../lib/config/mod.ts";

/** The absolute path, on this system, of a path in the configuration's folder. */
function at(path: string): string {
  return resolve("/srv/app", path);
}

function urlOf(path: string): string {
  return toFileUrl(at(path)).href;
}

function read(text: string): Config {
  return parseConfig(text, { file: at("protohost.yaml"), env: () => undefined, label: "protohost.yaml" });
}

/** The problems of a configuration, each as its path and what it says. */
function problemsOf(text: string): string[] {
  const { problems } = assertThrows(() => read(text), ConfigError);
  return problems.map(({ path, message }) => `${path}: ${message}`);
}

Deno.test("parseConfig resolves hooks: modules as URLs, rules with what they left out", () => {
  const { a } = read(`
services:
  a:
    listen: echo://h:1
    hookTimeout: 250ms
    onHookTimeout: drop
    onHookError: pass
    hooks:
      - ./hooks/spam.ts
      - { on: FLUSHALL, then: [{ reply: "-ERR refused" }] }
      - sequence: [AUTH, { command: 535, direction: out }, { repeat: { not: [A, B] }, min: 2, max: 4 }, { optional: { any: true } }, { oneOf: [C, D] }]
        within: 30s
        strict: true
        priority: 5
        when: { not: { address: 10.0.0.0/8 } }
        then: [{ webhook: "http://127.0.0.1:9000/abuse" }, { webhook: { url: "https://h/", retries: 0, timeout: 1s, headers: { a: b } } }, close]
      - on: [A, 5]
        direction: both
        when: [{ field: "args[0]", matches: "/^x/i", greater: 1 }, { field: "", in: [1, a] }]
        then:
          - { exec: [./ban.sh, $1] }
          - { exec: [logger] }
          - { log: { level: warning, message: hm } }
          - { log: hm }
          - { count: tries }
          - { publish: abuse }
          - { delay: 1m }
          - { replace: { a: 1 } }
          - { close: bye }
          - drop
`).services;
  const webhook = {
    do: "webhook",
    url: "http://127.0.0.1:9000/abuse",
    headers: {},
    timeoutMs: 5000,
    retries: 3,
  };
  assertEquals([a.hookTimeoutMs, a.onHookTimeout, a.onHookError], [250, "drop", "pass"]);
  assertEquals<unknown>(a.hooks, [
    { module: urlOf("hooks/spam.ts") },
    {
      rule: {
        on: ["FLUSHALL"],
        direction: "in",
        priority: 0,
        when: [],
        then: [{ do: "reply", message: "-ERR refused" }],
      },
    },
    {
      rule: {
        sequence: [
          { test: { name: "AUTH" } },
          { test: { name: "535" }, direction: "out" },
          { repeat: { test: { not: [{ name: "A" }, { name: "B" }] } }, min: 2, max: 4 },
          { repeat: { test: { any: true } }, min: 0, max: 1 },
          { test: { oneOf: [{ name: "C" }, { name: "D" }] } },
        ],
        direction: "in",
        withinMs: 30_000,
        strict: true,
        priority: 5,
        when: [{ not: { address: ["10.0.0.0/8"] } }],
        then: [
          webhook,
          { ...webhook, url: "https://h/", retries: 0, timeoutMs: 1000, headers: { a: "b" } },
          { do: "close" },
        ],
      },
    },
    {
      rule: {
        on: ["A", "5"],
        direction: "both",
        priority: 0,
        when: [{ field: "args[0]", matches: "/^x/i", greater: 1 }, { field: "", in: [1, "a"] }],
        then: [
          { do: "exec", command: [at("ban.sh"), "$1"], timeoutMs: 10_000 },
          { do: "exec", command: ["logger"], timeoutMs: 10_000 },
          { do: "log", level: "warning", text: "hm" },
          { do: "log", level: "info", text: "hm" },
          { do: "count", name: "tries" },
          { do: "publish", topic: "abuse" },
          { do: "delay", ms: 60_000 },
          { do: "replace", message: { a: 1 } },
          { do: "close", last: "bye" },
          { do: "drop" },
        ],
      },
    },
  ]);
  assertEquals(JSON.parse(JSON.stringify(a.hooks)), a.hooks);
});

Deno.test("parseConfig tells what is wrong with a rule, and where", () => {
  const actions = "reply, replace, drop, delay, close, log, count, webhook, exec, publish";
  const table: [rule: string, line: string][] = [
    ["7", ": found 7, wanted a module's path, or a rule with on or sequence"],
    ["''", ': found "", wanted a path'],
    ["{ then: drop }", ": found none of them, wanted exactly one of on, sequence"],
    ["{ on: A, sequence: [A], then: drop }", ": found on and sequence, wanted exactly one of on, sequence"],
    ["{ on: A }", ".then: found nothing, wanted an action or a list of them"],
    ["{ on: A, then: [] }", ".then: found an empty list, wanted at least one action"],
    [
      "{ on: A, than: drop, then: drop }",
      '.than: unknown key, did you mean "then"?',
    ],
    ["{ on: [], then: drop }", ".on: found an empty list, wanted at least one command"],
    ["{ on: { a: 1 }, then: drop }", ".on: found a mapping, wanted a command or a list of commands"],
    [
      "{ on: A, direction: inn, then: drop }",
      '.direction: found "inn", wanted one of in, out, both (did you mean "in"?)',
    ],
    ["{ on: A, within: 30s, then: drop }", '.within: found "30s", wanted sequence beside it, not on'],
    [
      "{ sequence: [A], within: soon, then: drop }",
      '.within: found "soon", wanted a duration such as 500ms, 30s or 5m, at least 1 ms',
    ],
    [
      "{ sequence: [{ optional: A }], then: drop }",
      ".sequence: Cannot use the sequence [A or not]: wanted at least one command that must come",
    ],
    [
      "{ sequence: [{ repeat: A, max: 900 }], then: drop }",
      ".sequence: Cannot use a sequence of more than 256 commands",
    ],
    [
      "{ sequence: [A, { repat: A }], then: drop }",
      '.sequence[1].repat: unknown key, did you mean "repeat"?',
    ],
    [
      "{ sequence: [{ any: true, not: A }], then: drop }",
      ".sequence[0]: found any and not, wanted exactly one of command, any, not, oneOf, repeat, optional",
    ],
    [
      "{ sequence: [{ repeat: A, min: 3, max: 2 }], then: drop }",
      ".sequence[0].max: found 2, wanted at least min, which is 3",
    ],
    [
      "{ sequence: [{ command: A, min: 2 }], then: drop }",
      ".sequence[0].min: found 2, wanted repeat beside it",
    ],
    [
      "{ on: A, then: clsoe }",
      `.then: found "clsoe", wanted drop, close or a mapping with one of ${actions} (did you mean "close"?)`,
    ],
    ["{ on: A, then: [reply] }", '.then[0]: found "reply", wanted reply with its value, as a mapping'],
    ["{ on: A, then: [5] }", `.then[0]: found 5, wanted an action: ${actions}`],
    [
      "{ on: A, then: [drop, { rely: x }] }",
      '.then[1].rely: unknown key, did you mean "reply"?',
    ],
    [
      "{ on: A, then: [{ reply: a, drop: true }] }",
      `.then[0]: found reply and drop, wanted exactly one of ${actions}`,
    ],
    [
      "{ on: A, then: { webhook: 'ftp://h/' } }",
      '.then.webhook: found "ftp://h/", wanted a URL of http or https without a user or a password',
    ],
    [
      "{ on: A, then: { exec: rm -rf } }",
      '.then.exec: found "rm -rf", wanted a list of a program and its arguments',
    ],
    [
      "{ on: A, then: { exec: [] } }",
      ".then.exec: found an empty list, wanted a list of a program and its arguments",
    ],
    [
      "{ on: A, then: { count: a b } }",
      '.then.count: found "a b", wanted a name of letters, digits and _ . : - that begins with a letter, with {command} or {direction} in it',
    ],
    [
      "{ on: A, then: { count: 'x.{user}' } }",
      '.then.count: found "x.{user}", wanted a name of letters, digits and _ . : - that begins with a letter, with {command} or {direction} in it',
    ],
    [
      "{ on: A, when: { address: 10.0.0.0/33 }, then: drop }",
      '.when.address: Cannot read "10.0.0.0/33" as a range of addresses: wanted one such as 10.0.0.0/8',
    ],
    [
      "{ on: A, when: [{ field: a, matches: '(' }], then: drop }",
      ".when[0].matches: Invalid regular expression: /(/: Unterminated group",
    ],
    [
      "{ on: A, when: { field: a }, then: drop }",
      ".when: found field without a test, wanted one of equals, matches, in, greater, less beside it",
    ],
    [
      "{ on: A, when: { address: 10.0.0.1, equals: 5 }, then: drop }",
      ".when: found equals without field, wanted the field that is tested beside it",
    ],
    [
      "{ on: A, when: {}, then: drop }",
      ".when: found none of them, wanted exactly one of field, address, not",
    ],
  ];
  for (const [rule, line] of table) {
    const yaml = `services: { a: { listen: 'echo://h:1', hooks: [${rule}] } }`;
    assertEquals(problemsOf(yaml), [`services.a.hooks[0]${line}`], rule);
  }
  assertEquals(
    problemsOf(
      "services: { a: { listen: 'echo://h:1', onHookError: drop, onHookTimeout: 1, hookTimeout: x, hooks: a.ts } }",
    ),
    [
      'services.a.onHookError: found "drop", wanted one of pass, close',
      "services.a.onHookTimeout: found 1, wanted one of pass, drop, close",
      'services.a.hookTimeout: found "x", wanted a duration such as 500ms, 30s or 5m',
      'services.a.hooks: found "a.ts", wanted a list of modules\' paths and rules',
    ],
  );
});
