/**
 * The schema of the actions of a rule.
 *
 * @module
 */

import * as z from "zod";
import { HEADER_NAME, HEADER_VALUE } from "../base/http_header.ts";
import { didYouMean } from "../base/suggest.ts";
import { formatDuration } from "../base/units.ts";
import { LOG_LEVELS } from "../contract/log_level.ts";
import { DEFAULT_WEBHOOK_RETRIES, DEFAULT_WEBHOOK_TIMEOUT_MS } from "../hooks/rule.ts";
import { message } from "./condition_schema.ts";
import {
  choice,
  count,
  duration,
  exactlyOne,
  KEY_SEPARATOR,
  mapping,
  named,
  optional,
  required,
} from "./schema_builders.ts";

const MAX_RETRIES = 100;

const text = z.string({ error: "a text" });
/** The system ends an argument at a NUL. */
const argument = z.string({ error: "a text" }).refine((value) => !value.includes("\0"), {
  error: "a text without a NUL",
});

const WANTED_URL = "a URL of http or https without a user or a password";
const webhookUrl = z.string({ error: WANTED_URL }).refine(isWebhookUrl, { error: WANTED_URL });

const headerName = z.string().regex(HEADER_NAME, { error: "the name of a header" });
/** Its value (section 5.5): nothing that ends the line, no more than Latin-1. */
const headerValue = z.string({ error: "a text" }).regex(HEADER_VALUE, {
  error: "the value of a header: one line of Latin-1",
});

const logAction = named(
  "LogActionInput",
  "A line in the log, with its level.",
  mapping("a text, or a mapping with level and message", {
    level: optional(choice(LOG_LEVELS), "The level", "info"),
    message: required(text, "What is logged"),
  }),
);

const webhookAction = named(
  "WebhookActionInput",
  "A webhook, with its headers and retries.",
  mapping("a URL, or a mapping with url", {
    url: required(webhookUrl, "Where to post"),
    headers: optional(
      z.record(headerName, headerValue, { error: "a mapping of names to texts" }),
      "Headers of the request",
    ),
    timeout: optional(
      duration({ minimum: 1 }),
      "How long one attempt may take",
      formatDuration(DEFAULT_WEBHOOK_TIMEOUT_MS),
    ),
    retries: optional(
      count(0, { maximum: MAX_RETRIES }),
      "How many attempts follow a failed one",
      DEFAULT_WEBHOOK_RETRIES,
    ),
  }),
);

const actionMapping = mapping("an action", {
  reply: optional(message, "Answer this to the sender; the message goes no further"),
  replace: optional(message, "Forward this message in place of the one that came"),
  drop: optional(z.literal(true, { error: "true" }), "Drop the message"),
  delay: optional(duration(), "Hold the message back for this long"),
  close: optional(message, "Close the connection, after sending the client this message"),
  log: optional(
    z.union([text, logAction], { error: "a text, or a mapping with level and message" }),
    "Write this to the log, at `info` unless it says otherwise; `{message}`, `{command}`, `{direction}`, `{connection}` " +
      "and `{remote}` in it stand for what they say",
  ),
  count: optional(
    z.string({ error: "a name" }).regex(
      /^(?:[A-Za-z]|\{command\}|\{direction\})(?:[\w.:-]|\{command\}|\{direction\})*$/,
      {
        error:
          "a name of letters, digits and _ . : - that begins with a letter, with {command} or {direction} in it",
      },
    ),
    "Add one to this counter of the service; `{command}` and `{direction}` in it stand for the message's",
  ),
  webhook: optional(
    z.union([webhookUrl, webhookAction], { error: "a URL, or a mapping with url" }),
    "Post what happened to this URL, in the background and with retries",
  ),
  exec: optional(
    z.array(argument, { error: "a list of a program and its arguments" })
      .min(1, { error: "a list of a program and its arguments" }),
    "Run this program with these arguments, without a shell; the message is JSON on its standard input",
  ),
  publish: optional(
    text.min(1, { error: "a topic" }),
    "Send what happened to every subscriber of this topic",
  ),
});

const ACTIONS = Object.keys(actionMapping.shape);
const WANTED_ACTION = `an action: ${ACTIONS.join(KEY_SEPARATOR)}`;

const namedMapping = named(
  "ActionMapping",
  "An action with its value. A message that is a text is in the protocol's own notation.",
  exactlyOne(actionMapping, ACTIONS),
);

/** Actions that are a word alone. */
const word = z.enum(["drop", "close"], {
  error: ({ input }) => {
    if (typeof input !== "string") return WANTED_ACTION;
    if (ACTIONS.includes(input)) return `${input} with its value, as a mapping`;
    return `drop, close or a mapping with one of ${ACTIONS.join(KEY_SEPARATOR)}${didYouMean(input, ACTIONS)}`;
  },
});

/** One action. */
export const action = named(
  "ActionInput",
  "An action: a word, or a mapping with one key.",
  z.union([word, namedMapping], { error: WANTED_ACTION }),
);

/** Whether requests can be made to a URL: `fetch` takes none with a user or a password. */
function isWebhookUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "";
}
