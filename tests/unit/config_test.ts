import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { join, resolve, toFileUrl } from "@std/path";
import type * as z from "zod";
import {
  type Config,
  ConfigError,
  type ConfigInput,
  formatProblem,
  loadConfig,
  parseConfig,
  resolveConfig,
} from "../../lib/config/mod.ts";
import { resolveControl } from "../../lib/config/resolve_config.ts";
import { configSchema } from "../../lib/config/config_schema.ts";
import { configInputTypes, limitTypes } from "../../lib/config/input_types.ts";
import { configJsonSchema } from "../../lib/config/json_schema.ts";
import { DEFAULT_LIMITS } from "../../lib/contract/limits.ts";
import { nearest } from "../../lib/base/suggest.ts";

const FILE = at("protohost.yaml");

/** The absolute path, on this system, of a path in the configuration's folder. */
function at(path: string): string {
  return resolve("/srv/app", path);
}

function urlOf(path: string): string {
  return toFileUrl(at(path)).href;
}

function read(text: string, variables: Record<string, string> = {}): Config {
  return parseConfig(text, { file: FILE, env: (name) => variables[name], label: "protohost.yaml" });
}

/** The problems of a configuration, each as the line it is printed as. */
function problemsOf(text: string, variables: Record<string, string> = {}): string[] {
  const error = assertThrows(() => read(text, variables), ConfigError);
  assertEquals(error.code, "bad_config");
  assertEquals(error.message, error.problems.map(formatProblem).join("\n"));
  return error.problems.map(formatProblem);
}

Deno.test("parseConfig fills in the defaults of the smallest configuration", () => {
  assertEquals(read("services: { echo: { listen: 'echo://127.0.0.1:0' } }"), {
    file: FILE,
    base: `${urlOf(".")}/`,
    control: Deno.build.os === "windows" ? false : at("protohost.sock"),
    log: { level: "info", format: "pretty" },
    protocols: {},
    services: {
      echo: {
        name: "echo",
        listen: ["echo://127.0.0.1:0"],
        hooks: [],
        hookTimeoutMs: 5000,
        onHookTimeout: "close",
        onHookError: "close",
        options: {},
        instances: 1,
        limits: { ...DEFAULT_LIMITS },
      },
    },
  });
});

Deno.test("a service's user and group are names or numbers, and are refused in a worker of the server", () => {
  const { services } = read(`
defaults: { user: nobody }
services:
  a: { listen: "echo://127.0.0.1:0" }
  b: { listen: "echo://127.0.0.1:0", user: 1000, group: mail }
`);
  assertEquals([services.a.user, services.a.group], ["nobody", undefined]);
  assertEquals([services.b.user, services.b.group], ["1000", "mail"]);
  assertEquals(problemsOf("services: { a: { listen: 'echo://127.0.0.1:0', isolation: worker, user: x } }"), [
    "protohost.yaml: services.a.user: found user with isolation: worker, wanted isolation: process beside it",
  ]);
  assertEquals(problemsOf("services: { a: { listen: 'echo://127.0.0.1:0', user: -1 } }"), [
    "protohost.yaml: services.a.user: found -1, wanted a name or a number of the system's",
  ]);
});

Deno.test("parseConfig resolves everything that can be configured", () => {
  const config = read(`
log: { level: debug, format: json, file: logs/protohost.log, flood: 100 }
control: ../run/control.sock
protocols: { JsonNL: ./protocols/mine.ts, other: "jsr:@some/where" }
defaults:
  instances: 2
  limits: { idleTimeout: 1m, maxFrameBytes: 2KiB }
  tls: { cert: default.crt, key: default.key }
services:
  chat:
    listen: ["JsonNL://0.0.0.0:1234", "jsonnl+unix://run/chat.sock", "jsonnl+tls://0.0.0.0:1235"]
    handler: services/chat.ts
    options: { root: ./public, deep: [1, null, { when: 2026-01-01 }] }
    limits: { idleTimeout: 5s, maxConnections: 10 }
  mine:
    listen: tcp://127.0.0.1:9
    protocol: ./protocols/mine.ts
    instances: 1
    tls:
      certificates:
        - { cert: /etc/a.crt, key: /etc/a.key, names: [a.example, b.example] }
        - { cert: b.crt, key: b.key }
      clientCa: [ca.crt, /etc/ca.crt]
  named: { listen: "tcp://127.0.0.1:10", protocol: Text, tls: { cert: c, key: k, clientCa: ca, clientCertificate: optional } }
`);
  assertEquals(config.log, {
    level: "debug",
    format: "json",
    file: at("logs/protohost.log"),
    flood: 100,
  });
  assertEquals(config.control, at("../run/control.sock"));
  assertEquals(config.protocols, {
    jsonnl: urlOf("protocols/mine.ts"),
    other: "jsr:@some/where",
  });
  const { chat, mine, named } = config.services;
  const defaultTls = {
    certificates: [{ cert: at("default.crt"), key: at("default.key") }],
    clientCertificate: "none" as const,
  };
  assertEquals(chat, {
    name: "chat",
    listen: ["JsonNL://0.0.0.0:1234", `jsonnl+unix://${at("run/chat.sock")}`, "jsonnl+tls://0.0.0.0:1235"],
    handler: urlOf("services/chat.ts"),
    hooks: [],
    hookTimeoutMs: 5000,
    onHookTimeout: "close",
    onHookError: "close",
    options: { root: "./public", deep: [1, null, { when: "2026-01-01" }] },
    instances: 2,
    limits: { ...DEFAULT_LIMITS, idleTimeoutMs: 5000, maxFrameBytes: 2048, maxConnections: 10 },
    tls: defaultTls,
  });
  assertEquals(mine.protocol, urlOf("protocols/mine.ts"));
  assertEquals(mine.instances, 1);
  assertEquals(mine.tls, {
    certificates: [
      { cert: at("/etc/a.crt"), key: at("/etc/a.key"), names: ["a.example", "b.example"] },
      { cert: at("b.crt"), key: at("b.key") },
    ],
    clientCa: [at("ca.crt"), at("/etc/ca.crt")],
    clientCertificate: "required",
  });
  assertEquals(named.protocol, "text");
  assertEquals(named.tls?.clientCertificate, "optional");
});

Deno.test("parseConfig takes a key without a value for an empty one", () => {
  const config = read(
    "log:\nprotocols:\ndefaults:\nservices:\n  a:\n    handler: a.ts\n    limits:\n    tls:\n    options:",
  );
  assertEquals(config.services.a.limits, { ...DEFAULT_LIMITS });
  assertEquals(config.services.a.options, {});
  assertEquals(config.services.a.tls, undefined);
});

Deno.test("parseConfig turns the control socket off when told to", () => {
  const services = "services: { a: { handler: a.ts } }";
  assertEquals(read(`control: false\n${services}`).control, false);
  assertEquals(read(`control: "\${C}"\n${services}`, { C: "false" }).control, false);
});

Deno.test("parseConfig tells one problem as its line", () => {
  const listen = "listen: 'echo://h:1'";
  const keys =
    "one of listen, protocol, handler, upstream, balance, connectTimeout, upstreamTls, sendProxyProtocol, acceptProxyProtocol, onBadFrame, hooks, hookTimeout, onHookTimeout, onHookError, options, instances, isolation, pool, user, group, permissions, limits, tls";
  const table: [yaml: string, line: string][] = [
    ["", ": found nothing, wanted a mapping with services"],
    ["[]", ": found an empty list, wanted a mapping with services"],
    ["log: {}", ": services: found nothing, wanted a mapping of at least one name to its service"],
    ["services:", ": services: found nothing, wanted a mapping of at least one name to its service"],
    [
      "services: {}",
      ": services: found an empty mapping, wanted a mapping of at least one name to its service",
    ],
    ["services: { a: 5 }", ": services.a: found 5, wanted a service, with listen or handler"],
    [
      "services: { a: {} }",
      ": services.a: found neither listen nor handler, wanted an address to listen at, or a handler that brings its own",
    ],
    [
      `services: { a.b: { ${listen} } }`,
      `: services.a.b: found "a.b", wanted a name of letters, digits, - and _`,
    ],
    [
      `services: { a: { ${listen}, limits: { idleTimeout: 30 parsecs } } }`,
      ': services.a.limits.idleTimeout: found "30 parsecs", wanted a duration such as 500ms, 30s or 5m',
    ],
    [
      `services: { a: { ${listen}, limits: { maxConnections: 0 } } }`,
      ": services.a.limits.maxConnections: found 0, wanted a whole number, at least 1",
    ],
    [
      `services: { a: { ${listen}, limits: { maxFrameBytes: null } } }`,
      ": services.a.limits.maxFrameBytes: found nothing, wanted a size such as 65536 or 64KiB",
    ],
    [
      `services: { a: { ${listen}, handlr: a.ts } }`,
      `: services.a: found "handlr", wanted ${keys} (did you mean "handler"?)`,
    ],
    [`services: { a: { ${listen}, colour: red } }`, `: services.a: found "colour", wanted ${keys}`],
    [
      `services: { a: { ${listen} } }\nservice: {}`,
      ': found "service", wanted one of services, control, log, protocols, defaults (did you mean "services"?)',
    ],
    [
      `services: { a: { ${listen} } }\nlog: { levl: info }`,
      ': log: found "levl", wanted one of level, format, file, flood (did you mean "level"?)',
    ],
    [
      `services: { a: { ${listen} } }\nlog: { level: warn }`,
      ': log.level: found "warn", wanted one of trace, debug, info, warning, error, fatal (did you mean "warning"?)',
    ],
    [
      `services: { a: { ${listen} } }\ncontrol: true`,
      ": control: found true, wanted a path or false",
    ],
    [
      `services: { a: { ${listen} } }\nprotocols: { tls: a.ts }`,
      `: protocols.tls: found "tls", wanted a protocol's name, which a transport's own cannot be`,
    ],
    [
      `services: { a: { ${listen} } }\nprotocols: { Ab: a.ts, aB: b.ts }`,
      ': protocols.aB: found "aB", wanted each protocol once, whatever the case of its name',
    ],
    [
      `services: { a: { ${listen}, instances: 0 } }`,
      ": services.a.instances: found 0, wanted a whole number from 1 to 1024",
    ],
    [
      `services: { a: { ${listen}, instances: two } }`,
      ': services.a.instances: found "two", wanted a whole number from 1 to 1024',
    ],
    [
      "services: { a: { listen: 5 } }",
      ": services.a.listen: found 5, wanted an address or a list of addresses",
    ],
    [
      "services: { a: { listen: ['echo://h:1', 5] } }",
      ": services.a.listen[1]: found 5, wanted an address such as jsonnl://0.0.0.0:1234",
    ],
    [
      "services: { a: { listen: 'echo:1' } }",
      ': services.a.listen: Cannot read the address "echo:1": its protocol is missing, wanted it in front, as in text://echo:1',
    ],
    [
      "services: { a: { listen: 'tcp://h:1' } }",
      ': services.a.listen: found "tcp://h:1", wanted a protocol in the address or as protocol of the service',
    ],
    [
      "services: { a: { listen: 'echo+tls://h:1' } }",
      ': services.a.listen: found "echo+tls://h:1", wanted a certificate and a key for it, as tls of the service or of defaults',
    ],
    [
      `services: { a: { ${listen}, tls: { cert: a } } }`,
      ": services.a.tls: found cert without key, wanted cert and key, or certificates",
    ],
    [
      `services: { a: { ${listen}, tls: { cert: a, key: b, certificates: [{ cert: a, key: b }] } } }`,
      ": services.a.tls: found certificates beside cert or key, wanted either cert and key or certificates",
    ],
    [
      `services: { a: { ${listen} } }\ndefaults: { tls: { certificates: [{ cert: a }] } }`,
      ": defaults.tls.certificates[0].key: found nothing, wanted a path",
    ],
    [
      `services: { a: { ${listen}, tls: { cert: a, key: b, clientCertificate: required } } }`,
      `: services.a.tls.clientCertificate: found "required", wanted clientCa beside it, to check clients' certificates against`,
    ],
    [
      "services: { a: { listen: 'echo://h:1', upstream: 'tcp://h:2', handler: a.ts } }",
      ": services.a: found handler and upstream, wanted one of them: who is to answer",
    ],
    [
      "services: { a: { listen: 'echo://h:1', options: &o { again: [*o] } } }",
      ": services.a.options.again[0]: found a value that contains itself, wanted a JSON value",
    ],
  ];
  for (const [yaml, line] of table) assertEquals(problemsOf(yaml), [`protohost.yaml${line}`], yaml);
});

Deno.test("parseConfig tells all problems at once, from several services and from rules that need several values", () => {
  const lines = problemsOf(`
control: 5
log: { format: xml }
defaults: { limits: { idleTimeout: soon } }
services:
  one: { listen: "text://h:80", limits: { maxFrameBytes: huge, speed: 5 }, hooks: [7] }
  two: { listen: ["text://H:80", "nonsense", "text+tls://h:81"], handler: 7 }
  three: { listen: "text+tls://h:81", tls: { cert: a } }
  four: { instances: -1 }
`);
  assertEquals(lines.map((line) => /^protohost.yaml: (\S+): /.exec(line)?.[1]).toSorted(), [
    "control",
    "defaults.limits.idleTimeout",
    "log.format",
    "services.four",
    "services.four.instances",
    "services.one.hooks[0]",
    "services.one.limits",
    "services.one.limits.maxFrameBytes",
    "services.three.listen",
    "services.three.tls",
    "services.two.handler",
    "services.two.listen[0]",
    "services.two.listen[1]",
    "services.two.listen[2]",
  ]);
});

Deno.test("a problem carries file, path, value found and value wanted", () => {
  const error = assertThrows(
    () => read("services: { a: { listen: 'echo://h:1', instances: 1.5 } }"),
    ConfigError,
  );
  assertEquals(error.problems, [{
    file: "protohost.yaml",
    path: "services.a.instances",
    message: "found 1.5, wanted a whole number from 1 to 1024",
    found: "1.5",
    wanted: "a whole number from 1 to 1024",
  }]);
});

Deno.test("two services cannot have one address, but a free port, another transport's or another host's is another", () => {
  const table: [a: string, b: string, taken: boolean][] = [
    ["text://h:1", "jsonnl://h:1", true],
    ["text://h:1", "text+tls://H:1", true],
    ["text+unix:///srv/app/a.sock", "text+unix://a.sock", true],
    ["text+udp://h:1", "echo+udp://h:1", true],
    ["text://h:1", "text+udp://h:1", false],
    ["text://h:0", "text://h:0", false],
    ["text://h:1", "text://h:2", false],
    ["text://127.0.0.1:1", "text://[::1]:1", false],
  ];
  const tls = "tls: { cert: a, key: b }";
  for (const [a, b, taken] of table) {
    const yaml = `services: { a: { listen: "${a}", ${tls} }, b: { listen: "${b}", ${tls} } }`;
    const wanted = "wanted an address of its own: services.a.listen listens there too";
    if (taken) {
      assertEquals(problemsOf(yaml), [`protohost.yaml: services.b.listen: found "${b}", ${wanted}`]);
    } else assertEquals(Object.keys(read(yaml).services), ["a", "b"]);
    const twice = `services: { a: { listen: ["${a}", "${b}"], ${tls} } }`;
    if (taken) assertStringIncludes(problemsOf(twice)[0], "services.a.listen[0] listens there too");
    else assertEquals(read(twice).services.a.listen.length, 2);
  }
});

Deno.test("YAML that does not read is one problem with line and column", () => {
  const table: [yaml: string, line: RegExp][] = [
    [
      "services:\n  a: [1",
      /^protohost\.yaml: Cannot read flow collection: .* at line 3, column 1$/,
    ],
    [
      "a: 1\na: 2",
      /: the key "a" is there twice in one mapping, the second time at line 2, wanted each key once$/,
    ],
    ["services:\n  'a b': {}\n  \"a b\": {}", /the key "a b" is there twice .* line 3/],
    ["services: { a: { b: 1 }, a: {} }", /the key "a" is there twice/],
    ["services: { a: { b: 1 }, c: { b: 1 }, a: {} }", /: a key is there twice/],
    [
      "services:\n\ta: { listen: 'echo://127.0.0.1:1' }",
      /^[^:]+: found a tab in the indentation of line 2, wanted spaces/,
    ],
    ["services:\n  a:\n  \tlisten: x\n", /a tab in the indentation of line 3/],
    // Tabs within a text are the text's own.
    ["services: { a: [1 }\nb: |\n  x\n  \ty\n", /Cannot read flow collection/],
    ["a: 1\n---\nb: 2", /expected a single document at line 2, column 1$/],
    [
      "services: { a: { instances: ${N} } }",
      /at line 1, column \d+, wanted quotes around a variable inside of \{ \} or \[ \], as "\$\{NAME\}"$/,
    ],
  ];
  for (const [yaml, line] of table) {
    const lines = problemsOf(yaml);
    assertEquals(lines.length, 1, yaml);
    assert(line.test(lines[0]), lines[0]);
  }
});

Deno.test("variables of the environment are replaced in strings", () => {
  const variables = { HOST: "127.0.0.1", PORT: "1234", EMPTY: "", YAML: "x, b: { c: 1 } #" };
  const table: [written: string, expected: string][] = [
    ["${HOST}", "127.0.0.1"],
    ["a ${HOST}:${PORT} z", "a 127.0.0.1:1234 z"],
    ["${NONE:-fallback}", "fallback"],
    ["${NONE:-}", ""],
    ["${EMPTY:-fallback}", "fallback"],
    ["${EMPTY}", ""],
    ["${HOST:-fallback}", "127.0.0.1"],
    ["${NONE:-http://a:1/b}", "http://a:1/b"],
    ["$${HOST}", "${HOST}"],
    ["$$${HOST}", "$${HOST}"],
    ["$HOST $5 {HOST}", "$HOST $5 {HOST}"],
    ["${YAML}", "x, b: { c: 1 } #"],
    ["${PORT}", "1234"],
  ];
  for (const [written, expected] of table) {
    const config = read(
      `services: { a: { handler: a.ts, options: { v: [${JSON.stringify(written)}] } } }`,
      variables,
    );
    assertEquals(config.services.a.options, { v: [expected] }, written);
  }
});

Deno.test("a variable is a number where a number is wanted", () => {
  const config = read(
    `
services:
  a:
    listen: jsonnl://\${HOST:-0.0.0.0}:\${PORT}
    instances: \${N}
    limits: { maxConnections: "\${C}", idleTimeout: "\${T}", maxFrameBytes: "\${N}KiB" }
`,
    { N: "3", C: "100", T: "5s", PORT: "80" },
  );
  const { a } = config.services;
  assertEquals([a.listen, a.instances], [["jsonnl://0.0.0.0:80"], 3]);
  assertEquals(
    [a.limits.maxConnections, a.limits.idleTimeoutMs, a.limits.maxFrameBytes],
    [100, 5000, 3072],
  );
});

Deno.test("a variable that is not set is a problem that names it, once", () => {
  assertEquals(problemsOf("services:\n  a:\n    listen: ${A}\n    instances: ${N}\n    handler: x${1y}"), [
    "protohost.yaml: services.a.listen: found ${A}, wanted the environment variable A to be set, or a default as in ${A:-default}",
    "protohost.yaml: services.a.instances: found ${N}, wanted the environment variable N to be set, or a default as in ${N:-default}",
    'protohost.yaml: services.a.handler: found "x${1y}", wanted a variable as ${NAME} or ${NAME:-default}, or $${ for a literal ${',
  ]);
});

Deno.test("resolveConfig takes the same shape from code, with no control socket unless named", () => {
  const input: ConfigInput = {
    services: {
      a: { handler: "./a.ts", options: { literal: "${HOME}" } },
      b: { handler: "file:///else/b.ts" },
    },
  };
  for (const base of [at("."), urlOf("."), new URL(`${urlOf(".")}/`)]) {
    const config = resolveConfig(input, { base });
    assertEquals([config.base, config.control, config.file], [`${urlOf(".")}/`, false, undefined]);
    assertEquals(config.services.a.handler, urlOf("a.ts"));
    assertEquals(config.services.a.options, { literal: "${HOME}" });
    assertEquals(config.services.b.handler, "file:///else/b.ts");
  }
});

Deno.test("resolveConfig refuses options that cannot travel to a worker", () => {
  const error = assertThrows(
    () =>
      resolveConfig({ services: { a: { handler: "a.ts", options: { f() {}, n: NaN, d: new Date(0) } } } }, {
        base: "/srv",
      }),
    ConfigError,
  );
  assertEquals(error.problems.map(formatProblem), [
    "configuration: services.a.options.f: found a function, wanted a JSON value",
    "configuration: services.a.options.n: found NaN, wanted a JSON value",
    "configuration: services.a.options.d: found an object, wanted a JSON value",
  ]);
});

Deno.test("loadConfig says where it looked for a file that is not there", async () => {
  const path = "/nowhere/protohost.yaml";
  const error = await assertRejects(() => loadConfig(path), ConfigError);
  assertEquals(error.message, `${path}: found no such file, wanted a configuration at ${resolve(path)}`);
});

Deno.test("loadConfig looks for the files that the configuration names, and tells of them beside the rest", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "protohost.yaml");
    await Deno.mkdir(join(folder, "folder.ts"));
    await Deno.writeTextFile(join(folder, "there.ts"), "");
    await Deno.writeTextFile(
      file,
      `
protocols: { mine: ./mine.ts, far: "jsr:@far/away" }
services:
  a: { listen: "text://h:1", handler: ./there.ts, protocol: ./gone.js, instances: 0 }
  b: { listen: "text://h:2", handler: folder.ts, protocol: text, tls: { cert: a.crt, key: "\${KEY}" } }
  c: { handler: ./there.ts, tls: { certificates: [{ cert: there.ts, key: k }], clientCa: [there.ts, ca] } }
`,
    );
    const error = await assertRejects(() => loadConfig(file, { env: () => undefined }), ConfigError);
    const found = error.problems.map(({ path, message }) => `${path}: ${message}`).toSorted();
    assertEquals(found, [
      `protocols.mine: found "./mine.ts", wanted a file at ${join(folder, "mine.ts")}, but there is none`,
      "services.a.instances: found 0, wanted a whole number from 1 to 1024",
      `services.a.protocol: found "./gone.js", wanted a file at ${
        join(folder, "gone.js")
      }, but there is none`,
      `services.b.handler: found "folder.ts", wanted a file at ${
        join(folder, "folder.ts")
      }, but it is no file`,
      `services.b.tls.cert: found "a.crt", wanted a file at ${join(folder, "a.crt")}, but there is none`,
      "services.b.tls.key: found ${KEY}, wanted the environment variable KEY to be set, or a default as in ${KEY:-default}",
      `services.c.tls.certificates[0].key: found "k", wanted a file at ${
        join(folder, "k")
      }, but there is none`,
      `services.c.tls.clientCa[1]: found "ca", wanted a file at ${join(folder, "ca")}, but there is none`,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadConfig says that a log file's folder is missing, or is none", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "protohost.yaml");
    for (
      const [written, wanted] of [
        ["logs/a.log", `a file in a folder that is there, but there is no ${join(folder, "logs")}`],
        ["protohost.yaml/a.log", `a file in a folder, but ${file} is none`],
        [".", `a file, but ${folder} is a folder`],
      ]
    ) {
      await Deno.writeTextFile(
        file,
        `log: { file: ${written} }\nservices: { e: { listen: "echo://127.0.0.1:0" } }`,
      );
      const error = await assertRejects(() => loadConfig(file), ConfigError);
      assertEquals(error.problems.map(({ path, message }) => `${path}: ${message}`), [
        `log.file: found "${written}", wanted ${wanted}`,
      ]);
    }
    await Deno.writeTextFile(
      file,
      `log: { file: a.log }\nservices: { e: { listen: "echo://127.0.0.1:0" } }`,
    );
    assertEquals((await loadConfig(file)).log.file, join(folder, "a.log"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the control socket stands beside the file, but not on Windows", () => {
  const base = `${urlOf(".")}/`;
  assertEquals(resolveControl(undefined, base, FILE, "linux"), at("protohost.sock"));
  assertEquals(resolveControl(undefined, base, FILE, "windows"), false);
  assertEquals(resolveControl("x.sock", base, FILE, "windows"), at("x.sock"));
});

Deno.test("loadConfig reads a configuration whose files are there", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "protohost.yaml");
    await Deno.writeTextFile(join(folder, "chat.ts"), "");
    await Deno.writeTextFile(
      file,
      "services: { chat: { listen: 'jsonnl://127.0.0.1:0', handler: chat.ts } }",
    );
    const config = await loadConfig(file);
    assertEquals(config.file, file);
    assertEquals(config.control, Deno.build.os === "windows" ? false : join(folder, "protohost.sock"));
    assertEquals(config.services.chat.handler, new URL("chat.ts", config.base).href);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the types that users write a configuration by are those of its schema", async () => {
  const made: [file: string, text: string][] = [
    ["lib/config/config_input.ts", configInputTypes()],
    ["lib/contract/limit_types.ts", limitTypes()],
  ];
  for (const [file, text] of made) {
    const written = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    assertEquals(written.replaceAll(/\s+/g, " "), text.replaceAll(/\s+/g, " "));
  }
  // The compiler compares them: all that the type allows the schema reads, and what it answers has the type.
  const read: (written: ConfigInput) => z.input<typeof configSchema> = (written) => written;
  const answer: (checked: z.output<typeof configSchema>) => ConfigInput = (checked) => checked;
  const smallest = { services: { a: { listen: "echo://h:1", instances: 2 } } };
  assertEquals(answer(configSchema.parse(read(smallest))), smallest);
});

Deno.test("schema.json is up to date and describes every key", async () => {
  const schema = configJsonSchema();
  const file = await Deno.readTextFile(new URL("../../schema.json", import.meta.url));
  assertEquals(JSON.parse(file), JSON.parse(JSON.stringify(schema)));
  const undescribed: string[] = [];
  function walk(value: unknown, path: string): void {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === "properties") {
        for (const [name, property] of Object.entries(inner as Record<string, { description?: string }>)) {
          if (!property.description) undescribed.push(`${path}.${name}`);
        }
      }
      walk(inner, `${path}.${key}`);
    }
  }
  walk(schema, "");
  assertEquals(undescribed, []);
});

Deno.test("nearest answers the name that was meant, or undefined", () => {
  const names = ["handler", "listen", "limits", "status", "restart", "warning"];
  const table: [string, string | undefined][] = [
    ["handlr", "handler"],
    ["LISTEN", "listen"],
    ["statsu", "status"],
    ["restrat", "restart"],
    ["warn", "warning"],
    ["limit", "limits"],
    ["l", undefined],
    ["colour", undefined],
    ["", undefined],
  ];
  for (const [name, expected] of table) assertEquals(nearest(name, names), expected, name);
  assertEquals(nearest("any", []), undefined);
});
