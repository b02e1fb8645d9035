/**
 * What documents say in tables is what the code says: codes, limits, commands, keys, members.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import * as api from "@protohost/protohost";
import * as testing from "@protohost/protohost/testing";
import type {
  ActionMapping,
  Codec,
  Connection,
  ConnectOptions,
  Handler,
  HookContext,
  Isolation,
  Protocol,
  ServiceContext,
  ServiceState,
  Verdict,
} from "@protohost/protohost";
import schema from "../../schema.json" with { type: "json" };
import { commands } from "../../lib/cli/commands.ts";
import { EXIT } from "../../lib/cli/exit_codes.ts";
import { CONNECTION_ERRORS } from "../../lib/contract/connection_error.ts";
import { DEFAULT_LIMITS, LIMIT_FIELDS, parseLimit } from "../../lib/contract/limits.ts";
import type { HookErrorCode } from "../../lib/hooks/hook_error.ts";
import { bundledProtocols } from "../../lib/modules/bundled.ts";
import { codesIn, filesBelow, readDocuments, root } from "../support/documents.ts";

const documents = await readDocuments();
const sources = await readSources("lib/", "protocols/");

/** The rows of the table under a heading. */
function table(path: string, heading: string): string[][] {
  const rows = documents.get(path)?.tables.get(heading);
  assert(rows !== undefined, `${path} has no table under "${heading}"`);
  return rows;
}

/** The names in the first cells of such a table. */
function names(path: string, heading: string): string[] {
  return table(path, heading).flatMap(([first]) => codesIn(first));
}

/** The names without what calls them: `send(message)`, `close: MESSAGE`. */
function bare(names: string[]): string[] {
  return [...new Set(names.map((name) => /^\w+/.exec(name)![0]))];
}

/** Asserts that two lists have the same members. */
function assertSame(found: Iterable<string>, wanted: Iterable<string>, message?: string): void {
  assertEquals([...found].sort(), [...wanted].sort(), message);
}

Deno.test("errors.md lists every code of a connection with its meaning", () => {
  const listed = table("docs/errors.md", "Codes of a connection")
    .map(([code, meaning]) => [codesIn(code)[0], meaning]);
  assertEquals(Object.fromEntries(listed), { ...CONNECTION_ERRORS });
});

Deno.test("errors.md lists every other code that a service counts", () => {
  const hookCodes = Object.keys(
    {
      hook_error: true,
      hook_timeout: true,
      hook_queue_full: true,
      webhook_failed: true,
      exec_failed: true,
    } satisfies Record<HookErrorCode, true>,
  );
  const counted = [...sources.matchAll(/countError\([^()]*(?:\([^()]*\))?[^()]*"([a-z_]+)"(?:, [^()]*)?\)/g)]
    .map(([, code]) => code).filter((code) => !Object.hasOwn(CONNECTION_ERRORS, code));
  assert(counted.length >= 5);
  assertSame(
    names("docs/errors.md", "Codes of a service"),
    new Set([...counted, ...hookCodes, "bad_proxy_header"]),
  );
});

Deno.test("errors.md lists every code of an instance", () => {
  const listed = names("docs/errors.md", "Codes of an instance");
  const made = [...sources.matchAll(/(?:failure\(|inWords\(\s*who,\s*)"([a-z_]+)"/g)].map(([, code]) => code);
  // Outcomes of orders that another order has overtaken: nobody sees them.
  const inside = ["superseded", "wrong_state", "stopped"];
  assertSame(
    listed.filter((code) => !isThrown(code)),
    new Set(made.filter((code) => !inside.includes(code))),
  );
});

/** Whether a code is that of a class of errors. */
function isThrown(code: string): boolean {
  return new RegExp(`readonly code(?: =|:).*"${code}"`).test(sources);
}

Deno.test("errors.md lists every error that functions throw, with its codes", () => {
  const exported = Object.entries({ ...api, ...testing })
    .filter(([, value]) => typeof value === "function" && value.prototype instanceof Error)
    .map(([name]) => name);
  const rows = table("docs/errors.md", "Errors that functions throw");
  assertSame(rows.map(([name]) => codesIn(name)[0]), exported);
  for (const [cell, codes] of rows) {
    const [name] = codesIn(cell);
    const [, body] = new RegExp(`class ${name} extends ([^]*?)\\n}`).exec(sources)!;
    const type = /readonly code: (\w+ErrorCode|DialError\["code"\])/.exec(body)?.[1];
    for (const code of codesIn(codes)) {
      if (type === undefined) assert(body.includes(`"${code}"`), `${name} has no code ${code}`);
      else assert(sources.includes(`"${code}"`), `nothing has the code ${code} of ${name}`);
    }
  }
});

Deno.test("configuration.md lists every limit with its default", () => {
  const rows = table("docs/configuration.md", "Limits");
  assertEquals(rows.map(([name]) => codesIn(name)[0]), Object.keys(LIMIT_FIELDS));
  for (const [name, written] of rows) {
    const key = codesIn(name)[0] as keyof typeof LIMIT_FIELDS;
    const value = written === "off"
      ? 0
      : parseLimit(key, /^[\d,]+$/.test(written) ? Number(written.replace(",", "")) : written);
    assertEquals(value, DEFAULT_LIMITS[LIMIT_FIELDS[key].field], name);
  }
});

Deno.test("configuration.md lists every key, and proxy.md those of an upstream", () => {
  const { ConfigInput, ServiceInput, DefaultsInput } = schema.$defs;
  const service = Object.keys(ServiceInput.properties);
  assertSame(names("docs/configuration.md", "Keys"), Object.keys(ConfigInput.properties));
  assertSame(names("docs/configuration.md", "Keys of a service"), service);
  const proxy = table("docs/configuration.md", "Keys of a service")
    .filter(([, what]) => what.includes("proxy.md")).flatMap(([keys]) => codesIn(keys));
  assertSame(names("docs/proxy.md", "Proxy"), proxy);
  const [, defaults] = table("docs/configuration.md", "Keys").find(([key]) => key === "`defaults`")!;
  assertSame(codesIn(defaults), Object.keys(DefaultsInput.properties));
});

Deno.test("operations.md lists every command, state and exit code", () => {
  assertEquals(
    table("docs/operations.md", "Commands").map(([name, what]) => [codesIn(name)[0], what]),
    commands.map(({ name, summary }) => [name, summary]),
  );
  const states = {
    starting: true,
    running: true,
    degraded: true,
    wedged: true,
    restarting: true,
    failed: true,
    draining: true,
    stopped: true,
  } satisfies Record<ServiceState, true>;
  assertSame(names("docs/operations.md", "Watching it"), Object.keys(states));
  const codes = table("docs/operations.md", "Exit codes").flatMap(([codes]) => codes.split(", ").map(Number));
  assertEquals(codes, Object.values(EXIT));
});

Deno.test("handlers.md lists every callback, and every member of a connection and a context", () => {
  const callbacks = {
    onStart: true,
    onConnect: true,
    onMessage: true,
    onEnd: true,
    onBufferFull: true,
    onBufferDrain: true,
    onError: true,
    onClose: true,
    onDrain: true,
    onStop: true,
    transmission: true,
    exception: true,
  } satisfies Record<Exclude<keyof Handler, "allowHalfOpen">, true>;
  const connection = {
    id: true,
    side: true,
    transport: true,
    remoteAddr: true,
    localAddr: true,
    limits: true,
    session: true,
    close: true,
    state: true,
    bytesRead: true,
    bytesWritten: true,
    queuedBytes: true,
    signal: true,
    error: true,
    canStartTls: true,
    send: true,
    flushed: true,
    pause: true,
    resume: true,
    end: true,
    destroy: true,
    pipe: true,
    upgrade: true,
  } satisfies Record<keyof Connection, true>;
  const context = {
    name: true,
    instance: true,
    options: true,
    base: true,
    log: true,
    draining: true,
    signal: true,
    connections: true,
    publish: true,
    subscribe: true,
    count: true,
  } satisfies Record<keyof ServiceContext, true>;
  assertSame(bare(names("docs/handlers.md", "Callbacks")), Object.keys(callbacks));
  assertSame(bare(names("docs/handlers.md", "Connections")), Object.keys(connection));
  assertSame(bare(names("docs/handlers.md", "Context")), Object.keys(context));
});

Deno.test("hooks.md lists every verdict, every action, and what a hook is given", () => {
  const verdicts = {
    pass: true,
    replace: true,
    reply: true,
    drop: true,
    delay: true,
    close: true,
  } satisfies Record<
    Verdict["verdict"],
    true
  >;
  const actions = {
    reply: true,
    replace: true,
    drop: true,
    delay: true,
    close: true,
    log: true,
    count: true,
    webhook: true,
    exec: true,
    publish: true,
  } satisfies Record<keyof ActionMapping, true>;
  const given = {
    message: true,
    command: true,
    direction: true,
    matched: true,
    connection: true,
    notes: true,
    log: true,
    publish: true,
    request: true,
    count: true,
  } satisfies Record<keyof HookContext, true>;
  assertSame(bare(names("docs/hooks.md", "Verdicts")), Object.keys(verdicts));
  assertSame(bare(names("docs/hooks.md", "Rules: hooks without code")), Object.keys(actions));
  assertSame(names("docs/hooks.md", "What a hook is given"), Object.keys(given));
});

Deno.test("protocols.md lists every part of a protocol, and both lists of bundled ones are whole", () => {
  const parts = {
    reply: true,
    session: true,
    command: true,
    parse: true,
    end: true,
    service: true,
    callbacks: true,
    upgrade: true,
    limits: true,
    greets: true,
    asks: true,
    answers: true,
    withdrawn: true,
    replaced: true,
    ambiguous: true,
    namedBy: true,
    plain: true,
    skim: true,
    withoutTls: true,
    unavailable: true,
    refusal: true,
  } satisfies Record<Exclude<keyof Protocol<unknown>, "name" | "input" | "decode" | "encode">, true>;
  const codec = {
    input: true,
    decode: true,
    encode: true,
    command: true,
    parse: true,
    end: true,
    skim: true,
  } satisfies Record<
    keyof Codec<unknown>,
    true
  >;
  assertSame(names("docs/protocols.md", "What else a protocol can have"), Object.keys(parts));
  for (const name of Object.keys(codec)) {
    assert(documents.get("docs/contract.md")!.text.includes(`\`${name}`), `contract.md does not say ${name}`);
  }
  for (const path of ["README.md", "docs/protocols.md"]) {
    assertEquals(names(path, "Bundled protocols"), Object.keys(bundledProtocols), path);
  }
  for (const maker of bare(names("docs/protocols.md", "Framers").filter((name) => name.includes("(")))) {
    assert(maker in api, `there is no framer ${maker}`);
  }
});

Deno.test("isolation.md lists every isolation, and embedding.md every option of connect", () => {
  const isolations = { process: true, worker: true, connection: true } satisfies Record<Isolation, true>;
  const options = {
    protocol: true,
    timeout: true,
    reconnect: true,
    tls: true,
    limits: true,
    signal: true,
  } satisfies Record<Exclude<keyof ConnectOptions, keyof Handler>, true>;
  assertSame(names("docs/isolation.md", "Isolation"), Object.keys(isolations));
  assertSame(names("docs/embedding.md", "connect"), Object.keys(options));
});

Deno.test("mail.md lists options that there are", () => {
  for (const name of names("docs/mail.md", "Mail").flatMap((name) => name.split("."))) {
    assert(new RegExp(`"${name}"`).test(sources), `the mail service has no option ${name}`);
  }
});

Deno.test("architecture.md lists every folder of lib, and no other", async () => {
  const folders = new Set(
    (await filesBelow(new URL("lib/", root))).map((path) => /^lib\/(\w+)\//.exec(path)?.[1] ?? path),
  );
  const listed = table("docs/architecture.md", "Architecture").flatMap(([, cell]) => codesIn(cell));
  assertSame(listed.map((name) => name.replace("/", "")), folders);
});

/** All sources below folders, one after the other. */
async function readSources(...folders: string[]): Promise<string> {
  const paths = (await Promise.all(folders.map((folder) => filesBelow(new URL(folder, root))))).flat();
  const texts = paths.filter((path) => path.endsWith(".ts")).map((path) =>
    Deno.readTextFile(new URL(path, root))
  );
  return (await Promise.all(texts)).join("\n");
}
