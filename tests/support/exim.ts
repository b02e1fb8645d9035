/**
 * An Exim of one's own, for as long as a test runs. Debian lets only one mail server be installed, so Exim may stand
 * beside Postfix where `dpkg -x` has put it: `EXIM` names the program.
 *
 * @module
 */

import { freePort } from "./postfix.ts";
import { TempFolder } from "./program.ts";
import { soon, until } from "./wire.ts";

/** Where Exim is; undefined where it is not, or may not change its user. */
const program: string | undefined = [Deno.env.get("EXIM"), "/usr/sbin/exim4"]
  .find((path) => path !== undefined && isFile(path));

/** Whether there can be no Exim here. It is not wanted in CI unless `EXIM` names it. */
export const lacksExim: boolean = program === undefined || Deno.uid() !== 0;

/** Takes mail for any address, and throws it away. */
export class Exim implements AsyncDisposable {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number = freePort();
  readonly #folder: TempFolder = new TempFolder();
  #process: Deno.ChildProcess | undefined;

  /**
   * Starts one; settles when it listens.
   *
   * @param acl Lines of its access control lists: `acl_mail`, `acl_rcpt` and `acl_vrfy` are asked.
   */
  static async start(acl: string): Promise<Exim> {
    const exim = new Exim();
    try {
      await exim.#run(acl);
      return exim;
    } catch (error) {
      await exim[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process !== undefined) {
      this.#process.kill("SIGTERM");
      await this.#process.status;
    }
    await this.#folder[Symbol.asyncDispose]();
  }

  async #run(acl: string): Promise<void> {
    const at = (path: string) => this.#folder.at(path);
    await this.#folder.write({
      "exim.conf": `exim_user = nobody
exim_group = nogroup
spool_directory = ${at("spool")}
log_file_path = ${at("log")}/%slog
pid_file_path = ${at("spool")}/exim.pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${this.port}
primary_hostname = exim.example
qualify_domain = example.org
host_lookup =
rfc1413_query_timeout = 0s
smtp_enforce_sync = false
smtp_accept_max = 200
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
queue_only = true
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_vrfy = acl_vrfy
acl_smtp_data = acl_data
begin acl
acl_data:
  accept
${acl}
begin routers
all:
  driver = redirect
  data = :blackhole:
`,
    });
    for (const folder of ["spool", "log"]) {
      await Deno.mkdir(at(folder));
      await Deno.chown(at(folder), NOBODY, NOBODY);
    }
    await Deno.chmod(this.#folder.path, 0o755);
    const args = ["-C", at("exim.conf"), "-bdf"];
    const process = new Deno.Command(program!, { args, stdout: "null", stderr: "null" }).spawn();
    this.#process = process;
    const ended = process.status.then(({ code }) => {
      throw new Error(`Exim ended with ${code}`);
    });
    ended.catch(() => {});
    await soon(Promise.race([until(() => isListening(this.port), "Exim listening"), ended]));
  }
}

/** Debian's user nobody and its group. */
const NOBODY = 65_534;

async function isListening(port: number): Promise<boolean> {
  try {
    using _ = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
