/**
 * The shapes of what a worker sends. Its service's code can write to the same pipe, so that nothing of a message is
 * believed before it is checked here: kinds, types, ranges and sizes. Pure.
 *
 * The compiler requires a shape for each message and each of its fields: a new one cannot be forgotten.
 *
 * @module
 */

import type { Endpoint } from "../contract/endpoint.ts";
import type { ErrorRecord } from "../base/error_record.ts";
import { LOG_LEVELS } from "../contract/log_level.ts";
import { type ConnectionInfo, MAX_COUNT_NAME, MAX_COUNTS, type ServiceStats } from "../contract/stats.ts";
import { type ActionRequest, readActionRequest } from "../hooks/action_request.ts";
import type { HookDescription } from "../hooks/hook_set.ts";
import { boundedJson } from "./bounded_json.ts";
import type { LogRecord } from "./log_spec.ts";
import {
  MAX_CLAIMS,
  MAX_IMPORTED_FILES,
  MAX_LISTED_CONNECTIONS,
  MAX_LOG_RECORDS,
  MAX_PUBLISHED_LENGTH,
  MAX_TOPIC_LENGTH,
  MAX_URL_LENGTH,
} from "./message_limits.ts";
import type { PeerKeys } from "./peer_keys.ts";
import type { PoolStatus } from "./pool_spec.ts";
import {
  amount,
  array,
  exactly,
  type Fields,
  integer,
  object,
  oneOf,
  optional,
  record,
  type Shape,
  ShapeError,
  string,
  text,
} from "./shape.ts";
import type { FromWorker, Refusal } from "./worker_messages.ts";

const MAX_ITEMS = 1_000;
const name = string(1024);
const words = text(16_384 + 3);
const count = integer();
const id = integer();

const error: Shape<ErrorRecord> = object<ErrorRecord>({
  name: text(200),
  code: text(200),
  message: words,
  stack: optional(words),
});

type UnixEndpoint = Extract<Endpoint, { transport: "unix" }>;
type NetEndpoint = Exclude<Endpoint, UnixEndpoint>;
const unixEndpoint = object<UnixEndpoint>({ protocol: name, transport: exactly("unix"), path: string(4096) });
const netEndpoint = object<NetEndpoint>({
  protocol: name,
  transport: oneOf("tcp", "tls", "udp"),
  hostname: name,
  port: integer(0, 65_535),
});

function endpoint(value: unknown, path: string): Endpoint {
  const isUnix = (value as { transport?: unknown } | null)?.transport === "unix";
  return isUnix ? unixEndpoint(value, path) : netEndpoint(value, path);
}

const named = record(count, { maxNames: MAX_COUNTS + 1, maxLength: MAX_COUNT_NAME });

const stats: Shape<ServiceStats> = object<ServiceStats>({
  open: count,
  lingering: count,
  accepted: count,
  refused: count,
  closed: count,
  messagesIn: count,
  messagesOut: count,
  bytesIn: count,
  bytesOut: count,
  errors: named,
  counts: named,
});

const pool: Shape<PoolStatus> = object<PoolStatus>({
  processes: count,
  busy: count,
  spare: count,
  waiting: count,
  memoryBytes: count,
});

const connection: Shape<ConnectionInfo> = object<ConnectionInfo>({
  id: name,
  service: name,
  transport: name,
  remote: name,
  local: name,
  state: name,
  draining: optional(exactly(true)),
  ageMs: amount,
  idleMs: amount,
  bytesRead: count,
  bytesWritten: count,
  queuedBytes: count,
});

const hook: Shape<HookDescription> = object<HookDescription>({
  command: name,
  direction: oneOf("in", "out"),
  protocols: optional(array(name, MAX_ITEMS)),
  hooks: array(words, MAX_ITEMS),
  warnings: optional(array(words, MAX_ITEMS)),
});

const logRecord: Shape<LogRecord> = object<LogRecord>({
  level: oneOf(...LOG_LEVELS),
  category: array(text(200), 10),
  message: words,
  template: optional(text(200)),
  properties: (value, path) => {
    const bounded = boundedJson(value);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return bounded as Record<string, unknown>;
    }
    throw new ShapeError(path, value, "an object");
  },
  timestamp: amount,
});

function action(value: unknown, path: string): ActionRequest {
  const request = readActionRequest(value);
  if (request === undefined) throw new ShapeError(path, value, "an action of a rule");
  return request;
}

const endpoints = array<Endpoint>(endpoint, MAX_ITEMS);

const files = array(string(MAX_URL_LENGTH), MAX_IMPORTED_FILES);

const refusal = object<Refusal>({ bytes: string(1024 ** 2), greets: optional(exactly(true)) });

const peerKeys = object<PeerKeys>({ address: optional(name), network: optional(name) });

type MessageFields = {
  readonly [T in FromWorker["type"]]: Fields<Omit<Extract<FromWorker, { type: T }>, "type">>;
};

const FIELDS: MessageFields = {
  loaded: {
    endpoints,
    protocols: array(name, MAX_ITEMS),
    files: optional(files),
    hooks: optional(array(hook, 10 * MAX_ITEMS)),
    refusals: optional(array(refusal, MAX_ITEMS)),
  },
  load_failed: { error, files: optional(files) },
  imported: { files },
  ready: { endpoints },
  listen_failed: { error },
  unlistened: {},
  drained: { finished: count, cut: count },
  stopped: { stats },
  pong: { id, stats, pool: optional(pool) },
  connections: { id, connections: array(connection, MAX_LISTED_CONNECTIONS) },
  want: { waiting: count, more: optional(exactly(true)) },
  returned: { connections: count },
  claim: { peers: array(peerKeys, MAX_CLAIMS), gone: array(peerKeys, MAX_CLAIMS) },
  act: { id, request: action },
  publish: { topic: string(MAX_TOPIC_LENGTH), json: string(MAX_PUBLISHED_LENGTH) },
  subscribe: { topic: string(MAX_TOPIC_LENGTH) },
  unsubscribe: { topic: string(MAX_TOPIC_LENGTH) },
  log: { records: array(logRecord, MAX_LOG_RECORDS) },
  exited: { how: text(200) },
  crashed: { error },
  closed: {},
  memory: { rssBytes: count, grade: oneOf("ok", "high", "over") },
  restart_wanted: {},
};

const SHAPES: ReadonlyMap<unknown, Shape<object>> = new Map(
  Object.entries(FIELDS).map(([type, fields]) => [type, object(fields as Fields<object>)]),
);

/** Checks what a worker sent; returns it built anew. @throws {ShapeError} If it is no message of a worker. */
export function checkFromWorker(value: unknown): FromWorker {
  if (typeof value !== "object" || value === null) throw new ShapeError("message", value, "an object");
  const type = Object.hasOwn(value, "type") ? (value as { type: unknown }).type : undefined;
  const shape = SHAPES.get(type);
  if (shape === undefined) throw new ShapeError("message.type", type, "a kind of message");
  return { type, ...shape(value, String(type)) } as FromWorker;
}
