/**
 * Where the two streams of one connection are.
 *
 * | the client's bytes are | until |
 * | --- | --- |
 * | commands | a 354 to `DATA`: content; `BDAT n`: a chunk; a 334 to `AUTH`: credentials |
 * | content | its last line |
 * | a chunk | its last byte |
 * | credentials | the end of the line |
 *
 * Nothing may follow `DATA`, `AUTH` and `STARTTLS` before their reply (RFC 2920, section 3.1): nobody could know whether
 * it is command or content.
 *
 * The client's stream is known as it is decoded; the server's as it is decoded (by a client or a proxy) or, where this is
 * the server, encoded: a server never learns more of a reply than that it was decided on. A proxy decodes both streams,
 * and encodes only what hooks put in the place of something.
 *
 * @module
 */

import type { LinesPart } from "./content.ts";
import { SmtpError } from "./error.ts";

/** What the client's next bytes are. */
export type SmtpState =
  | { stream: "command" }
  | ContentState
  /** So many bytes. */
  | { stream: "chunk"; left: number }
  /** One line that answers a 334. */
  | { stream: "credentials" };

/** Lines up to a single dot. */
export interface ContentState {
  /** Always this. */
  stream: "content";
  /** Whether the header has not ended. */
  inHeader: boolean;
  /** Whether no line has come. */
  isFirst: boolean;
  /** Whether the last part ended in the middle of a line. */
  midLine: boolean;
}

/** Commands that nothing may follow before their reply. */
export type Awaited = "DATA" | "AUTH" | "STARTTLS";

const COMMAND: SmtpState = { stream: "command" };
const CREDENTIALS: SmtpState = { stream: "credentials" };

/** Whether nothing may follow a command before its reply. */
export function isAwaited(verb: string): verb is Awaited {
  return verb === "DATA" || verb === "AUTH" || verb === "STARTTLS";
}

/** The state of one connection, both directions. */
export class SmtpSession {
  /** What the client's next bytes are. */
  state: SmtpState = COMMAND;
  /** The last part of lines, while nothing has followed it; without its bytes. */
  part: Omit<LinesPart, "bytes"> | undefined;
  /** Whether the last reply completes a request. */
  completes = false;
  /** Whether the last reply lets TLS begin. */
  startsTls = false;
  /** Whether the server has offered CHUNKING in its reply to the last `EHLO`. Without that, it may not know `BDAT`. */
  offersChunking = false;
  /** The client's last command, if nothing may follow it before its reply and that has not come. */
  #awaited: Awaited | undefined;
  /** The last such command, replied to or not, unless another command has followed it. */
  #latest: Awaited | undefined;
  /** Commands without a reply. */
  #open = 0;
  #greeted = false;
  #saysEhlo = false;
  #decodesCommands = false;
  #decodesReplies = false;
  #replyWasLast = false;
  /** Whether the last command goes no further: a reply to it is not counted. */
  #isWithdrawn = false;
  /** Whether `#open` may be too high: hooks have answered in the server's place. */
  #isLoose = false;

  /** Which command's reply has to come before anything else may. */
  get awaited(): Awaited | undefined {
    return this.#awaited;
  }

  /** Whether replies are due to more than what the client is in the middle of, or has sent too early. */
  get owesEarlier(): boolean {
    const { stream } = this.state;
    const isAtIt = stream === "content" || stream === "chunk" || this.#awaited !== undefined;
    return this.#open > (isAtIt ? 1 : 0);
  }

  /** The client's bytes: a command was decoded. */
  commandDecoded(verb: string): void {
    this.#decodesCommands = true;
    this.#replyWasLast = this.#isWithdrawn = false;
    this.part = undefined;
    this.#sent(verb);
  }

  /** The last command that was decoded goes no further. */
  commandWithdrawn(): void {
    this.#isWithdrawn = true;
    if (this.#open > 0) this.#open--;
    this.#awaited = this.#latest = undefined;
  }

  /** Another command goes on in the place of the last that was decoded. */
  commandReplaced(verb: string): void {
    if (this.#open > 0) this.#open--;
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

  /** The client's bytes: so many bytes of a chunk have come. Answers whether it is complete. */
  chunkCame(bytes: number): boolean {
    if (this.state.stream !== "chunk") return true;
    const left = this.state.left - bytes;
    this.state = left > 0 ? { stream: "chunk", left } : COMMAND;
    return left <= 0;
  }

  /** The client's bytes: a part of lines has come, after which the content goes on or is over. */
  contentCame({ bytes: _, ...part }: LinesPart): void {
    this.part = part;
    this.state = part.last ? COMMAND : {
      stream: "content",
      inHeader: part.part === "header",
      isFirst: false,
      midLine: part.unfinished === true,
    };
  }

  /**
   * A reply was decoded.
   *
   * @throws {SmtpError} If it asks for something that was not offered.
   */
  replyDecoded(code: number, lines: readonly string[] = []): void {
    this.#decodesReplies = true;
    this.#replyWasLast = true;
    this.#replied(code, lines);
  }

  /**
   * A reply is about to leave.
   *
   * @throws {SmtpError} If it asks for something that was not offered.
   */
  replyEncoded(code: number, lines: readonly string[] = []): void {
    if (!this.#decodesReplies) return this.#replied(code, lines);
    this.#isLoose = true;
    // After a command it answers that; after a reply it replaces that, which is counted already.
    if (!this.#replyWasLast && !this.#isWithdrawn) this.#answered(code);
  }

  #sent(verb: string): void {
    this.#open++;
    this.state = COMMAND;
    this.#awaited = this.#latest = isAwaited(verb) ? verb : undefined;
    if (verb !== "EHLO" && verb !== "HELO") return;
    this.#saysEhlo = verb === "EHLO";
    this.offersChunking = false;
  }

  #replied(code: number, lines: readonly string[]): void {
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
        this.state = { stream: "content", inHeader: true, isFirst: true, midLine: false };
        this.completes = false;
        return;
      case 334:
        this.#expect("AUTH", code);
        this.#answered(code);
        this.state = CREDENTIALS;
        return;
      case 250:
        if (this.#saysEhlo && lines.length > 1) this.#offered(lines);
        break;
      case 220:
        if (this.#awaited === "STARTTLS" && (this.#open <= 1 || this.#isLoose)) return this.#forget();
        break;
    }
    this.#answered(code);
  }

  #offered([, ...extensions]: readonly string[]): void {
    this.offersChunking ||= extensions.some((line) => line.trim().toUpperCase() === "CHUNKING");
  }

  #answered(code: number): void {
    this.completes = this.#open > 0;
    if (this.#open > 0) this.#open--;
    if (this.#open === 0 || (this.#isLoose && code >= 400)) this.#awaited = undefined;
  }

  /** What was said in plaintext counts for nothing once TLS has begun (RFC 3207, section 4.2). */
  #forget(): void {
    this.state = COMMAND;
    this.#open = 0;
    this.#awaited = this.#latest = undefined;
    this.#saysEhlo = this.offersChunking = false;
    this.startsTls = this.completes = true;
  }

  #expect(verb: Awaited, code: number): void {
    if (this.#latest === verb) return;
    throw new SmtpError("out_of_turn", `Cannot take a ${code}: the client's last command is not ${verb}`);
  }
}
