/**
 * A postfix of one's own, for as long as a test runs: its configuration, queue, log and mailbox are in a folder that goes
 * with it. Postfix begins as root and gives that up, so only root can have one.
 *
 * @module
 */

import { fromFileUrl } from "@std/path";
import { TempFolder } from "./program.ts";
import { filesIn, lacks, run } from "./smtp.ts";
import { until } from "./wire.ts";

const fixtures = fromFileUrl(new URL("../fixtures/tls/", import.meta.url));
/** Debian's user nobody, who owns the mailbox. */
const NOBODY = 65_534;

/** Whether there can be no postfix here. In CI there must be. */
export const lacksPostfix: boolean = lacks("postfix") ||
  (Deno.env.get("CI") === undefined && Deno.uid() !== 0);

/** How a postfix is to be. */
export interface PostfixOptions {
  /** Whether STARTTLS is offered, with the certificate of two.test. @default {false} */
  secure?: boolean;
  /** More lines of main.cf. */
  more?: Record<string, string>;
}

/** Takes mail for example.org into one Maildir, and sends all other mail nowhere unless it is told where. */
export class Postfix implements AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  readonly #folder: TempFolder = new TempFolder();

  private constructor(port: number) {
    this.port = port;
  }

  /** Starts one; settles when it listens. */
  static async start(options: PostfixOptions = {}): Promise<Postfix> {
    const postfix = new Postfix(freePort());
    try {
      await postfix.#configure(options);
      await postfix.#command("start");
      return postfix;
    } catch (error) {
      await postfix[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The messages in the mailbox, without what postfix wrote before them; with LF, as it keeps them. */
  async messages(): Promise<string[]> {
    const kept = await filesIn(this.#folder.at("mail", "inbox", "new")).catch(() => []);
    return kept.map((message) =>
      message.replace(/^(?:(?:Return-Path|X-Original-To|Delivered-To): .*\n)*/, "")
    )
      .map((message) => message.replace(/^Received: .*\n(?:\t.*\n)*/, ""));
  }

  /** Waits until so many messages are in the mailbox and none is on its way there. */
  async delivered(count: number): Promise<string[]> {
    await until(async () => (await this.messages()).length >= count, `${count} messages delivered`);
    await this.idle();
    return await this.messages();
  }

  /** Waits until nothing is in the queue. */
  async idle(): Promise<void> {
    await until(async () => {
      for (const queue of ["maildrop", "incoming", "active"]) {
        for await (const _ of Deno.readDir(this.#folder.at("queue", queue))) return false;
      }
      return true;
    }, "the queue empty");
  }

  /** What it has logged. */
  async log(): Promise<string> {
    return await Deno.readTextFile(this.#folder.at("log", "mail.log")).catch(() => "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const pidFile = await Deno.readTextFile(this.#folder.at("queue", "pid", "master.pid")).catch(() => "");
    const pid = pidFile.trim();
    if (pid !== "") {
      await this.#command("stop").catch(() => {});
      // What it has started is of its session, and may take a moment longer.
      await until(async () => !/[^Z\s]/m.test(await statesIn(pid)), "the end of postfix");
    }
    await this.#folder[Symbol.asyncDispose]();
  }

  async #configure({ secure = false, more = {} }: PostfixOptions): Promise<void> {
    const at = (path: string) => this.#folder.at(path);
    const main = {
      compatibility_level: "3.6",
      queue_directory: at("queue"),
      data_directory: at("data"),
      maillog_file: at("log/mail.log"),
      maillog_file_prefixes: this.#folder.path,
      inet_interfaces: "127.0.0.1",
      inet_protocols: "ipv4",
      myhostname: "postfix.example",
      mydestination: "",
      local_recipient_maps: "",
      alias_maps: "",
      smtpd_peername_lookup: "no",
      mynetworks: "",
      local_header_rewrite_clients: "",
      virtual_mailbox_domains: "example.org",
      virtual_mailbox_base: at("mail"),
      virtual_mailbox_maps: "static:inbox/",
      virtual_uid_maps: `static:${NOBODY}`,
      virtual_gid_maps: `static:${NOBODY}`,
      default_transport: "error:there is no way from here",
      // As it is by itself in the versions that could be smuggled past, and an administrator's choice in later ones.
      smtpd_forbid_bare_newline: "no",
      smtpd_forbid_unauth_pipelining: "no",
      ...secure
        ? {
          smtpd_tls_security_level: "may",
          smtpd_tls_cert_file: `${fixtures}two.crt`,
          smtpd_tls_key_file: `${fixtures}two.key`,
        }
        : {},
      ...more,
    };
    await this.#folder.write({
      "etc/main.cf": Object.entries(main).map(([name, value]) => `${name} = ${value}\n`).join(""),
      "etc/master.cf": `127.0.0.1:${this.port} inet n - n - - smtpd\n${MASTER}`,
    });
    for (const folder of ["queue", "data", "log", "mail"]) await Deno.mkdir(at(folder));
    await Deno.chmod(this.#folder.path, 0o755);
    const { output } = await run("id", ["-u", "postfix"]);
    await Deno.chown(at("data"), Number(output), null);
    await Deno.chown(at("mail"), NOBODY, NOBODY);
  }

  async #command(command: string): Promise<void> {
    const { code, output } = await run("/usr/sbin/postfix", ["-c", this.#folder.at("etc"), command]);
    if (code !== 0) throw new Error(`postfix ${command} ended with ${code}:\n${output}${await this.log()}`);
  }
}

/** The programs that postfix consists of. */
const MASTER = `cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`;

/** The states of the processes of a session, a line each; `Z` for what has ended and nobody has asked about. */
async function statesIn(session: string): Promise<string> {
  return (await run("ps", ["--sid", session, "-o", "s="])).output;
}

/** A port below those that the system gives to whoever asks for any: postfix cannot ask. */
export function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      using listener = Deno.listen({ hostname: "127.0.0.1", port });
      return (listener.addr as Deno.NetAddr).port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
