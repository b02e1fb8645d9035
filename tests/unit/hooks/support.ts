import type { Connection } from "../../../lib/contract/connection.ts";
import type { Protocol } from "../../../lib/contract/protocol.ts";
import type { ServiceContext } from "../../../lib/contract/handler.ts";
import type { HookEntry } from "../../../lib/hooks/hook_entry.ts";
import type { HookError } from "../../../lib/hooks/hook_error.ts";
import { compileHooks, type HookOptions, type HookSet } from "../../../lib/hooks/hook_set.ts";

/** Lines; a message is a string, read by `parse` in capitals so that a test sees it was. */
export const lines: Protocol<string> = {
  name: "lines",
  input: (buffer, _connection, from) => buffer.indexOf(10, from) + 1,
  decode: (frame) => new TextDecoder().decode(frame).trimEnd(),
  encode: (message) => `${message}\n`,
  command: (message) => message.split(" ")[0],
  parse(text) {
    if (text.includes("\n")) throw new TypeError("A line has no line break");
    return text.toUpperCase();
  },
};

/** What hooks did, beside their verdicts. */
export interface Told {
  errors: HookError[];
  counts: string[];
  /** `line` is the text with its values. */
  logged: { level: string; line: string; properties: Record<string, unknown> }[];
  published: { topic: string; message: unknown }[];
}

/** What hooks are compiled with in a test, and what they told. */
export function testOptions(more: Partial<HookOptions> = {}): { options: HookOptions; told: Told } {
  const told: Told = { errors: [], counts: [], logged: [], published: [] };
  const level = (level: string) => (text: string, properties: Record<string, unknown> = {}) => {
    const line = text.replace(/\{(\w+)\}/g, (_all, name) => String(properties[name]));
    told.logged.push({ level, line, properties });
  };
  const context = {
    name: "test",
    instance: 0,
    options: {},
    log: Object.fromEntries(
      ["trace", "debug", "info", "warn", "warning", "error", "fatal"].map((name) => [name, level(name)]),
    ),
    draining: new AbortController().signal,
    signal: new AbortController().signal,
    connections: new Set(),
    publish: (topic: string, message: unknown) => void told.published.push({ topic, message }),
    subscribe: () => () => {},
  } as unknown as ServiceContext;
  return {
    told,
    options: {
      service: "test",
      protocol: lines,
      context,
      report: (error) => void told.errors.push(error),
      count: (name) => void told.counts.push(name),
      ...more,
    },
  };
}

/** A client's connection, as far as hooks look at it. */
export function testConnection(hostname = "192.0.2.7"): Connection {
  return {
    id: "test.1",
    remoteAddr: { transport: "tcp", hostname, port: 4711 },
    localAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  } as Connection;
}

/** Compiles hooks for a test. */
export function testHooks(
  entries: readonly HookEntry[],
  more: Partial<HookOptions> = {},
): { hooks: HookSet; told: Told } {
  // Without parse any name may be one that messages have.
  const { options, told } = testOptions({ protocol: { ...lines, parse: undefined }, ...more });
  return { hooks: compileHooks(entries, options), told };
}
