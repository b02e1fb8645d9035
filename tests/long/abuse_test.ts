/**
 * A sequence that some of many clients do: it costs them their connections, and the others nothing.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { ServerStatus } from "../../lib/supervisor/server_status.ts";
import { say } from "./isolation_suite.ts";
import { fromSource, Program, runProgram, TempFolder } from "../support/program.ts";
import { soon, until } from "../support/wire.ts";

const OTHERS = 10_000;
const OFFENDERS = 50;
/** How many connect at a time: fewer than any backlog holds. */
const BATCH = 100;
/** What a process wants beside a connection each; two instances of the proxy share two connections a client. */
const SPARE_DESCRIPTORS = 1000;

/** Two instances share a port on Linux alone, and what a process may open differs from system to system. */
const lacksDescriptors = Deno.build.os !== "linux" || permittedDescriptors() < OTHERS + SPARE_DESCRIPTORS;

/** What a process may raise its limit to, as Deno does when it starts. */
function permittedDescriptors(): number {
  const limit = say("sh", "-c", "ulimit -Hn");
  return limit === "unlimited" ? Infinity : Number(limit);
}

Deno.test({
  name: `three AUTH within 30 s close ${OFFENDERS} clients with a webhook each, and none of ${OTHERS} others`,
  ignore: lacksDescriptors,
  async fn() {
    const abuses: { connection: { remote: string } }[] = [];
    await using webhook = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      async (request) => {
        abuses.push(await request.json());
        return new Response();
      },
    );
    await using folder = new TempFolder();
    await folder.write({ "protohost.yaml": configuration(folder.at("back.sock"), webhook.addr.port) });
    await using program = new Program(fromSource, ["serve"], folder.path);
    const [, port] = await program.until(/text:\/\/127\.0\.0\.1:(\d+)/);
    await using stack = new AsyncDisposableStack();
    const open = async () => new Client(await Deno.connect({ port: Number(port) }));

    const others: Client[] = [];
    while (others.length < OTHERS) {
      const batch = await soon(Promise.all(Array.from({ length: BATCH }, open)), "connections");
      others.push(...batch.map((other) => stack.use(other)));
    }
    await everyone(others, (other, index) => other.echo(index % 2 === 0 ? "AUTH 1\nAUTH 2\n" : "AUTH 1\n"));
    const [addresses] = await Promise.all([
      Promise.all(Array.from({ length: OFFENDERS }, () => offend(open()))),
      everyone(others, (other, index) => other.echo(`${index} during\n`)),
    ]);
    await everyone(others, (other, index) => other.echo(`${index} after\n`));

    await until(async () => await openAt("guard", folder.path) === OTHERS, "the others' connections alone");
    await until(() => abuses.length >= OFFENDERS, "a webhook for each offender");
    await stack.disposeAsync();
    program.signal("SIGTERM");
    assertEquals(await program.ended(), 0);
    // What waited in a queue would have come by now.
    assertEquals(abuses.map(({ connection }) => connection.remote).sort(), addresses.sort());
  },
});

/** A proxy before an echo, each with processes of its own. */
function configuration(socket: string, webhookPort: number): string {
  return `
defaults: { isolation: process }
services:
  back:
    listen: echo+unix://${socket}
  guard:
    listen: text://127.0.0.1:0
    upstream: unix://${socket}
    instances: 2
    hooks:
      - sequence: [AUTH, AUTH, AUTH]
        within: 30s
        then: [{ webhook: "http://127.0.0.1:${webhookPort}/abuse" }, close]
`;
}

/** How many connections a service holds, as the server tells it. */
async function openAt(service: string, folder: string): Promise<number | undefined> {
  const { stdout } = await runProgram(fromSource, ["status", "--json"], folder);
  const { services } = JSON.parse(stdout) as ServerStatus;
  return services.find(({ name }) => name === service)?.stats.open;
}

/** All do it at once. */
async function everyone(
  clients: Client[],
  act: (client: Client, index: number) => Promise<void>,
): Promise<void> {
  await soon(Promise.all(clients.map(act)), "an answer to everyone");
}

/** Does what the rule is about; answers who it was, once the connection has ended. */
async function offend(opening: Promise<Client>): Promise<string> {
  using client = await opening;
  await client.write("AUTH 1\nAUTH 2\nAUTH 3\n");
  const answered = await soon(client.rest(), "the end of an offender's connection");
  assertEquals(answered.includes("AUTH 3"), false, answered);
  return client.address;
}

/** A connection that takes little memory. */
class Client implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #room = new Uint8Array(64);

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Of its own end. */
  get address(): string {
    const { hostname, port } = this.#conn.localAddr as Deno.NetAddr;
    return `${hostname}:${port}`;
  }

  async write(text: string): Promise<void> {
    await this.#conn.write(new TextEncoder().encode(text));
  }

  /** Writes, and reads the same. */
  async echo(text: string): Promise<void> {
    await this.write(text);
    let answered = "";
    while (answered.length < text.length) {
      const more = await this.#read();
      if (more === "") break;
      answered += more;
    }
    assertEquals(answered, text);
  }

  /** Reads to the end. */
  async rest(): Promise<string> {
    let rest = "";
    for (let more; (more = await this.#read()) !== "";) rest += more;
    return rest;
  }

  async #read(): Promise<string> {
    const count = await this.#conn.read(this.#room);
    return new TextDecoder().decode(this.#room.subarray(0, count ?? 0));
  }

  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
