import { assertEquals, assertRejects } from "@std/assert";
import { connect, serve, StartError } from "@protohost/protohost";
import { ConfigError } from "../../lib/config/mod.ts";
import { LogWatch } from "./supervised.ts";

Deno.test("serve runs a configuration made in code, in workers, until it is stopped", async () => {
  using _log = new LogWatch();
  const server = await serve({
    services: { loud: { listen: "text://127.0.0.1:0", handler: "./shout.ts", options: { a: 1 } } },
  }, { base: new URL("../fixtures/services/", import.meta.url) });
  const { addresses: [address], state } = server.status().services[0];
  assertEquals(state, "running");
  {
    await using client = await connect<string>(address);
    assertEquals(await client.pingPong("hello"), "HELLO");
  }
  await server.stop();
  assertEquals(server.status().state, "stopped");
});

Deno.test("serve runs services whose names every object has, each with a log and counters of its own", async () => {
  using log = new LogWatch();
  const names = ["constructor", "toString", "hasOwnProperty", "valueOf"];
  const listen = "text://127.0.0.1:0";
  const server = await serve({
    services: Object.fromEntries(names.map((name) => [name, { listen, handler: "./shout.ts" }])),
  }, { base: new URL("../fixtures/services/", import.meta.url) });
  for (const { name, addresses: [address] } of server.status().services) {
    await using client = await connect<string>(address);
    assertEquals(await client.pingPong(name), name.toUpperCase());
    const heard = log.records.find(({ category, message }) =>
      category[1] === name && message.join("") === `Generation 1 serving ${address}`
    );
    assertEquals(heard?.category, ["protohost", name]);
  }
  await server.restart("constructor");
  assertEquals(server.status().services.map(({ name, generation }) => [name, generation]), [
    ["constructor", 2],
    ...names.slice(1).map((name) => [name, 1] as [string, number]),
  ]);
  await server.stop();
});

Deno.test("serve names log.file when that cannot be written", async () => {
  const config = { log: { file: "no/such/a.log" }, services: { e: { listen: "echo://127.0.0.1:0" } } };
  await assertRejects(() => serve(config, { base: Deno.cwd() }), StartError, "log.file: Cannot write to");
});

Deno.test("serve runs a file, and refuses one that is wrong", async () => {
  using _log = new LogWatch();
  const folder = await Deno.makeTempDir();
  const file = `${folder}/protohost.yaml`;
  await Deno.writeTextFile(file, `control: false\nservices:\n  e: { listen: "echo://127.0.0.1:0" }\n`);
  const server = await serve(file);
  assertEquals(server.status().config, file);
  await server.stop();
  await Deno.writeTextFile(file, `services:\n  e: { listne: "echo://127.0.0.1:0" }\n`);
  await assertRejects(() => serve(file), ConfigError, "listne");
  await Deno.writeTextFile(file, `control: false\nservices:\n  e: { listen: "ecko://127.0.0.1:0" }\n`);
  await assertRejects(() => serve(file), StartError, `did you mean "echo"?`);
  await Deno.remove(folder, { recursive: true });
});
