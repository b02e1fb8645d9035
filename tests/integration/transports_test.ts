/**
 * tcp, tls, unix and udp, from both ends.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type Client, connect, type Connection, listen, type TlsSpec } from "@protohost/protohost";
import { soon, until, Wire } from "../support/wire.ts";

const folder = new URL("../fixtures/tls/", import.meta.url).pathname;

function files(name: string): { cert: string; key: string } {
  return { cert: `${folder}${name}.crt`, key: `${folder}${name}.key` };
}

function pem(name: string): string {
  return Deno.readTextFileSync(`${folder}${name}`);
}

function shout(connection: Connection<string>, line: string): void {
  connection.send(`${connection.transport} ${line.toUpperCase()}`);
}

async function ask(client: Client<string>, line: string): Promise<string> {
  return await soon(client.pingPong(line));
}

Deno.test("tls serves one certificate and a client verifies it", async () => {
  const tls = files("one");
  await using server = await listen("text+tls://127.0.0.1:0", { tls, onMessage: shout });
  const address = `text+tls://localhost:${server.port}`;
  await using client = await connect<string>(address, { tls: { caCerts: [pem("one.crt")] } });
  assertEquals(await ask(client, "a"), "tls A");
  const big = "x".repeat(500_000);
  assertEquals(await ask(client, big), `tls ${big.toUpperCase()}`);
  const error = await assertRejects(() => connect(address, { tls: { caCerts: [pem("two.crt")] } }));
  assertMatch(String(error), /Cannot connect to text\+tls:\/\/localhost.*certificate/);
});

Deno.test("tls chooses among several certificates by the name that the client asks for", async () => {
  const tls: TlsSpec = {
    certificates: [{ ...files("one"), names: ["one.test"] }, {
      ...files("two"),
      names: ["*.example", "two.test"],
    }],
    clientCertificate: "none",
  };
  await using server = await listen("text+tls://127.0.0.1:0", { tls, onMessage: shout });
  const address = `text+tls://127.0.0.1:${server.port}`;
  for (const [name, certificate] of [["one.test", "one"], ["two.test", "two"]]) {
    await using client = await connect<string>(address, {
      tls: { serverName: name, caCerts: [pem(`${certificate}.crt`)] },
    });
    assertEquals(await ask(client, name), `tls ${name.toUpperCase()}`);
  }
  await assertRejects(() => connect(address, { tls: { serverName: "two.test", caCerts: [pem("one.crt")] } }));
});

Deno.test("tls takes required client certificates and refuses others", async () => {
  const tls: TlsSpec = {
    certificates: [files("one")],
    clientCa: [`${folder}client.crt`],
    clientCertificate: "required",
  };
  await using server = await listen("text+tls://127.0.0.1:0", { tls, onMessage: shout });
  const address = `text+tls://localhost:${server.port}`;
  const caCerts = [pem("one.crt")];
  await using client = await connect<string>(address, {
    tls: { caCerts, cert: pem("client.crt"), key: pem("client.key") },
  });
  assertEquals(await ask(client, "a"), "tls A");
  for (const shown of [{}, { cert: pem("two.crt"), key: pem("two.key") }]) {
    await assertRejects(async () => {
      await using refused = await connect<string>(address, { tls: { caCerts, ...shown } });
      await ask(refused, "a");
    });
  }
  await until(() => server.stats.errors.tls_handshake === 2);
});

Deno.test("a tls handshake that does not come is over at tlsHandshakeTimeout and holds up nobody", async () => {
  for (const certificates of [[files("one")], [files("one"), files("two")]]) {
    await using server = await listen("text+tls://127.0.0.1:0", {
      tls: { certificates, clientCertificate: "none" },
      limits: { tlsHandshakeTimeout: "300ms" },
      onMessage: shout,
    });
    using silent = await Wire.open(server.port);
    await using client = await connect<string>(`text+tls://localhost:${server.port}`, {
      tls: { caCerts: [pem("one.crt")] },
    });
    assertEquals(await ask(client, "a"), "tls A");
    await soon(silent.rest().catch(() => ""));
    await until(() => server.stats.errors.tls_handshake_timeout === 1);
    using garbage = await Wire.open(server.port);
    await garbage.write("this is no handshake\n");
    await soon(garbage.rest().catch(() => ""));
    await until(() => server.stats.errors.tls_handshake === 1);
    assertEquals(await ask(client, "b"), "tls B");
  }
});

Deno.test("a client that goes in the middle of a handshake is noticed at once", async () => {
  await using server = await listen("text+tls://127.0.0.1:0", {
    tls: { certificates: [files("one")], clientCertificate: "none" },
  });
  await assertRejects(() => connect(`text+tls://localhost:${server.port}`));
  await until(() => server.stats.errors.tls_handshake === 1);
  assertEquals(server.stats.open, 0);
});

Deno.test("a key of another certificate, and files that are neither, are clear errors", async () => {
  const table: [string, string, RegExp][] = [
    ["one.crt", "two.key", /Cannot use the key .*two\.key: it does not match the certificate .*one\.crt/],
    ["one.key", "one.key", /Cannot use .*one\.key: it contains no certificate in PEM/],
    ["one.crt", "one.crt", /Cannot use .*one\.crt: it contains no private key in PEM/],
  ];
  for (const [cert, key, message] of table) {
    const certificates = [{ cert: folder + cert, key: folder + key }];
    const error = await assertRejects(() =>
      listen("text+tls://127.0.0.1:0", { tls: { certificates, clientCertificate: "none" } })
    );
    assertMatch(String(error), message);
  }
});

Deno.test("a unix socket serves, has its mode from the first moment, and goes with its server", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/chat.sock`;
  const server = await listen(`text+unix://${path}`, { mode: 0o600, onMessage: shout });
  assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
  {
    await using client = await connect<string>(`text+unix://${path}`);
    assertEquals(await ask(client, "a"), "unix A");
    assertEquals(server.connections()[0].local, `unix:${path}`);
  }
  const taken = await assertRejects(() => listen(`text+unix://${path}`));
  assertMatch(String(taken), /another server listens there/);
  await server.close({ immediate: true });
  assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
});

Deno.test("a unix socket that a dead server left is replaced, another file is not", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/chat.sock`;
  const script = `Deno.listen({ transport: "unix", path: ${
    JSON.stringify(path)
  } }); Deno.kill(Deno.pid, "SIGKILL");`;
  await new Deno.Command(Deno.execPath(), { args: ["eval", script], stderr: "null" }).output();
  assert((await Deno.stat(path)).isSocket);
  await using server = await listen(`text+unix://${path}`, { onMessage: shout });
  assertEquals(server.addresses, [`text+unix://${path}`]);
  await Deno.writeTextFile(`${dir}/file`, "precious");
  const refused = await assertRejects(() => listen(`text+unix://${dir}/file`));
  assertMatch(String(refused), /exists and is not a socket/);
  assertEquals(await Deno.readTextFile(`${dir}/file`), "precious");
});

Deno.test("a unix socket is bound in a new folder only, whatever another user has put in its place", async () => {
  const dir = await Deno.makeTempDir();
  const planted = `${dir}/.chat.sock.new`;
  const elsewhere = `${dir}/elsewhere`;
  await Deno.mkdir(elsewhere);
  await Deno.writeTextFile(`${elsewhere}/s`, "precious");
  await Deno.symlink(elsewhere, planted);
  {
    await using server = await listen(`text+unix://${dir}/chat.sock`, { onMessage: shout });
    await using client = await connect<string>(server.addresses[0]);
    assertEquals(await ask(client, "a"), "unix A");
  }
  assertEquals(await Deno.readTextFile(`${elsewhere}/s`), "precious");
  // An own socket in an own folder, ready to be put in place of the server's.
  await Deno.mkdir(planted, { mode: 0o777 });
  await Deno.writeTextFile(`${planted}/mine`, "");
  const refused = await assertRejects(() => listen(`text+unix://${dir}/chat.sock`));
  assertMatch(
    String(refused),
    /\.chat\.sock\.new is in the way and cannot be removed: remove it, or use another path/,
  );
  await Deno.remove(`${planted}/mine`);
  await Deno.writeTextFile(`${planted}/s`, "left by a server that was killed");
  await using server = await listen(`text+unix://${dir}/chat.sock`, { onMessage: shout });
  await using client = await connect<string>(server.addresses[0]);
  assertEquals(await ask(client, "a"), "unix A");
  assertEquals((await Array.fromAsync(Deno.readDir(dir), ({ name }) => name)).sort(), [
    "chat.sock",
    "elsewhere",
  ]);
});

Deno.test("an address in use is an error that names it", async () => {
  await using server = await listen("text://127.0.0.1:0");
  const error = await assertRejects(() => listen(server.addresses[0]));
  assertMatch(String(error), new RegExp(`Cannot listen at ${server.addresses[0]}`));
  assertEquals((error as { code?: string }).code, "listen_failed");
});

Deno.test("several addresses are all served, or none is bound", async () => {
  await using server = await listen(["text://127.0.0.1:0", "text://[::1]:0"], { onMessage: shout });
  for (const address of server.addresses) {
    await using client = await connect<string>(address);
    assertEquals(await ask(client, "a"), "tcp A");
  }
  const [taken] = server.addresses;
  const free = `text://127.0.0.1:${freePort()}`;
  await assertRejects(() => listen([free, taken]));
  await using second = await listen(free);
  assertEquals(second.addresses, [free]);
});

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
