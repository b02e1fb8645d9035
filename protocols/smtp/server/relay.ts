/**
 * A message relayed while it comes: each step is asked of the next server, and its answer is the answer. Nothing is kept
 * here, so nothing can be lost here.
 *
 * What can fail: the next server is not there, goes, or does not do what it must (the client is told to try again); the
 * client goes (the connection to the next server is cut before the end of the content, so that it keeps nothing).
 *
 * @module
 */

import { bytes, type Client, connect } from "@protohost/protohost";
import smtp, {
  type LinesPart,
  type Reply,
  reply,
  type Said,
} from "@protohost/protohost/protocols/smtp/codec";
import type { Mail, SmtpContent } from "./handler.ts";
import { HOPS, readHops } from "./hops.ts";
import { linesOf } from "./line_parts.ts";
import type { RelayOptions } from "./mail_options.ts";

const MINUTE_MS = 60_000;
/**
 * How long the next server may take (RFC 5321, section 4.5.3.2). Up to the answer to a recipient somewhat less than the
 * client waits, so that it hears of a failure; the answer to the content is waited for as long as the client does.
 */
export const TIMES = {
  connect: "30s",
  recipientMs: 4.5 * MINUTE_MS,
  dataMs: 2 * MINUTE_MS,
  block: "3m",
  contentMs: 10 * MINUTE_MS,
} as const;
/** How many bytes may wait for the next server to take them. */
const MAX_QUEUED = 64 * 1024;

/** The next server did not do its part; `code` is `relay_failed`, `reply` is what the client hears. */
export class RelayError extends Error {
  /** The class's own name. */
  override readonly name = "RelayError";
  /** What programs compare. */
  readonly code = "relay_failed";
  /** What the client hears. */
  readonly reply: Reply;

  /** Makes the error. */
  constructor(
    found: string,
    heard: Reply = reply("451 4.4.1 The next server is not available"),
    options?: ErrorOptions,
  ) {
    super(`Cannot relay the message: ${found}`, options);
    this.reply = heard;
  }
}

/** A conversation with the next server, for one message. */
export class Upstream {
  /** Until when the next server may take for what it is asked up to `DATA`, by `performance.now()`. */
  untilMs = 0;
  readonly #client: Client<Said, Reply>;
  #extensions: ReadonlyMap<string, string> = new Map();

  private constructor(client: Client<Said, Reply>) {
    this.#client = client;
  }

  /**
   * Connects, and goes as far as the next server's readiness for `MAIL`.
   *
   * @throws {RelayError} If it does not get so far.
   */
  static async open(
    options: RelayOptions,
    { hostname, signal, untilMs }: { hostname: string; signal: AbortSignal; untilMs: number },
  ): Promise<Upstream> {
    let client;
    try {
      client = await connect<Said, Reply>(options.to, {
        protocol: smtp,
        timeout: TIMES.connect,
        limits: { idleTimeout: 0, frameTimeout: 0, sendTimeout: TIMES.block },
        // Where plaintext would do, a certificate that nobody vouches for does too.
        tls: { insecure: options.insecure || options.tls === "offered" },
        signal,
      });
    } catch (cause) {
      throw new RelayError((cause as Error).message, undefined, { cause });
    }
    const upstream = new Upstream(client);
    upstream.untilMs = untilMs;
    try {
      await upstream.#begin(options, hostname);
      return upstream;
    } catch (error) {
      client.connection.destroy();
      throw error;
    }
  }

  /** Announces a message. */
  mail({ reversePath, params }: Mail): Promise<Reply> {
    let args = `FROM:<${reversePath}>`;
    if ("SIZE" in params && this.#extensions.has("SIZE")) args += ` SIZE=${params.SIZE}`;
    if ("BODY" in params && this.#extensions.has("8BITMIME")) args += ` BODY=${params.BODY}`;
    if (this.#extensions.has(HOPS)) args += ` ${HOPS}=${(readHops(params) ?? 0) + 1}`;
    if ("SMTPUTF8" in params) {
      if (!this.#extensions.has("SMTPUTF8")) {
        return Promise.resolve(reply("550 5.6.7 The next server does not take SMTPUTF8"));
      }
      args += " SMTPUTF8";
    }
    return this.#ask("MAIL", args);
  }

  /** Names a recipient. */
  rcpt(path: string): Promise<Reply> {
    return this.#ask("RCPT", `TO:<${path}>`);
  }

  /** Passes the content on. If that throws, the next server is cut off and keeps nothing. */
  async data(content: SmtpContent, head: Uint8Array): Promise<Reply> {
    this.untilMs = performance.now() + TIMES.dataMs;
    const ready = await this.#ask("DATA");
    if (ready.code !== 354) return ready;
    try {
      await this.#send({ part: "body", bytes: head, last: false });
      for await (const part of linesOf(content)) await this.#send(part);
    } catch (error) {
      this.#client.connection.destroy();
      throw error;
    }
    this.#client.send({ part: "body", bytes: new Uint8Array(), last: true });
    this.untilMs = performance.now() + TIMES.contentMs;
    return await this.#next("the content");
  }

  /** Ends the conversation. */
  close(): void {
    this.#client.send({ verb: "QUIT", args: "" });
    this.#client.close();
  }

  async #begin({ tls, user, password }: RelayOptions, hostname: string): Promise<void> {
    const greeting = await this.#next("the connection");
    if (greeting.code !== 220) throw refused("the connection", greeting);
    await this.#hello(hostname);
    const { connection } = this.#client;
    if (connection.transport !== "tls" && tls !== "never") {
      if (this.#extensions.has("STARTTLS")) {
        const go = await this.#ask("STARTTLS");
        if (go.code !== 220) throw refused("STARTTLS", go);
        await this.#hello(hostname);
      } else if (tls === "required") throw new RelayError("the next server does not offer TLS");
    }
    if (user === undefined) return;
    if (connection.transport !== "tls") {
      throw new RelayError("the next server wants a password in plaintext");
    }
    const answer = await this.#ask("AUTH", `PLAIN ${base64(`\0${user}\0${password}`)}`);
    if (answer.code !== 235) throw refused("AUTH", answer);
  }

  async #hello(hostname: string): Promise<void> {
    const answer = await this.#ask("EHLO", hostname);
    if (answer.code !== 250) throw refused("EHLO", answer);
    this.#extensions = new Map(
      answer.lines.slice(1).map((line) => {
        const [name, ...values] = line.split(" ");
        return [name.toUpperCase(), values.join(" ")];
      }),
    );
  }

  #ask(verb: string, args = ""): Promise<Reply> {
    this.#client.send({ verb, args });
    return this.#next(verb);
  }

  /** Waits for the answer to something. */
  async #next(to: string): Promise<Reply> {
    const timer = setTimeout(() => this.#giveUp(to), Math.max(0, this.untilMs - performance.now()));
    let answer;
    try {
      answer = await this.#client.pong();
    } catch (cause) {
      if (cause instanceof RelayError) throw cause;
      throw new RelayError((cause as Error).message, undefined, { cause });
    } finally {
      clearTimeout(timer);
    }
    if (answer === null) throw new RelayError("the next server has gone");
    // Only this server says when its own connection ends.
    return answer.code === 421 ? { ...answer, code: 451 } : answer;
  }

  #giveUp(to: string): void {
    const found = `the next server has not answered ${to} in time`;
    this.#client.connection.destroy(new RelayError(found));
  }

  async #send(part: LinesPart): Promise<void> {
    const { connection } = this.#client;
    connection.send(part);
    if (connection.queuedBytes < MAX_QUEUED) return;
    try {
      await connection.flushed();
    } catch (cause) {
      throw new RelayError((cause as Error).message, undefined, { cause });
    }
  }
}

function refused(what: string, answer: Reply): RelayError {
  const found = `the next server answered ${what} with ${answer.code} ${answer.lines.join(" ")}`;
  return new RelayError(found);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...bytes(text)));
}
