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
    "protohost.yaml:1:67: services.a.user: user has no effect with isolation: worker",
  ]);
  assertEquals(problemsOf("services: { a: { listen: 'echo://127.0.0.1:0', user: -1 } }"), [
    "protohost.yaml:1:54: services.a.user: found -1, wanted a name or a number of the system's",
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
    givenLimits: ["maxFrameBytes", "idleTimeout", "maxConnections"],
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
    "one of listen, protocol, handler, upstream, balance, connectTimeout, upstreamTls, sendProxyProtocol, acceptProxyProtocol, onBadFrame, hooks, command, hookTimeout, onHookTimeout, onHookError, options, instances, reload, isolation, pool, user, group, permissions, limits, tls";
  const table: [yaml: string, line: string][] = [
    ["", ': it says nothing, wanted services: { chat: { listen: "text://0.0.0.0:1234" } } or the like'],
    [
      "# only a comment",
      ': it says nothing, wanted services: { chat: { listen: "text://0.0.0.0:1234" } } or the like',
    ],
    ["[]", ": found an empty list, wanted a mapping with services"],
    [
      "log: {}",
      ': services: found nothing, wanted names with their services, as in chat: { listen: "text://0.0.0.0:1234" }',
    ],
    [
      "services:",
      ':1:1: services: found nothing, wanted names with their services, as in chat: { listen: "text://0.0.0.0:1234" }',
    ],
    [
      "services: {}",
      ':1:1: services: found an empty mapping, wanted names with their services, as in chat: { listen: "text://0.0.0.0:1234" }',
    ],
    ["services: { a: 5 }", ":1:16: services.a: found 5, wanted a service, with listen or handler"],
    [
      "services: { a: {} }",
      ":1:13: services.a: found neither listen nor handler, wanted an address to listen at, or a handler with its own",
    ],
    [
      `services: { a.b: { ${listen} } }`,
      ':1:13: services["a.b"]: found "a.b", wanted a name of letters, digits, - and _',
    ],
    [
      `services: { a: { ${listen}, limits: { idleTimeout: 30 parsecs } } }`,
      ':1:63: services.a.limits.idleTimeout: found "30 parsecs", wanted a duration such as 500ms, 30s or 5m',
    ],
    [
      `services: { a: { ${listen}, limits: { maxConnections: 0 } } }`,
      ":1:66: services.a.limits.maxConnections: found 0, wanted a whole number, at least 1",
    ],
    [
      `services: { a: { ${listen}, limits: { maxFrameBytes: null } } }`,
      ":1:65: services.a.limits.maxFrameBytes: found nothing, wanted a size such as 65536 or 64KiB",
    ],
    [
      `services: { a: { ${listen}, handlr: a.ts } }`,
      ':1:40: services.a.handlr: unknown key, did you mean "handler"?',
    ],
    [`services: { a: { ${listen}, colour: red } }`, `:1:40: services.a.colour: unknown key, wanted ${keys}`],
    [
      `services: { a: { ${listen} } }\nservice: {}`,
      ':2:1: service: unknown key, did you mean "services"?',
    ],
    [
      `services: { a: { ${listen} } }\nlog: { levl: info }`,
      ':2:8: log.levl: unknown key, did you mean "level"?',
    ],
    [
      `services: { a: { ${listen} } }\nlog: { level: warn }`,
      ':2:15: log.level: found "warn", wanted one of trace, debug, info, warning, error, fatal (did you mean "warning"?)',
    ],
    [
      `services: { a: { ${listen} } }\ncontrol: true`,
      ":2:10: control: found true, wanted a path or false",
    ],
    [
      `services: { a: { ${listen} } }\nprotocols: { tls: a.ts }`,
      `:2:14: protocols.tls: found "tls", wanted another name: this one is a transport's`,
    ],
    [
      `services: { a: { ${listen} } }\nprotocols: { Ab: a.ts, aB: b.ts }`,
      ':2:24: protocols.aB: this is the protocol "Ab" again, wanted each once: case is ignored',
    ],
    [
      `services: { a: { ${listen}, instances: 0 } }`,
      ":1:51: services.a.instances: found 0, wanted a whole number from 1 to 1024",
    ],
    [
      `services: { a: { ${listen}, instances: two } }`,
      ':1:51: services.a.instances: found "two", wanted a whole number from 1 to 1024',
    ],
    [
      "services: { a: { listen: 5 } }",
      ":1:26: services.a.listen: found 5, wanted an address such as text://0.0.0.0:5",
    ],
    [
      "services: { a: { listen: true } }",
      ":1:26: services.a.listen: found true, wanted an address or a list of addresses",
    ],
    [
      "services: { a: { listen: ['echo://h:1', 5] } }",
      ":1:41: services.a.listen[1]: found 5, wanted an address such as jsonnl://0.0.0.0:1234",
    ],
    [
      "services: { a: { listen: 'echo:1' } }",
      ':1:26: services.a.listen: Cannot read the address "echo:1": its protocol is missing, wanted it in front, as in text://echo:1',
    ],
    [
      "services: { a: { listen: 'tcp://h:1' } }",
      ':1:26: services.a.listen: found "tcp://h:1", wanted a protocol, as in raw://h:1, or protocol: beside it',
    ],
    [
      "services: { a: { listen: 'echo+tls://h:1' } }",
      ':1:26: services.a.listen: found "echo+tls://h:1", wanted tls: with a certificate and its key, in the service or in defaults',
    ],
    [
      `services: { a: { ${listen}, tls: { cert: a } } }`,
      ":1:40: services.a.tls: found cert without key, wanted cert and key, or certificates",
    ],
    [
      `services: { a: { ${listen}, tls: { cert: a, key: b, certificates: [{ cert: a, key: b }] } } }`,
      ":1:40: services.a.tls: found certificates beside cert or key, wanted either cert and key or certificates",
    ],
    [
      `services: { a: { ${listen} } }\ndefaults: { tls: { certificates: [{ cert: a }] } }`,
      ":2:35: defaults.tls.certificates[0].key: found nothing, wanted a path",
    ],
    [
      `services: { a: { ${listen}, tls: { cert: a, key: b, clientCertificate: required } } }`,
      `:1:83: services.a.tls.clientCertificate: found "required", wanted clientCa beside it, to check clients' certificates against`,
    ],
    [
      "services: { a: { listen: 'echo://h:1', upstream: 'tcp://h:2', handler: a.ts } }",
      ":1:13: services.a: handler and upstream exclude each other: either one answers",
    ],
    [
      "services: { a: { listen: 'echo://h:1', options: &o { again: [*o] } } }",
      ":1:62: services.a.options.again[0]: found a value that contains itself, wanted a JSON value",
    ],
  ];
  for (const [yaml, line] of table) assertEquals(problemsOf(yaml), [`protohost.yaml${line}`], yaml);
});

Deno.test("no service listens at the control socket", () => {
  const wanted = "wanted an address of its own: the control socket listens there too";
  assertEquals(problemsOf("services: { a: { listen: 'echo+unix://./protohost.sock' } }"), [
    `protohost.yaml:1:26: services.a.listen: found "echo+unix://./protohost.sock", ${wanted}`,
  ]);
  assertEquals(problemsOf("control: ../c.sock\nservices: { a: { listen: 'echo+unix:///srv/c.sock' } }"), [
    `protohost.yaml:2:26: services.a.listen: found "echo+unix:///srv/c.sock", ${wanted}`,
  ]);
  assertEquals(
    read("control: false\nservices: { a: { listen: 'echo+unix://./protohost.sock' } }").services.a.listen,
    [`echo+unix://${at("protohost.sock")}`],
  );
});

Deno.test("an address of another kind is told what to write in its place", () => {
  const table: [key: "listen" | "upstream", address: string, why: string][] = [
    ["listen", "127.0.0.1:80", "its protocol is missing, wanted it in front, as in text://127.0.0.1:80"],
    ["listen", ":80", "its protocol is missing, wanted it in front, as in text://:80"],
    ["listen", "[::1]:80", "its protocol is missing, wanted it in front, as in text://[::1]:80"],
    ["listen", "text+ssl://h:1", '"ssl" is no transport, wanted +tls'],
    ["upstream", "127.0.0.1:80", "its transport is missing, wanted tcp://127.0.0.1:80"],
    ["upstream", "http://h:80/path", '"http" is no transport, wanted tcp://h:80'],
    ["upstream", "HTTPS://h:443/", '"HTTPS" is no transport, wanted tls://h:443'],
    ["upstream", "ssl://h:1", '"ssl" is no transport, wanted tls://h:1'],
    ["upstream", "ws://h:1", '"ws" is no transport, wanted tcp://h:1'],
    ["upstream", "h", "wanted PROTOCOL[+TRANSPORT]://HOST:PORT, such as jsonnl://0.0.0.0:1234"],
  ];
  for (const [key, address, why] of table) {
    const keys = key === "listen" ? { listen: address } : { listen: "text://h:1", upstream: address };
    const { problems } = assertThrows(() => read(JSON.stringify({ services: { a: keys } })), ConfigError);
    assertEquals(
      problems.map(({ path, message }) => `${path}: ${message}`),
      [`services.a.${key}: Cannot read the address "${address}": ${why}`],
    );
  }
});

Deno.test("parseConfig refuses values that would fail only when they are used", () => {
  const table: [keys: string, line: string][] = [
    ['handler: "a\\0.ts"', `handler: found "a\\u0000.ts", wanted a path, without control characters`],
    ["handler: ''", 'handler: found "", wanted a path'],
    [
      "handler: ftp://h/a.ts",
      'handler: found "ftp://h/a.ts", wanted a path, or a URL that begins with file:, https:, jsr: or npm:',
    ],
    [
      "protocol: node:fs",
      'protocol: found "node:fs", wanted a path, or a URL that begins with file:, https:, jsr: or npm:',
    ],
    ["listen: []", "listen: found an empty list, wanted an address or a list of addresses"],
    ["permissions: { net: 'http://h' }", 'permissions.net: found "http://h", wanted HOST or HOST:PORT'],
    ["permissions: { net: [a b] }", 'permissions.net[0]: found "a b", wanted a host name'],
    ["permissions: { env: [A=B] }", `permissions.env[0]: found "A=B", wanted a variable's name`],
    ["permissions: { run: [''] }", 'permissions.run[0]: found "", wanted an item'],
    ["user: a b", `user: found "a b", wanted a name or a number of the system's`],
    [
      'upstream: tcp://h:1, upstreamTls: { serverName: "a\\nb" }',
      'upstreamTls.serverName: found "a\\nb", wanted a host name, without control characters',
    ],
    [
      'hooks: [{ on: A, then: { exec: ["a\\0"] } }]',
      'hooks[0].then.exec[0]: found "a\\u0000", wanted a text without a NUL',
    ],
    [
      "hooks: [{ on: A, then: { webhook: 'http://user:pass@h/' } }]",
      'hooks[0].then.webhook: found "http://user:pass@h/", wanted a URL of http or https without a user or a password',
    ],
    [
      "hooks: [{ on: A, then: { webhook: { url: 'http://h/', headers: { a b: c } } } }]",
      'hooks[0].then.webhook.headers["a b"]: found "a b", wanted the name of a header',
    ],
    [
      'hooks: [{ on: A, then: { webhook: { url: "http://h/", headers: { a: "b\\r\\nc: d" } } } }]',
      'hooks[0].then.webhook.headers.a: found "b\\r\\nc: d", wanted the value of a header: one line of Latin-1',
    ],
  ];
  for (const [keys, line] of table) {
    const listen = keys.startsWith("listen") ? "" : "listen: 'text://h:1', ";
    const { problems } = assertThrows(() => read(`services: { a: { ${listen}${keys} } }`), ConfigError);
    assertEquals(problems.map(({ path, message }) => `${path}: ${message}`), [`services.a.${line}`], keys);
  }
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
  assertEquals(lines.map((line) => /^protohost.yaml:\d+:\d+: (\S+): /.exec(line)?.[1]).toSorted(), [
    "control",
    "defaults.limits.idleTimeout",
    "log.format",
    "services.four",
    "services.four.instances",
    "services.one.hooks[0]",
    "services.one.limits.maxFrameBytes",
    "services.one.limits.speed",
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
    line: 1,
    column: 51,
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
      const column = yaml.indexOf(`"${b}"`, yaml.indexOf(" b: ")) + 1;
      assertEquals(problemsOf(yaml), [
        `protohost.yaml:1:${column}: services.b.listen: found "${b}", ${wanted}`,
      ]);
    } else assertEquals(Object.keys(read(yaml).services), ["a", "b"]);
    const twice = `services: { a: { listen: ["${a}", "${b}"], ${tls} } }`;
    if (taken) assertStringIncludes(problemsOf(twice)[0], "services.a.listen[0] listens there too");
    else assertEquals(read(twice).services.a.listen.length, 2);
  }
});

Deno.test("a bracket may close where formatters put it, left of its entries", () => {
  const { services } = read(`services:
  a: {
    listen: "text://127.0.0.1:0",
    options: {
      deep: [
        1,
      ],
    },
  }
`);
  assertEquals(services.a.options, { deep: [1] });
});

Deno.test("YAML that does not read is one problem with line and column, in plain words", () => {
  const table: [yaml: string, line: string][] = [
    ["services:\n  a: [1", "2:8: found the end of the file, wanted ] or } to close what is open"],
    [
      "services: [\n",
      "2:1: found the end of the file, wanted an end of the quotes or brackets that are open",
    ],
    ["a: 'x", "1:6: found the end of the file, wanted the quote that ends a text"],
    [
      'services:\n  a:\n    listen: "x\n    b: 1\n',
      '4:5: found "b: 1", wanted more indentation, or an end of the quotes or brackets before this line',
    ],
    ["services: { a: [1 }", '1:19: found "}", wanted a comma between the entries of { } or [ ]'],
    ["a: [1, 2]]", '1:10: found "]", wanted the end of the line'],
    [
      "services: { a: { instances: ${N} } }",
      '1:30: found ${ inside of { } or [ ], wanted quotes around the variable, as in "${NAME}"',
    ],
    ["services:\n\ta: 1", "2:1: found a tab, wanted spaces: YAML takes no tabs as indentation"],
    [
      "services:\n  a:\n  \tlisten: x\n",
      "3:3: found a tab, wanted spaces: YAML takes no tabs as indentation",
    ],
    ["a: {\n\tb: 1 }", "2:2: found a tab, wanted spaces: YAML takes no tabs as indentation"],
    ["a:\n  b: 1\n c: 2", '3:2: found "c: 2", wanted the same indentation as the entries it belongs to'],
    ["a:\n  b: 1\n    c: 2", '3:5: found "c: 2", wanted the same indentation as the entries it belongs to'],
    ["a: 1\n- b", '2:1: found "- b", wanted entries of one kind: items of a list and keys do not mix'],
    ["a:\n  b:1\n  c: 2", '2:3: found "b:1", wanted KEY: VALUE, with a space after the colon'],
    ["key\n\nb: 1", '1:1: found "key", wanted KEY: VALUE, with a space after the colon'],
    ["a: b: c", '1:5: found "a: b: c", wanted one colon, or quotes around a text that contains one'],
    ["a: @x", '1:4: found "@x", wanted quotes around a text that begins with @'],
    ["a: *x", '1:5: found "*x", wanted an anchor &x before it'],
    ["a: !foo 1", '1:4: found the tag "!foo", wanted a value without a tag'],
    ["? [a]\n: 1", '1:1: found "? [a]", wanted a text as the key'],
    ["a: \x07", '1:4: found the control character "\\u0007", wanted text'],
    ["a: 1\0", '1:5: found the control character "\\u0000", wanted text'],
    ["[".repeat(300), "1:64: found mappings and lists more than 64 deep, wanted at most 64"],
  ];
  for (const [yaml, line] of table) assertEquals(problemsOf(yaml), [`protohost.yaml:${line}`], yaml);
});

Deno.test("a key that stands twice is a problem where it stands again, beside all others", () => {
  const table: [yaml: string, lines: string[]][] = [
    [
      "services:\n  a: { handler: a.ts }\n  b: { handler: b.ts }\n  a: { handler: c.ts, instances: 0 }",
      [
        "4:3: services.a: this key already stands on line 2, wanted each key once",
        "4:34: services.a.instances: found 0, wanted a whole number from 1 to 1024",
      ],
    ],
    [
      "services: { a: { handler: a.ts, 'handler': b.ts, \"handler\": c.ts } }",
      [
        "1:33: services.a.handler: this key already stands on line 1, wanted each key once",
        "1:50: services.a.handler: this key already stands on line 1, wanted each key once",
      ],
    ],
  ];
  for (const [yaml, lines] of table) {
    assertEquals(problemsOf(yaml), lines.map((line) => `protohost.yaml:${line}`), yaml);
  }
});

Deno.test("a problem stands where its value does, through lists and aliases, or at the nearest key above", () => {
  const yaml = `# a comment
x: &shared { handler: a.ts, instances: 0 }
services:
  a:
    <<: *shared
    limits:
      idleTimeout: soon
  b: *shared
  c:
    listen:
      - "text://h:1"
      - 'text://h:1'
  d: { handler: 'a.ts', hooks: [
    { on: A, then: [drop, { count: 1 }] } ] }
---
b: 1
`;
  assertEquals(
    problemsOf(yaml),
    [
      "2:1: x: unknown key, wanted one of services, control, log, protocols, defaults",
      "2:40: services.b.instances: found 0, wanted a whole number from 1 to 1024",
      "4:3: services.a: found neither listen nor handler, wanted an address to listen at, or a handler with its own",
      '5:5: services.a["<<"]: merge keys are not supported: an alias can stand for a whole value only',
      '7:20: services.a.limits.idleTimeout: found "soon", wanted a duration such as 500ms, 30s or 5m',
      '12:9: services.c.listen[1]: found "text://h:1", wanted an address of its own: services.c.listen[0] listens there too',
      "14:36: services.d.hooks[0].then[1].count: found 1, wanted a name",
      "16:1: found a second document after ---, wanted one document",
    ].map((line) => `protohost.yaml:${line}`),
  );
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
    "protohost.yaml:3:13: services.a.listen: the environment variable A is not set, wanted it set or a default, as in ${A:-default}",
    "protohost.yaml:4:16: services.a.instances: the environment variable N is not set, wanted it set or a default, as in ${N:-default}",
    'protohost.yaml:5:14: services.a.handler: found "x${1y}", wanted a variable as ${NAME} or ${NAME:-default}, or $${ for a literal ${',
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
  assertEquals(error.message, `${path}: there is no file ${resolve(path)}`);
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
      `protocols.mine: there is no file ${join(folder, "mine.ts")}`,
      "services.a.instances: found 0, wanted a whole number from 1 to 1024",
      `services.a.protocol: there is no file ${join(folder, "gone.js")}`,
      `services.b.handler: ${join(folder, "folder.ts")} is a folder, wanted a file`,
      `services.b.tls.cert: there is no file ${join(folder, "a.crt")}`,
      "services.b.tls.key: the environment variable KEY is not set, wanted it set or a default, as in ${KEY:-default}",
      `services.c.tls.certificates[0].key: there is no file ${join(folder, "k")}`,
      `services.c.tls.clientCa[1]: there is no file ${join(folder, "ca")}`,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadConfig says that the folder of a unix socket is missing, or what stands in its place", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "protohost.yaml");
    await Deno.writeTextFile(
      file,
      `control: gone/c.sock
services:
  a: { listen: ["echo+unix://./gone/a.sock", "echo+unix://a.sock", "echo+unix://${folder}"] }
  b: { listen: "unix://./protohost.yaml", protocol: echo, upstream: "unix:///gone/upstream.sock" }
`,
    );
    const { problems } = await assertRejects(() => loadConfig(file), ConfigError);
    assertEquals(problems.map(({ line, path, message }) => `${line} ${path}: ${message}`), [
      `1 control: there is no folder ${join(folder, "gone")}`,
      `3 services.a.listen[0]: there is no folder ${join(folder, "gone")}`,
      `3 services.a.listen[2]: ${folder} is a folder, wanted a socket`,
      `4 services.b.listen: ${file} is a file, wanted a socket or nothing there`,
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
      const [written, message] of [
        ["logs/a.log", `there is no folder ${join(folder, "logs")}`],
        ["protohost.yaml/a.log", `${file} is no folder`],
        [".", `${folder} is a folder, wanted a file`],
      ]
    ) {
      await Deno.writeTextFile(
        file,
        `log: { file: ${written} }\nservices: { e: { listen: "echo://127.0.0.1:0" } }`,
      );
      const error = await assertRejects(() => loadConfig(file), ConfigError);
      assertEquals(error.problems.map(formatProblem), [`${file}:1:14: log.file: ${message}`]);
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

Deno.test("schema.json has an $id, and takes the addresses that a configuration takes", () => {
  const schema = configJsonSchema() as {
    $id: string;
    $defs: Record<string, { properties: Record<string, { anyOf: { pattern: string }[] }> }>;
  };
  assertEquals(schema.$id, "urn:protohost:configuration");
  const { listen, upstream } = schema.$defs.ServiceInput.properties;
  const table: [key: "listen" | "upstream", takes: string[], refuses: string[]][] = [
    ["listen", [
      "JsonNL://0.0.0.0:1234",
      "text+tls://[::1]:1234",
      "text+unix:///run/chat.sock",
      "text+unix://chat.sock",
      "tcp://localhost:0",
      "${ADDRESS}",
      "text://${HOST}:7000",
    ], [
      "0.0.0.0:1234",
      "text://0.0.0.0",
      "text:/0.0.0.0:1",
      "text://::1:1234",
      "text://host:1/path",
      "://host:1",
    ]],
    ["upstream", ["tcp://127.0.0.1:80", "tls://example.org:443", "unix:///run/redis.sock", "${UPSTREAM}"], [
      "127.0.0.1:80",
      "tcp://127.0.0.1",
      "http://example.org/",
    ]],
  ];
  for (const [key, takes, refuses] of table) {
    const pattern = new RegExp({ listen, upstream }[key].anyOf[0].pattern);
    for (const text of takes) assert(pattern.test(text), text);
    for (const text of refuses) assert(!pattern.test(text), text);
    const rest = key === "listen" ? "" : ", listen: 'tcp://127.0.0.1:0'";
    const config = (text: string) => `services: { a: { handler: ./a.ts${rest}, ${key}: "${text}" } }`;
    for (const text of refuses) {
      const problems = problemsOf(config(text));
      assert(
        problems.some((line) => line.includes(`Cannot read the address "${text}"`)),
        problems.join("\n"),
      );
    }
  }
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
