/**
 * A message handed on while it comes: each step is asked of the next server, and what that answers is the answer. Nothing
 * is kept here, so nothing can be lost here.
 *
 * What can fail: the next server is not there, goes, or does not do what it must (the client is told to come again); the
 * client goes (the connection to the next server is cut before the end of the content, so that it takes nothing).
 *
 * @module
 */

import { bytes, type Client, concat, connect } from "@protohost/protohost";
import smtp, { type Reply, reply, type Said } from "@protohost/protohost/protocols/smtp/codec";
import type { Mail, SmtpContent } from "./handler.ts";
import type { RelayOptions } from "./mail_options.ts";

const CONNECT_TIMEOUT = "30s";
const IDLE_TIMEOUT = "5m";
/** So much may wait to be taken by the next server. */
const MAX_QUEUED = 64 * 1024;
/** The longest line in chunks. */
const MAX_LINE_BYTES = 1024 ** 2;
const LF = 0x0a;
const CRLF = bytes("\r\n");

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
    super(`Cannot hand the message on: ${found}`, options);
    this.reply = heard;
  }
}

/** A conversation with the next server, for one message. */
export class Upstream {
  readonly #client: Client<Said, Reply>;
  #extensions: ReadonlyMap<string, string> = new Map();

  private constructor(client: Client<Said, Reply>) {
    this.#client = client;
  }

  /**
   * Comes as far as the next server's readiness for `MAIL`.
   *
   * @throws {RelayError} If it does not come so far.
   */
  static async open(
    options: RelayOptions,
    { hostname, signal }: { hostname: string; signal: AbortSignal },
  ): Promise<Upstream> {
    let client;
    try {
      client = await connect<Said, Reply>(options.to, {
        protocol: smtp,
        timeout: CONNECT_TIMEOUT,
        limits: { idleTimeout: IDLE_TIMEOUT },
        // What would go in plaintext is no worse off with a certificate that nobody vouches for.
        tls: { insecure: options.insecure || options.tls === "offered" },
        signal,
      });
    } catch (cause) {
      throw new RelayError((cause as Error).message, undefined, { cause });
    }
    const upstream = new Upstream(client);
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

  /** Hands the content on. If that ends by a throw, the next server is cut off. */
  async data(content: SmtpContent, head: Uint8Array): Promise<Reply> {
    const ready = await this.#ask("DATA");
    if (ready.code !== 354) return ready;
    try {
      await this.#send(head);
      for await (const lines of wholeLines(content)) await this.#send(lines);
    } catch (error) {
      this.#client.connection.destroy();
      throw error;
    }
    this.#client.send({ part: "body", bytes: new Uint8Array(), last: true });
    return await this.#next();
  }

  /** Ends the conversation. */
  close(): void {
    this.#client.send({ verb: "QUIT", args: "" });
    this.#client.close();
  }

  async #begin({ tls, user, password }: RelayOptions, hostname: string): Promise<void> {
    const greeting = await this.#next();
    if (greeting.code !== 220) throw refused("its greeting", greeting);
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
    return this.#next();
  }

  async #next(): Promise<Reply> {
    let answer;
    try {
      answer = await this.#client.pong();
    } catch (cause) {
      throw new RelayError((cause as Error).message, undefined, { cause });
    }
    if (answer === null) throw new RelayError("the next server has gone");
    // It is this server's to say when its own connection ends.
    return answer.code === 421 ? { ...answer, code: 451 } : answer;
  }

  async #send(bytes: Uint8Array): Promise<void> {
    const { connection } = this.#client;
    connection.send({ part: "body", bytes, last: false });
    if (connection.queuedBytes < MAX_QUEUED) return;
    try {
      await connection.flushed();
    } catch (cause) {
      throw new RelayError((cause as Error).message, undefined, { cause });
    }
  }
}

/** The same content, in pieces that end where lines do; the last line gets its end if it has none. */
export async function* wholeLines(content: SmtpContent): AsyncGenerator<Uint8Array, void> {
  let begun: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of content) {
    const end = bytes.lastIndexOf(LF) + 1;
    if (end > 0) {
      yield begun.length === 0 ? bytes.subarray(0, end) : concat([...begun, bytes.subarray(0, end)]);
      [begun, length] = [[], 0];
    }
    if (end === bytes.length) continue;
    begun.push(bytes.subarray(end));
    length += bytes.length - end;
    if (length > MAX_LINE_BYTES) {
      throw new RelayError(`a line is longer than ${MAX_LINE_BYTES} bytes`, reply("554 5.6.0 Line too long"));
    }
  }
  if (length > 0) yield concat([...begun, CRLF]);
}

function refused(what: string, answer: Reply): RelayError {
  const found = `the next server answered ${what} with ${answer.code} ${answer.lines.join(" ")}`;
  return new RelayError(found);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...bytes(text)));
}
