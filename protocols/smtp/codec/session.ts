/**
 * Where the two streams of one connection are.
 *
 * | what comes from the client | leaves for |
 * | --- | --- |
 * | commands | content, at a 354 to `DATA`; a chunk, behind `BDAT n`; credentials, at a 334 to `AUTH` |
 * | content | commands, behind its last line |
 * | a chunk | commands, behind its last byte |
 * | credentials: one line | commands |
 *
 * Behind `DATA`, `AUTH` and `STARTTLS` nothing may come before their reply (RFC 2920, section 3.1): what it would be,
 * command or content, nobody could know.
 *
 * The client's stream is known as it is decoded, the server's as it is decoded (by a client, or a proxy) or, where this
 * is the server, encoded: that a reply has been decided on is all that a server ever learns of it. A proxy decodes both,
 * and encodes only what hooks put in the place of something.
 *
 * @module
 */

import type { LinesPart } from "./content.ts";
import { SmtpError } from "./error.ts";

/** What the client's next bytes are. */
export type SmtpState =
  | { stream: "command" }
  /** Lines up to a single dot. */
  | { stream: "content"; inHeader: boolean; isFirst: boolean }
  /** So many bytes. */
  | { stream: "chunk"; left: number }
  /** One line that answers a 334. */
  | { stream: "credentials" };

/** Commands that nothing may follow before their reply. */
export type Awaited = "DATA" | "AUTH" | "STARTTLS";

const COMMAND: SmtpState = { stream: "command" };
const CREDENTIALS: SmtpState = { stream: "credentials" };

/** The state of one connection, both directions. */
export class SmtpSession {
  /** What the client's next bytes are. */
  state: SmtpState = COMMAND;
  /** The part of lines that came last, while nothing has come behind it; without its bytes. */
  part: Omit<LinesPart, "bytes"> | undefined;
  /** Whether the reply that came last completes a request. */
  completes = false;
  /** Whether the reply that came last lets TLS begin. */
  startsTls = false;
  /** The client's last command, if it is one that nothing may follow before its reply, and that has not come. */
  #awaited: Awaited | undefined;
  /** The last such command, replied to or not, unless another command has come behind it. */
  #latest: Awaited | undefined;
  /** Commands without a reply. */
  #open = 0;
  #greeted = false;
  #decodesCommands = false;
  #decodesReplies = false;
  #replyWasLast = false;
  /** Whether `#open` may be too high: hooks have answered in the server's place. */
  #isLoose = false;

  /** Which command's reply has to come before anything else may. */
  get awaited(): Awaited | undefined {
    return this.#awaited;
  }

  /** Whether replies are due to more than what the client is in the middle of, or has been too early with. */
  get owesEarlier(): boolean {
    const { stream } = this.state;
    const isAtIt = stream === "content" || stream === "chunk" || this.#awaited !== undefined;
    return this.#open > (isAtIt ? 1 : 0);
  }

  /** The client's bytes: a command was decoded. */
  commandDecoded(verb: string): void {
    this.#decodesCommands = true;
    this.#replyWasLast = false;
    this.part = undefined;
    this.#sent(verb);
  }

  /** A command is about to leave. */
  commandEncoded(verb: string): void {
    if (!this.#decodesCommands) this.#sent(verb);
  }

  /** The client's bytes: a chunk of so many bytes follows. */
  chunkBegins(bytes: number): void {
    if (bytes > 0) this.state = { stream: "chunk", left: bytes };
  }

  /** The client's bytes: so much of a chunk has come. Answers whether it is complete. */
  chunkCame(bytes: number): boolean {
    if (this.state.stream !== "chunk") return true;
    const left = this.state.left - bytes;
    this.state = left > 0 ? { stream: "chunk", left } : COMMAND;
    return left <= 0;
  }

  /** The client's bytes: a part of lines has come, and the content goes on, behind its header or not; or it is over. */
  contentCame({ part, firstLine, last }: LinesPart): void {
    this.part = { part, firstLine, last };
    this.state = last ? COMMAND : { stream: "content", inHeader: part === "header", isFirst: false };
  }

  /**
   * A reply was decoded.
   *
   * @throws {SmtpError} If it asks for something that was not offered.
   */
  replyDecoded(code: number): void {
    this.#decodesReplies = true;
    this.#replyWasLast = true;
    this.#replied(code);
  }

  /**
   * A reply is about to leave.
   *
   * @throws {SmtpError} If it asks for something that was not offered.
   */
  replyEncoded(code: number): void {
    if (!this.#decodesReplies) return this.#replied(code);
    this.#isLoose = true;
    // Behind a command it answers that; behind a reply it takes the place of that, which is counted already.
    if (!this.#replyWasLast) this.#answered(code);
  }

  #sent(verb: string): void {
    this.#open++;
    this.state = COMMAND;
    this.#awaited = this.#latest = verb === "DATA" || verb === "AUTH" || verb === "STARTTLS"
      ? verb
      : undefined;
  }

  #replied(code: number): void {
    this.startsTls = false;
    if (!this.#greeted) {
      this.#greeted = true;
      this.completes = false;
      return;
    }
    switch (code) {
      case 354:
        this.#expect("DATA", code);
        this.#awaited = this.#latest = undefined;
        this.state = { stream: "content", inHeader: true, isFirst: true };
        this.completes = false;
        return;
      case 334:
        this.#expect("AUTH", code);
        this.#answered(code);
        this.state = CREDENTIALS;
        return;
      case 220:
        if (this.#awaited === "STARTTLS" && (this.#open <= 1 || this.#isLoose)) return this.#forget();
        break;
    }
    this.#answered(code);
  }

  #answered(code: number): void {
    this.completes = this.#open > 0;
    if (this.#open > 0) this.#open--;
    if (this.#open === 0 || (this.#isLoose && code >= 400)) this.#awaited = undefined;
  }

  /** What was said in plaintext counts for nothing behind TLS (RFC 3207, section 4.2). */
  #forget(): void {
    this.state = COMMAND;
    this.#open = 0;
    this.#awaited = this.#latest = undefined;
    this.startsTls = this.completes = true;
  }

  #expect(verb: Awaited, code: number): void {
    if (this.#latest === verb) return;
    throw new SmtpError("out_of_turn", `Cannot take a ${code}: the client's last command is not ${verb}`);
  }
}
