/**
 * One message, from `MAIL` to the reply to its content.
 *
 * @module
 */

import { type Command, type Reply, reply, SmtpError } from "@protohost/protohost/protocols/smtp/codec";
import type { Mail, Recipient, SmtpAnswer, SmtpClient, SmtpHandler } from "./handler.ts";
import { type Incoming, MessageTooLargeError } from "./incoming.ts";

/** A message on its way in. */
export class Transaction implements Mail {
  readonly client: SmtpClient;
  readonly from: string;
  readonly reversePath: string;
  readonly params: Readonly<Record<string, string>>;
  readonly recipients: Recipient[] = [];
  readonly notes: Map<string, unknown> = new Map();
  readonly #over: AbortController = new AbortController();
  /** Its content, from `DATA` or the first `BDAT` on. */
  content: Incoming | undefined;
  /** What the handler makes of it. */
  result: Promise<{ answer: SmtpAnswer } | { error: unknown }> | undefined;

  /** Begins with an accepted sender. */
  constructor(client: SmtpClient, { address = "", path = address, params = {} }: Command) {
    this.client = client;
    this.from = address;
    this.reversePath = path;
    this.params = params;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Gives the handler the content that is coming. */
  open(handler: SmtpHandler, incoming: Incoming): void {
    this.content = incoming;
    this.result = take(handler, incoming, this);
    this.result.then(() => incoming.discard());
  }

  /** It is over. */
  end(why: string): void {
    this.content?.fail(new SmtpError("out_of_turn", `Cannot take the message: ${why}`));
    this.#over.abort();
  }
}

/** What is answered to content that could not be taken to its end. */
export function refusalOf(error: Error): Reply {
  if (error instanceof MessageTooLargeError) return reply("552 5.3.4 The message is too long");
  return reply("554 5.6.0 Lines end with CR LF; a bare CR or LF is refused");
}

/** Gives the handler the content; never rejects. */
async function take(
  handler: SmtpHandler,
  content: Incoming,
  mail: Mail,
): Promise<{ answer: SmtpAnswer } | { error: unknown }> {
  try {
    return { answer: await handler.onData!(content, mail) };
  } catch (error) {
    return { error };
  }
}
