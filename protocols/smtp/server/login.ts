/**
 * The authentication of one client, as far as the handler takes part in it.
 *
 * @module
 */

import { type Reply, reply } from "@protohost/protohost/protocols/smtp/codec";
import { after, type Outcome, readAnswer } from "./answer.ts";
import { AuthExchange, type Claim } from "./auth.ts";
import type { SmtpClient, SmtpHandler } from "./handler.ts";
import type { Journal } from "./journal.ts";
import type { ServiceOptions } from "./options.ts";

/** What a client hears last that was refused too often. */
export const TOO_MANY_ERRORS: Reply = reply("421 4.7.0 Too many errors");
const BAD_CREDENTIALS = reply("535 5.7.8 Authentication failed");

/** What a client is served by. */
export interface DialogueOptions {
  /** What is done with mail. */
  handler: SmtpHandler;
  /** The service's options. */
  options: ServiceOptions;
  /** Whether the service relays, so that rounds through relays are counted. @default {false} */
  countsHops?: boolean;
  /** Logs what was refused and what became of messages. */
  journal?: Journal;
}

/** A client whose name is set here. */
type Claimant = SmtpClient & { user: string | undefined };

/** `AUTH` in one client's dialogue. */
export class Login {
  readonly #client: Claimant;
  readonly #service: DialogueOptions;
  #exchange: AuthExchange | undefined;
  #failures = 0;

  constructor(client: Claimant, service: DialogueOptions) {
    this.#client = client;
    this.#service = service;
  }

  /** Whether `AUTH` is offered to this client now. */
  get isOffered(): boolean {
    const { handler, options } = this.#service;
    return handler.onAuth !== undefined && (this.#client.isSecure || options.authWithoutTls);
  }

  /** Takes `AUTH`. */
  begin(args: string, isInMail: boolean): Outcome {
    const refusal = this.#refusal(isInMail);
    const begun = refusal === undefined ? AuthExchange.begin(args) : undefined;
    this.#exchange = begun?.exchange;
    return this.#step(refusal ?? begun?.step ?? reply("504 5.5.4 Unknown mechanism"));
  }

  /** Takes a line that answers a 334. */
  next(line: string): Outcome {
    return this.#step(this.#exchange?.next(line) ?? BAD_CREDENTIALS);
  }

  /** Gives up the exchange. */
  forget(): void {
    this.#exchange = undefined;
  }

  #refusal(isInMail: boolean): Reply | undefined {
    const { helo, user } = this.#client;
    if (this.#service.handler.onAuth === undefined) return reply("502 5.5.1 Authentication is not offered");
    if (helo === "") return reply("503 5.5.1 EHLO first");
    if (user !== undefined || isInMail) return reply("503 5.5.1 Not now");
    return this.isOffered ? undefined : reply("538 5.7.11 Begin TLS first");
  }

  #step(step: Claim | Reply): Outcome {
    const { handler, journal } = this.#service;
    if ("code" in step) {
      if (step.code === 334) return step;
      this.#exchange = undefined;
      journal?.refusedAuth(this.#client, step);
      return step;
    }
    this.#exchange = undefined;
    return after(handler.onAuth!({ ...step, client: this.#client }), (answer) => {
      const answered = typeof answer === "boolean" ? undefined : readAnswer(answer);
      if (answer === true || (answered !== undefined && answered.code < 400)) {
        this.#client.user = step.user;
        return answered ?? reply("235 2.7.0 Welcome");
      }
      // A temporary failure says nothing of the password.
      if (answered !== undefined && answered.code < 500) {
        journal?.refusedAuth(this.#client, answered);
        return answered;
      }
      return this.#failed(step, answered ?? BAD_CREDENTIALS);
    });
  }

  #failed({ user }: Claim, refusal: Reply): Reply {
    const { options, journal } = this.#service;
    journal?.failedAuth(this.#client, user);
    if (++this.#failures < options.maxAuthFailures) return refusal;
    // Both, so that whoever counts refusals has this one too.
    this.#client.connection.send(refusal);
    return TOO_MANY_ERRORS;
  }
}
