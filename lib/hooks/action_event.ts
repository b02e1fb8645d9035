/**
 * The event of a message, for webhooks and programs. Pure.
 *
 * @module
 */

import { formatAddr } from "../contract/endpoint.ts";
import type { HookContext } from "./hook_context.ts";
import type { Direction } from "./verdict.ts";

/** A message's JSON is cut at this many characters: up to a thousand of them wait. */
export const MAX_JSON = 64 * 1024;

/** What happened, but for the message and the service. JSON-safe. */
export interface ActionEvent {
  /** What the rule is bound to. */
  event: "command" | "sequence";
  command: string;
  direction: Direction;
  connection: { id: string; remote: string };
  /** When, in ISO 8601. */
  at: string;
}

/** What happened, as a webhook posts it. */
export interface HookEvent extends ActionEvent {
  service: string;
  /** The message as JSON; `{ truncated }` with the beginning of its text where that is very long. */
  message: unknown;
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

/** What happened, of the message that a hook sees. */
export function eventOf(context: HookContext, event: ActionEvent["event"]): ActionEvent {
  const { command, direction, connection: { id, remoteAddr } } = context;
  return {
    event,
    command: command.slice(0, MAX_JSON),
    direction,
    connection: { id, remote: formatAddr(remoteAddr) },
    at: new Date().toISOString(),
  };
}

/** Bytes as their text, or in base64 where they are no UTF-8; big integers as strings; maps as objects. */
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
