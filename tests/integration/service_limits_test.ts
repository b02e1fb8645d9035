import { assertEquals } from "@std/assert";
import { parseEndpoint } from "../../lib/contract/endpoint.ts";
import { resolveLimits } from "../../lib/contract/limits.ts";
import { canSharePorts } from "../../lib/transport/listener.ts";
import { supervise, type Supervised } from "./supervised.ts";
import { soon, until, Wire } from "../support/wire.ts";

const ISOLATIONS = ["worker", "process", "connection"] as const;

/** Each of three instances has a third of it, and all connections may come to one. */
const POOL = { size: 18, spare: 1, waitMs: 20_000 };

function portOf(server: Supervised): number {
  return (parseEndpoint(server.address("a")) as { port: number }).port;
}

/** A client that has asked; its answer is awaited later. */
async function ask(port: number): Promise<{ wire: Wire; answered: Promise<string | undefined> }> {
  const wire = await Wire.open(port);
  await wire.write("x\n").catch(() => {});
  const answered = wire.line().catch(() => undefined);
  answered.then((answer) => answer ?? wire.conn.close());
  return { wire, answered };
}

function pending(promise: Promise<unknown>): Promise<boolean> {
  const wait = new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 200));
  return Promise.race([promise.then(() => false), wait]);
}

/** So many clients, one after the other, each of which gets its answer. */
async function served(port: number, count: number): Promise<Awaited<ReturnType<typeof ask>>[]> {
  const clients = [];
  for (let index = 0; index < count; index++) {
    const client = await ask(port);
    assertEquals(await soon(client.answered, `the answer to client ${index}`), "X");
    clients.push(client);
  }
  return clients;
}

for (const isolation of ISOLATIONS) {
  const ignore = !canSharePorts;

  Deno.test({
    name:
      `instances together serve maxConnections, exactly, and a restart does not change that (${isolation})`,
    ignore,
    async fn() {
      await using server = await supervise({
        a: {
          handler: "shout",
          instances: 3,
          pool: POOL,
          limits: resolveLimits({ maxConnections: 5, lingerTimeout: 50, drainTimeout: "20s" }),
        },
      }, { isolation });
      const port = portOf(server);
      const clients = await served(port, 5);
      const sixth = await ask(port);
      assertEquals(await pending(sixth.answered), true);
      // Those of the generation before count as well.
      await server.supervisor.restart("a");
      const late = await ask(port);
      assertEquals(await pending(late.answered), true);
      // The sixth waited in the old generation, or waits in the new one.
      clients[0].wire.conn.close();
      clients[1].wire.conn.close();
      await soon(late.answered);
      assertEquals(await late.answered, "X");
      for (const { wire } of clients.slice(2)) wire.conn.close();
      late.wire.conn.close();
      if (await pending(sixth.answered)) sixth.wire.conn.close();
      await until(async () => {
        await server.supervisor.refresh();
        return server.status("a").stats.open === 0;
      });
    },
  });

  Deno.test({
    name:
      `an address has maxConnectionsPerAddress with all instances and generations together (${isolation})`,
    ignore,
    async fn() {
      await using server = await supervise({
        a: {
          handler: "shout",
          instances: 3,
          pool: POOL,
          limits: resolveLimits({ maxConnectionsPerAddress: 4, lingerTimeout: 50, drainTimeout: "20s" }),
        },
      }, { isolation });
      const port = portOf(server);
      const clients = await served(port, 4);
      assertEquals(await soon((await ask(port)).answered), undefined);
      // Those of the generation before count as well.
      await server.supervisor.restart("a");
      for (let index = 0; index < 3; index++) {
        assertEquals(await soon((await ask(port)).answered), undefined);
      }
      for (const { wire } of clients) wire.conn.close();
      // Their room is free as soon as they are gone.
      let answer: string | undefined;
      await until(async () => {
        const client = await ask(port);
        answer = await client.answered;
        if (answer !== undefined) client.wire.conn.close();
        return answer !== undefined;
      });
      assertEquals(answer, "X");
    },
  });
}
