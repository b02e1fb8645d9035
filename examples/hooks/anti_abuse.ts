// What to have before a mail server: greylisting, a limit of recipients, a header of one's own, and word of guessed
// passwords. Options: `wait` (milliseconds), `recipients`, `webhook` (a URL; its host wants `permissions: { net: ... }`).
// Who has come before is known to this process only: each instance of a service learns it anew, and at a restart all do.

import type { Command, LinesPart, Reply } from "@protohost/protohost/protocols/smtp";
import { bytes, defineHooks, on, repeat, replace, reply, sequence, step } from "@protohost/protohost";

const known = new Map<string, number>();

export default defineHooks(({ options, log }) => {
  const { wait = 60_000, recipients = 50, webhook } = options as Record<string, never>;
  return [
    sequence<Command>(["MAIL", "RCPT"], ({ matched: [mail], message, connection }) => {
      const { hostname } = connection.remoteAddr as Deno.NetAddr;
      const who = `${hostname} ${mail.message.address} ${message.address}`;
      const since = known.get(who) ?? Date.now();
      if (known.size > 100_000) known.clear();
      known.set(who, since);
      if (Date.now() - since < wait) {
        return reply({ code: 450, enhanced: "4.7.1", lines: ["Come again later"] });
      }
    }, { priority: 1 }),
    // Each recipient beyond the limit is refused, until the content begins or the client begins anew.
    on("RSET", ({ notes }) => void (notes.recipients = 0)),
    on("354", ({ notes }) => void (notes.recipients = 0), { direction: "out" }),
    on("RCPT", ({ notes }) => {
      notes.recipients = (notes.recipients ?? 0) + 1;
      if (notes.recipients > recipients) {
        return reply({ code: 452, enhanced: "4.5.3", lines: ["Too many"] });
      }
    }),
    on<LinesPart>(
      "EOH",
      ({ message }) => replace({ ...message, bytes: bytes("X-Guarded-By: protohost\r\n\r\n") }),
    ),
    // Chunks have no place for a header: they are not offered.
    on<Reply>("250", ({ message: { lines, ...more } }) => {
      if (lines.includes("CHUNKING")) {
        return replace({ ...more, lines: lines.filter((line) => line !== "CHUNKING") });
      }
    }, { direction: "out" }),
    sequence([repeat(step("535", { direction: "out" }), 3)], ({ connection }) => {
      log.warn("Connection {id}: three failed passwords", { id: connection.id });
      if (webhook) {
        fetch(webhook, { method: "POST", body: connection.id }).catch((error) => log.error(`${error}`));
      }
    }),
  ];
});
