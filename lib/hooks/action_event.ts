/**
 * What webhooks and programs are told of a message. Pure.
 *
 * @module
 */

import type { HookContext } from "./hook_context.ts";

/** A message's JSON is cut at this many characters: a thousand of them wait at most. */
export const MAX_JSON = 64 * 1024;

/** What happened, as a webhook posts it. */
export interface HookEvent {
  service: string;
  /** What the rule is bound to. */
  event: "command" | "sequence";
  command: string;
  direction: "in" | "out";
  /** The message as JSON; `{ truncated }` with the beginning of its text where that is very long. */
  message: unknown;
  connection: { id: string; remote: string };
  /** When, in ISO 8601. */
  at: string;
}

/** Writes a message as JSON, whatever it is made of. */
export function messageJson(message: unknown): string {
  let json: string;
  try {
    json = JSON.stringify(message, plain) ?? "null";
  } catch (error) {
    json = JSON.stringify({ unreadable: String(error) });
  }
  return json.length <= MAX_JSON ? json : JSON.stringify({ truncated: json.slice(0, MAX_JSON) });
}

/** Writes a webhook's body around the JSON of a message. */
export function eventJson(event: Omit<HookEvent, "message">, message: string): string {
  return `${JSON.stringify(event).slice(0, -1)},"message":${message}}`;
}

/** Says what happened, but for the message. */
export function eventOf(
  context: HookContext,
  { service, event, remote }: { service: string; event: HookEvent["event"]; remote: string },
): Omit<HookEvent, "message"> {
  const { command, direction, connection } = context;
  return {
    service,
    event,
    command: command.slice(0, MAX_JSON),
    direction,
    connection: { id: connection.id, remote },
    at: new Date().toISOString(),
  };
}

/** Bytes as their text, or in base64 where they are none; big integers as strings; maps as objects. */
function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
    } catch {
      return { base64: value.toBase64() };
    }
  }
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Error) return { name: value.name, message: value.message };
  return value;
}
