import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { bold, green } from "@std/fmt/colors";
import { toFileUrl } from "@std/path";
import { readArguments } from "../../lib/cli/arguments.ts";
import type { Command } from "../../lib/cli/command.ts";
import { commands } from "../../lib/cli/commands.ts";
import { formatConnections } from "../../lib/cli/connections.ts";
import { dispatch } from "../../lib/cli/dispatch.ts";
import { commandHelp } from "../../lib/cli/help.ts";
import { UsageError } from "../../lib/cli/errors.ts";
import { EXIT } from "../../lib/cli/exit_codes.ts";
import { permissionAdvice, PermissionError, requirePermissions } from "../../lib/cli/permission_advice.ts";
import { formatPlan } from "../../lib/cli/plan.ts";
import type { HookDescription } from "../../lib/hooks/hook_set.ts";
import { SUMMARIES } from "../../lib/cli/protocols.ts";
import { configOf } from "../../lib/cli/run.ts";
import { nextPort, scaffold } from "../../lib/cli/scaffold.ts";
import { formatStatus } from "../../lib/cli/status.ts";
import { formatRows, formatTable } from "../../lib/cli/table.ts";
import { createRecorder, shown } from "../../lib/cli/terminal.ts";
import { version } from "../../lib/base/version.ts";
import { actionFor, planWatch } from "../../lib/cli/watch_plan.ts";
import { bundledProtocols } from "../../lib/modules/bundled.ts";
import { type ConfigInput, parseConfig, resolveConfig } from "../../lib/config/mod.ts";
import type { ServerStatus } from "../../lib/supervisor/server_status.ts";
import { createStats } from "../../lib/contract/stats.ts";

const flags = {
  config: { type: "string", short: "c", value: "FILE", text: "" },
  instances: { type: "count", value: "N", text: "" },
  json: { type: "boolean", text: "" },
} as const;
const command: Command<typeof flags> = {
  help: { usage: "", text: "", examples: [] },
  flags,
  operands: ["NAME", "[OTHER]"],
  run: () => Promise.resolve(EXIT.ok),
};

Deno.test("arguments are read by their flags, in long and short form", () => {
  for (
    const [line, wanted] of [
      ["chat", { flags: {}, operands: ["chat"] }],
      ["chat -c a.yaml --json", { flags: { config: "a.yaml", json: true }, operands: ["chat"] }],
      ["--config=a.yaml chat 7", { flags: { config: "a.yaml" }, operands: ["chat", "7"] }],
      ["--json chat --instances 4", { flags: { json: true, instances: 4 }, operands: ["chat"] }],
      ["-- --json", { flags: {}, operands: ["--json"] }],
    ] as const
  ) {
    assertEquals<unknown>(readArguments(command, line.split(" ")), wanted, line);
  }
});

Deno.test("arguments that cannot be read are refused with what was wanted", () => {
  for (
    const [line, message] of [
      ["", "Missing NAME"],
      ["a b c", 'Unexpected argument "c"'],
      ["a --jsno", 'Unknown flag "--jsno", did you mean --json?'],
      ["a --confg=x", "did you mean --config?"],
      ["a -x", 'Unknown flag "-x"'],
      ["a --config", "Missing value after --config: wanted FILE"],
      ["a --config --json", "Missing value after --config: wanted FILE"],
      ["a --instances 0", 'Cannot use "0" as --instances: wanted a whole number of at least 1'],
      ["a --instances two", 'Cannot use "two" as --instances: wanted a whole number of at least 1'],
    ]
  ) {
    assertThrows(() => readArguments(command, line.split(" ").filter(Boolean)), UsageError, message);
  }
});

Deno.test("dispatch prints the version without loading a command", async () => {
  const terminal = createRecorder();
  assertEquals(await dispatch(["--version"], terminal), EXIT.ok);
  assertMatch(terminal.printed.join("\n"), /^protohost \d+\.\d+\.\d+ \(deno /);
  assertStringIncludes(terminal.printed[0], version);
});

Deno.test("dispatch shows help of everything and, without a command, as an error", async () => {
  const asked = createRecorder();
  assertEquals(await dispatch(["--help"], asked), EXIT.ok);
  for (const { name } of commands) assertMatch(asked.printed.join("\n"), new RegExp(`^  ${name} +\\S`, "m"));
  const unasked = createRecorder();
  assertEquals(await dispatch([], unasked), EXIT.usage);
  assertEquals(unasked.printed, []);
  assertEquals(unasked.complained, asked.printed);
});

Deno.test("every command has help with its usage, its flags and examples", async () => {
  for (const { name, load } of commands) {
    const { default: command } = await load();
    const [direct, roundabout] = [createRecorder(), createRecorder()];
    assertEquals(await dispatch([name, "--help"], direct), EXIT.ok);
    assertEquals(await dispatch(["help", name], roundabout), EXIT.ok);
    assertEquals(direct.printed, roundabout.printed);
    const text = direct.printed.join("\n");
    assert(text.startsWith(`Usage: protohost ${name}`), text);
    for (const flag of Object.keys(command.flags)) assertStringIncludes(text, `--${flag}`);
    assert(command.help.examples.length > 0, `${name} has no examples`);
    for (const line of text.split("\n")) assert(line.length <= 120, `too wide for a terminal: ${line}`);
    for (const operand of command.operands) {
      assertStringIncludes(command.help.usage, operand, `${name} does not show ${operand}`);
    }
  }
});

Deno.test("dispatch suggests the nearest command when one is mistyped", async () => {
  for (
    const [args, message] of [
      [["sevre"], 'Unknown command "sevre", did you mean "serve"?'],
      [["conections"], 'did you mean "connections"?'],
      [["help", "chek"], 'did you mean "check"?'],
      [["qqqqq"], 'Unknown command "qqqqq"'],
      [["-c", "x.yaml", "serve"], 'The command comes first: found the flag "-c"'],
      [["serve", "--wacth"], "did you mean --watch?"],
    ] as const
  ) {
    const terminal = createRecorder();
    assertEquals(await dispatch([...args], terminal), EXIT.usage, args.join(" "));
    assertStringIncludes(terminal.complained.join("\n"), message);
    assertEquals(terminal.printed, []);
  }
});

Deno.test("rows are aligned by what is seen, not by bytes or colours", () => {
  assertEquals(
    formatRows([["a", "1"], [green("bb"), "22"], ["日本", "3"], ["é", "x"]], [1]),
    ["a      1", `${green("bb")}    22`, "日本   3", "é      x"],
  );
  assertEquals(formatRows([["a", ""], ["bbb", "c"]]), ["a", "bbb  c"]);
  assertEquals(formatTable(["N"], [["x"]], { title: bold }), `${bold("N")}\nx`);
});

Deno.test("a terminal shows what a stranger's text would have it do, and keeps its own colours", () => {
  const [title, green] = ["\x1b[1ma\x1b[22m", "\x1b[32mc\x1b[39m"];
  const text = `${title}\x1b[2J\x1b]0;title\x07\r\u202eb\n${green}\x1b[8m`;
  const told = "\\u001b[2J\\u001b]0;title\\u0007\\r\\u202eb\n";
  assertEquals(shown(text, true), `${title}${told}${green}\\u001b[8m`);
  assertEquals(
    shown(text, false),
    `\\u001b[1ma\\u001b[22m${told}\\u001b[32mc\\u001b[39m\\u001b[8m`,
  );
  assertEquals(formatRows([[green, "b\n✓ c\x1b[31md"]]), [`${green}  b\\n✓ c\x1b[31md`]);
});

Deno.test("permissions that are missing are named, with what to type", async () => {
  const status = await Deno.permissions.query({ name: "ffi" });
  assertEquals(status.state === "granted", false);
  assertThrows(() => requirePermissions({ name: "ffi" }, { name: "read" }), PermissionError, "use ffi");
  requirePermissions({ name: "read" });
  assertStringIncludes(
    permissionAdvice(["serve", "-c", "x.yaml"], "file:///a/main.ts"),
    "deno run -P=serve --no-prompt main.ts serve -c x.yaml",
  );
  const remote = permissionAdvice(["serve"], "https://jsr.io/@protohost/protohost/0.1.0/main.ts");
  assertStringIncludes(remote, "--allow-net --allow-read --allow-write");
  assertStringIncludes(remote, "--unstable-net");
});

Deno.test("run makes a configuration of an address", () => {
  const { control, services } = configOf("JsonNL://127.0.0.1:1234", { handler: "a.ts", instances: 2 });
  assertEquals(control, false);
  assertEquals(Object.keys(services), ["jsonnl"]);
  const { listen, handler, instances } = services.jsonnl;
  assertEquals([listen, instances], ["JsonNL://127.0.0.1:1234", 2]);
  assertMatch(handler!, /[/\\]a\.ts$/);
});

Deno.test("run makes a configuration of a module that carries its own address", () => {
  const { services } = configOf("services/my chat.ts", { protocol: "text" });
  assertEquals(Object.keys(services), ["my-chat"]);
  assertEquals(services["my-chat"].protocol, "text");
  assertEquals(services["my-chat"].listen, undefined);
  assertThrows(() => configOf("chat.ts", { handler: "b.ts" }), UsageError, "--handler");
});

Deno.test("run makes configurations that hold", () => {
  for (
    const [target, given] of [
      ["echo://127.0.0.1:0", {}],
      ["tcp://127.0.0.1:0", { protocol: "./p.ts", handler: "./h.ts" }],
      ["services/chat.ts", { control: "./x.sock" }],
    ] as const
  ) {
    const config = resolveConfig(configOf(target, given), { base: Deno.cwd() });
    assertEquals(Object.keys(config.services).length, 1);
  }
});

Deno.test("what new makes is a configuration that holds, at a port that is free", () => {
  const files = Object.fromEntries(scaffold("chat", 7000).map((file) => [file.path, file]));
  assertEquals(Object.keys(files).sort(), [
    "deno.json",
    "protocols/chat.ts",
    "protohost.yaml",
    "services/chat.ts",
    "tests/chat_test.ts",
  ]);
  const first = files["protohost.yaml"].text;
  const port = nextPort(first);
  assertEquals(port, 7001);
  const second = scaffold("frog", port).find((file) => file.path === "protohost.yaml")!;
  const config = parseConfig(first + second.add!.lines, {
    file: "/somewhere/protohost.yaml",
    env: () => undefined,
  });
  assertEquals(Object.values(config.services).flatMap(({ listen }) => listen), [
    "chat://127.0.0.1:7000",
    "frog://127.0.0.1:7001",
  ]);
  const deno = JSON.parse(files["deno.json"].text);
  assertEquals(deno.imports["@protohost/protohost"], "jsr:@protohost/protohost@^0.1");
});

const folder = Deno.build.os === "windows" ? "C:\\srv" : "/srv";
const at = (...parts: string[]) => [folder, ...parts].join(Deno.build.os === "windows" ? "\\" : "/");

function planOf(input: ConfigInput) {
  const config = resolveConfig(input, { base: folder });
  return planWatch({ ...config, file: at("protohost.yaml") });
}

Deno.test("watch restarts the services in whose folders code changed", () => {
  const plan = planOf({
    protocols: { mine: "./wire/mine.ts" },
    services: {
      a: { listen: "text://127.0.0.1:1", handler: "./a/main.ts" },
      b: { listen: "mine://127.0.0.1:2", handler: "./b/main.ts" },
      c: { listen: "echo://127.0.0.1:3" },
    },
  });
  for (
    const [path, wanted] of [
      [at("a", "main.ts"), ["a"]],
      [at("a", "deep", "helper.js"), ["a"]],
      [at("wire", "helper.ts"), ["b"]],
      [at("protocols", "text.ts"), ["a", "c"]],
      [at("a", "data.json"), undefined],
      [at("a", "node_modules", "x.js"), undefined],
      [at("a", ".main.ts.swp"), undefined],
      [at("a", ".cache", "x.ts"), undefined],
      [at("ab", "main.ts"), undefined],
      [at("other.ts"), undefined],
    ] as const
  ) {
    const action = actionFor(plan, [path]);
    assertEquals<unknown>(action?.type === "restart" ? action.services : undefined, wanted, path);
  }
});

Deno.test("watch reloads when the configuration changed, whatever else did", () => {
  const plan = planOf({ services: { a: { listen: "text://127.0.0.1:1", handler: "./a/main.ts" } } });
  assertEquals(actionFor(plan, [at("a", "main.ts"), at("protohost.yaml")]), { type: "reload" });
  assertEquals(actionFor(plan, [at("other.yaml")]), undefined);
});

Deno.test("watch has no folder for modules that are not on this disk", () => {
  const config = resolveConfig({
    services: { a: { listen: "x://127.0.0.1:1", protocol: "jsr:@a/b", handler: "https://example.org/a.ts" } },
  }, { base: toFileUrl(folder) });
  assertEquals([...planWatch(config).folders.keys()], []);
});

const now = 1_700_000_000_000;
const status: ServerStatus = {
  version: "0.1.0",
  pid: 42,
  state: "running",
  started: now - 90_000,
  config: "/srv/protohost.yaml",
  control: "/srv/protohost.sock",
  portSharing: true,
  services: [
    {
      name: "chat",
      state: "running",
      generation: 3,
      addresses: ["text://0.0.0.0:1235", "text+unix:///run/chat"],
      protocols: ["text"],
      since: now - 5000,
      crashes: 1,
      restarts: 1,
      lastError: { name: "Error", code: "worker_exited", message: "The worker ended" },
      instances: [0, 1].map((instance) => ({
        generation: 3,
        instance,
        state: "ready",
        since: now - 5000,
        crashes: 0,
        restarts: 0,
      })),
      stats: {
        ...createStats(),
        open: 2,
        accepted: 12,
        bytesIn: 2048,
        errors: { idle_timeout: 1, bad_frame: 2 },
        counts: { login: 7 },
      },
    },
  ],
};

Deno.test("status is a table with a line for each address and what last went wrong", () => {
  const text = formatStatus(status, createRecorder().paint, now);
  assertEquals(text.split("\n"), [
    "protohost 0.1.0, running, pid 42, up 90 s",
    "configuration /srv/protohost.yaml",
    "control /srv/protohost.sock",
    "",
    "SERVICE  STATE    ADDRESS                GEN   UP  OPEN  ACCEPTED     IN  OUT  ERRORS  CRASHES",
    "chat ×2  running  text://0.0.0.0:1235      3  5 s     2        12  2 KiB  0 B       3        1",
    "                  text+unix:///run/chat",
    "chat: errors bad_frame 2, idle_timeout 1",
    "chat: counted login 7",
    "chat: The worker ended (worker_exited)",
  ]);
});

Deno.test("the plan shows what would run, what is not as by default, and what is broken", () => {
  const config = resolveConfig({
    services: {
      chat: {
        listen: ["text://127.0.0.1:1", "tcp://127.0.0.1:2", "text://localhost:3"],
        handler: "./services/chat.ts",
        instances: 2,
        limits: { maxFrameBytes: "4KiB", idleTimeout: 0, drainTimeout: "1m", maxConnections: 10 },
      },
      broken: { listen: "text://127.0.0.1:3", handler: "./broken.ts" },
    },
  }, { base: folder });
  const { chat, broken } = config.services;
  const hooks: HookDescription[] = [
    { command: "AUTH", direction: "in", hooks: ["hooks[0]: count auth", "chat.ts: refuse"] },
    { command: "*", direction: "out", hooks: ["chat.ts: watch"], warnings: ["chat.ts: hm"] },
    { command: "QUIT", direction: "out", hooks: ["chat.ts: bye"], protocols: ["text"] },
  ];
  const text = formatPlan(config, [
    {
      service: chat,
      loaded: true,
      warnings: ["odd"],
      addresses: chat.listen,
      protocols: ["text", "text", "text"],
      hooks,
    },
    {
      service: broken,
      loaded: false,
      warnings: ["chat.ts: hm"],
      error: { name: "Error", code: "bad_module", message: "It does not load\n    at x.ts" },
    },
  ], createRecorder().paint);
  assertEquals(text.replaceAll("\\", "/").split("\n"), [
    "✓ chat",
    "    listen     text://127.0.0.1:1",
    "               tcp://127.0.0.1:2  speaks text",
    "               text://localhost:3  one of 127.0.0.1 and [::1]; list both to listen at both",
    "    handler    services/chat.ts",
    "    instances  2",
    "    hooks      in   AUTH         hooks[0]: count auth; chat.ts: refuse",
    "               out  others       chat.ts: watch",
    "               out  QUIT (text)  chat.ts: bye",
    "    warning    chat.ts: hm",
    "               odd",
    "    limits     maxFrameBytes 4 KiB, maxConnections 10, idleTimeout off, drainTimeout 60 s",
    "✗ broken",
    "    error    It does not load",
    "             at x.ts",
    "    handler  broken.ts",
    "    warning  chat.ts: hm",
  ]);
});

Deno.test("the plan says which addresses one instance serves alone", () => {
  const config = resolveConfig({
    services: {
      mixed: { listen: ["text://127.0.0.1:1", "text+udp://127.0.0.1:1"], handler: "./a.ts", instances: 3 },
      alone: { listen: ["text+udp://127.0.0.1:2", "text+unix:///run/a"], handler: "./a.ts", instances: 3 },
    },
  }, { base: folder });
  const plan = formatPlan(
    config,
    Object.values(config.services).map((service) => ({
      service,
      loaded: true,
      warnings: [],
      addresses: service.listen,
      protocols: service.listen.map(() => "text"),
      hooks: [],
    })),
    createRecorder().paint,
  );
  assertEquals(plan.split("\n").filter((line) => line.includes("instances")).map((line) => line.trim()), [
    "instances  3  only the first serves text+udp://127.0.0.1:1",
    "instances  3  UDP and unix addresses cannot be shared, so only 1 will run",
  ]);
});

Deno.test("every bundled protocol has its line in the list of protocols", () => {
  assertEquals(Object.keys(SUMMARIES).sort(), Object.keys(bundledProtocols).sort());
});

Deno.test("help shows what an example does beneath it when a line has no room for both", () => {
  const examples: [string, string][] = [["protohost x", "something short"], [
    `protohost ${"y".repeat(90)}`,
    "long",
  ]];
  const shown = (examples: [string, string][]) =>
    commandHelp({ ...command, help: { usage: "x", text: "", examples } }, createRecorder().paint)
      .split("Examples:\n")[1];
  assertEquals(shown(examples.slice(0, 1)), "  protohost x  # something short");
  assertEquals(
    shown(examples),
    `  protohost x\n      # something short\n  protohost ${"y".repeat(90)}\n      # long`,
  );
});

Deno.test("help of everything names --version", async () => {
  const terminal = createRecorder();
  assertEquals(await dispatch(["--help"], terminal), EXIT.ok);
  assertMatch(terminal.printed.join("\n"), /^ +protohost --version /m);
});

Deno.test("run asks for a protocol when an address has none, and for a file that is there", async () => {
  for (
    const [target, message] of [
      [
        "127.0.0.1:7000",
        "its protocol is missing: wanted PROTOCOL://HOST:PORT, such as text://127.0.0.1:7000",
      ],
      ["localhost:7000", "such as text://localhost:7000, or the path of a module"],
      [":7000", "such as text://127.0.0.1:7000"],
      ["[::1]:7000", "such as text://[::1]:7000"],
      ["no/such/file.ts", "no such file: wanted PROTOCOL://HOST:PORT"],
    ]
  ) {
    const terminal = createRecorder();
    assertEquals(await dispatch(["run", target], terminal), EXIT.usage, target);
    assertStringIncludes(terminal.complained.join("\n"), message);
  }
});

Deno.test("new refuses the name of a bundled protocol", async () => {
  for (const name of ["echo", "smtp"]) {
    const terminal = createRecorder();
    assertEquals(await dispatch(["new", name], terminal), EXIT.usage);
    assertStringIncludes(terminal.complained.join("\n"), "a bundled one has that name");
  }
});

Deno.test("a command for a server ends as wrongly used when the configuration named is not there", async () => {
  const terminal = createRecorder();
  assertEquals(await dispatch(["status", "-c", "no/such.yaml"], terminal), EXIT.usage);
  assertMatch(terminal.complained.join("\n"), /There is no file .*such\.yaml/);
});

Deno.test("connections are a table, or a line that there are none", () => {
  const { paint } = createRecorder();
  assertEquals(formatConnections([], paint), "No open connections");
  const text = formatConnections([{
    id: "chat.1.0.7",
    service: "chat",
    transport: "tcp",
    remote: "127.0.0.1:50000",
    local: "127.0.0.1:1235",
    state: "open",
    ageMs: 61_000,
    idleMs: 20,
    bytesRead: 10,
    bytesWritten: 3000,
    queuedBytes: 0,
  }], paint);
  assertEquals(text.split("\n"), [
    "ID          FROM             TO              OVER  STATE   AGE   IDLE    IN      OUT  QUEUED",
    "chat.1.0.7  127.0.0.1:50000  127.0.0.1:1235  tcp   open   61 s  20 ms  10 B  2.9 KiB     0 B",
  ]);
});

Deno.test("the pinned version of Deno is the same wherever it stands", async () => {
  const pinned = (await Deno.readTextFile(new URL("../../.dvmrc", import.meta.url))).trim();
  assertMatch(pinned, /^\d+\.\d+\.\d+$/);
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  const named = [...readme.matchAll(/\bdeno@(\d[\d.]*\d)/g)].map(([, version]) => version);
  assertEquals([...new Set(named)], [pinned]);
  for (const task of ["serve", "test"]) assertStringIncludes(readme, `npx -y deno@${pinned} task ${task}`);
});
