/**
 * A bare SMTP client, and what tests of mail have in common.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { bytes, type Client, connect, type TlsSpec } from "@protohost/protohost";
import smtp, { type Reply, type Said } from "../../protocols/smtp/mod.ts";
import { soon, Wire } from "./wire.ts";

const certificates = fromFileUrl(new URL("../fixtures/tls/", import.meta.url));

/** Which of the test certificates: that of `one.test`, or of `two.test`. */
export type Pair = "one" | "two";

/** The certificate of a mail service under test. */
export const tls: TlsSpec = {
  certificates: [{ cert: `${certificates}one.crt`, key: `${certificates}one.key` }],
  clientCertificate: "none",
};

/** Whether programs of these names are not there. In CI nothing may be missing. */
export function lacks(...programs: string[]): boolean {
  return Deno.env.get("CI") === undefined && !programs.every(isInstalled);
}

/** A client that says lines and reads replies. */
export class MailWire extends Wire {
  /** Connects, and reads the greeting. */
  static async greeted(port: number): Promise<MailWire> {
    const { conn } = await Wire.open(port);
    const wire = new MailWire(conn);
    await wire.reply();
    return wire;
  }

  /** Reads a reply, its lines joined by `|`. */
  async reply(): Promise<string> {
    const lines: string[] = [];
    do {
      const line = await this.line();
      lines.push(line.replace(/\r$/, ""));
    } while (lines.at(-1)?.[3] === "-");
    return lines.join("|");
  }

  /** Says a line, and reads the reply to it. */
  async ask(line: string): Promise<string> {
    await this.write(`${line}\r\n`);
    return await this.reply();
  }

  /** Says lines one after the other; answers the codes of the replies. */
  async codes(...lines: string[]): Promise<string> {
    const codes: string[] = [];
    for (const line of lines) codes.push((await this.ask(line)).slice(0, 3));
    return codes.join(" ");
  }
}

/** A client that begins TLS by itself when the server lets it. */
export class MailClient implements AsyncDisposable {
  readonly #client: Client<Said, Reply>;

  private constructor(client: Client<Said, Reply>) {
    this.#client = client;
  }

  /** Connects, and reads the greeting. Trusts one certificate only, that of {@linkcode tls} unless it is told another. */
  static async greeted(
    port: number,
    trusted: Pair = "one",
    { transport = "tcp" }: { transport?: "tcp" | "tls" } = {},
  ): Promise<MailClient> {
    const caCerts = [await Deno.readTextFile(`${certificates}${trusted}.crt`)];
    const client = await connect<Said, Reply>(`smtp+${transport}://127.0.0.1:${port}`, {
      tls: { caCerts, serverName: `${trusted}.test` },
    });
    await soon(client.pong());
    return new MailClient(client);
  }

  /** Whether TLS is on. */
  get isSecure(): boolean {
    return this.#client.connection.transport === "tls";
  }

  /** Says a command; credentials, behind `> `; or content, if there is a line break in it. Answers the reply. */
  async ask(said: string): Promise<string> {
    const message: Said = said.startsWith("> ")
      ? { response: said.slice(2) }
      : said.includes("\n")
      ? { part: "body", bytes: bytes(said), last: true }
      : smtp.parse!(said);
    const { code, enhanced, lines } = await soon(this.#client.pingPong(message), `the reply to ${said}`);
    return [code, ...enhanced === undefined ? [] : [enhanced], lines.join("|")].join(" ");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.close();
  }
}

/** The files of a Maildir's folder, their contents by name. */
export async function filesIn(path: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(path)) files.push(await Deno.readTextFile(`${path}/${name}`));
  return files;
}

/** A delivered message without the lines that the server put before it. */
export function withoutTrace(message: string): string {
  return message.replace(/^Return-Path: .*\r\n/, "").replace(/^Received: .*\r\n(?:\t.*\r\n)*/, "");
}

/** A program run to its end. */
export async function run(
  command: string,
  args: string[],
  input?: string,
): Promise<{ code: number; output: string }> {
  const child = new Deno.Command(command, {
    args,
    stdin: input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  return { code, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

function isInstalled(program: string): boolean {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  return folders.some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}
