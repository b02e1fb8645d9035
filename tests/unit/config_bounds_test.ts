import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { ConfigError, loadConfig, parseConfig, resolveConfig } from "../../lib/config/mod.ts";
import { loadConfigAside } from "../../lib/config/load_aside.ts";

/** What is said of a configuration, the first line of it. */
function firstProblemOf(text: string): string {
  const options = { file: "/srv/app/protohost.yaml", env: () => "value", label: "p.yaml" };
  return assertThrows(() => parseConfig(text, options), ConfigError).message.split("\n", 1)[0];
}

function service(keys: string): string {
  return `services: { a: { listen: "text://h:1", ${keys} } }`;
}

/** Aliases of lists of aliases: ten to the power of `levels` values. */
function laughs(levels: number, indent = ""): string {
  const lines = Array.from({ length: levels }, (_, level) => {
    const item = level === 0 ? "ha" : `*x${level - 1}`;
    return `${indent}x${level}: &x${level} [${Array(10).fill(item).join(", ")}]`;
  });
  return lines.join("\n");
}

Deno.test("a configuration that is small as a text and huge with its aliases followed is refused at once", () => {
  assertEquals(
    firstProblemOf(`${laughs(9)}\nservices: {}`),
    "p.yaml:5:30: x4[4]: found more than 50000 values, wanted at most 50000",
  );
  assertEquals(
    firstProblemOf(`services:\n  a:\n    listen: text://h:1\n    options:\n${laughs(9, "      ")}`),
    "p.yaml: found more than 4194304 values and characters, each alias counted as what it stands for, wanted fewer",
  );
  assertEquals(
    firstProblemOf(service(`options: [&s "${"x".repeat(500_000)}", ${"*s,".repeat(10)}]`)),
    "p.yaml: found more than 4194304 values and characters, each alias counted as what it stands for, wanted fewer",
  );
});

Deno.test("a configuration has a bound on its text, its depth, its entries and its values", () => {
  const table: [text: string, line: string][] = [
    ["#".repeat(2 * 1024 ** 2 + 1), "p.yaml: found 2097153 characters, wanted at most 2097152"],
    ["- \n".repeat(600_000), "p.yaml: found more than 500000 keys, values and lists, wanted fewer"],
    ["[".repeat(100_000), "p.yaml:1:64: found mappings and lists more than 64 deep, wanted at most 64"],
    ["- ".repeat(100_000), "p.yaml:1:129: found mappings and lists more than 64 deep, wanted at most 64"],
    [
      service(`hooks: [${"[],".repeat(10_001)}]`),
      "p.yaml:1:40: services.a.hooks: found more than 10000 entries, wanted at most 10000",
    ],
    [
      service(`hooks: [${`{ on: A, then: [${"drop,".repeat(9_000)}] },`.repeat(6)}]`),
      "p.yaml:1:13: services.a: found more than 50000 values, wanted at most 50000",
    ],
  ];
  for (const [text, line] of table) assertEquals(firstProblemOf(text), line, text.slice(0, 60));
});

Deno.test("a hundred problems are told, then that there are more, each with a bounded message", () => {
  const names = Array.from({ length: 5000 }, (_, index) => `s${index}: { instances: 0, handler: a.ts }`);
  const options = { file: "/srv/app/protohost.yaml", env: () => undefined, label: "p.yaml" };
  const { problems } = assertThrows(() => parseConfig(`services: { ${names} }`, options), ConfigError);
  assertEquals(problems.length, 101);
  assertEquals(problems[99].path, "services.s99.instances");
  assertEquals(problems[100].message, "there are more than these 100 problems");
  const long = "k".repeat(100_000);
  for (const text of [`${long}: 1`, service(`hooks: [{ on: A, when: { address: ${long} }, then: drop }]`)]) {
    const { message } = assertThrows(() => parseConfig(text, options), ConfigError);
    assert(message.length < 2500, `${message.length} characters`);
  }
});

Deno.test("variables put in a bounded number of characters, and one that is not closed is looked at once", () => {
  const many = service(`options: [${"'\${A}',".repeat(100)}]`);
  const options = { file: "/srv/app/protohost.yaml", env: () => "v".repeat(100_000), label: "p.yaml" };
  const { problems } = assertThrows(() => parseConfig(many, options), ConfigError);
  assertEquals(problems[0].message, "found too many characters from variables, wanted at most 4194304");
  assertEquals(
    firstProblemOf(service(`options: "${"\${A:-".repeat(300_000)}"`)).replace(/".*"/, "TEXT"),
    "p.yaml:1:49: services.a.options: found TEXT, wanted a variable as ${NAME} or ${NAME:-default}, or $${ for a literal ${",
  );
});

Deno.test("numbers that no machine can serve are refused", () => {
  const table: [keys: string, line: string][] = [
    [
      "instances: 1000000",
      "p.yaml:1:51: services.a.instances: found 1000000, wanted a whole number from 1 to 1024",
    ],
    [
      "isolation: connection, pool: { size: 10000000 }",
      "p.yaml:1:77: services.a.pool.size: found 10000000, wanted a whole number from 1 to 65536",
    ],
    [
      "hooks: [{ on: A, then: { webhook: { url: 'http://h/', retries: 1e9 } } }]",
      "p.yaml:1:103: services.a.hooks[0].then.webhook.retries: found 1000000000, wanted a whole number from 0 to 100",
    ],
  ];
  for (const [keys, line] of table) assertEquals(firstProblemOf(service(keys)), line);
});

Deno.test("names that objects have of their own are names like any other, and __proto__ is refused", () => {
  const names = ["constructor", "toString", "hasOwnProperty", "valueOf"];
  const services = Object.fromEntries(names.map((name) => [name, { handler: `./${name}.ts` }]));
  const protocols = Object.fromEntries(names.map((name) => [name, `./${name}.ts`]));
  const config = resolveConfig({ services, protocols }, { base: "/srv/app" });
  assertEquals(Object.keys(config.services), names);
  assertEquals(Object.keys(config.protocols), names.map((name) => name.toLowerCase()));
  for (const name of names) assertEquals(config.services[name].name, name);
  assertEquals(
    firstProblemOf("services: { __proto__: { handler: a.ts } }"),
    "p.yaml:1:13: services.__proto__: found the key __proto__, wanted another name",
  );
  assertEquals(
    firstProblemOf(service("options: { constructor: 1, deep: [{ __proto__: { polluted: true } }] }")),
    "p.yaml:1:76: services.a.options.deep[0].__proto__: found the key __proto__, wanted another name",
  );
});

Deno.test("loadConfigAside loads what loadConfig does, refuses what it does, and lets this isolate go on", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "protohost.yaml");
    const names = Array.from(
      { length: 2000 },
      (_, index) => `  s${index}: { listen: "echo://127.0.0.1:0" }\n`,
    );
    await Deno.writeTextFile(file, `services:\n${names.join("")}`);
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const config = await loadConfigAside(file);
    clearInterval(timer);
    assertEquals(config, await loadConfig(file));
    assert(turns > 10, `${turns} turns of the event loop`);

    await Deno.writeTextFile(file, "services: { a: { listen: 5, handler: gone.ts } }");
    const here = await assertRejects(() => loadConfig(file), ConfigError);
    const aside = await assertRejects(() => loadConfigAside(file), ConfigError);
    assertEquals(aside.problems, here.problems);
    assertEquals(here.problems.length, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name: "a configuration, certificates and modules that are no regular files are refused without being read",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const zero = await assertRejects(() => loadConfig("/dev/zero"), ConfigError);
    assertEquals(zero.message, "/dev/zero: Cannot read /dev/zero: it is a device");
    const folder = await Deno.makeTempDir();
    try {
      const file = join(folder, "protohost.yaml");
      await Deno.writeTextFile(
        file,
        "services:\n  a: { listen: text+tls://h:1, handler: /dev/urandom, tls: { cert: /dev/zero, key: /dev/zero } }",
      );
      const { problems } = await assertRejects(() => loadConfig(file), ConfigError);
      assertEquals(
        problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`),
        [
          "2:41 services.a.handler: /dev/urandom is a device, wanted a file",
          "2:68 services.a.tls.cert: /dev/zero is a device, wanted a file",
          "2:84 services.a.tls.key: /dev/zero is a device, wanted a file",
        ],
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
