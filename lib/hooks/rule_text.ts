/**
 * Texts of rules that say something of the message: `{command}`, `{direction}`, `{message}`, `{connection}`, `{remote}`.
 *
 * @module
 */

import { formatAddr } from "../contract/endpoint.ts";
import { text } from "../framing/bytes.ts";
import { messageJson } from "./action_event.ts";
import type { HookContext } from "./hook_context.ts";

/** A message in a text is cut at this many characters. */
export const MAX_SHOWN = 1_000;

const PLACEHOLDERS: Readonly<Record<string, (context: HookContext) => string>> = {
  command: ({ command }) => command,
  direction: ({ direction }) => direction,
  message: ({ message }) => shown(message),
  connection: ({ connection }) => connection.id,
  remote: ({ connection }) => formatAddr(connection.remoteAddr),
};

/** Makes a function that fills in a text. Braces around any other word stay as they are. */
export function compileText(template: string): (context: HookContext) => string {
  const parts = template.split(/\{(\w+)\}/);
  if (parts.length === 1) return () => template;
  const fill = parts.map((part, index) => {
    if (index % 2 === 0) return () => part;
    return Object.hasOwn(PLACEHOLDERS, part) ? PLACEHOLDERS[part] : () => `{${part}}`;
  });
  return (context) => fill.map((make) => make(context)).join("");
}

/** A text or bytes as they are, anything else as JSON. */
function shown(message: unknown): string {
  const whole = typeof message === "string"
    ? message
    : message instanceof Uint8Array
    ? text(message.subarray(0, MAX_SHOWN * 4))
    : messageJson(message);
  return whole.length <= MAX_SHOWN ? whole : `${whole.slice(0, MAX_SHOWN)}…`;
}
