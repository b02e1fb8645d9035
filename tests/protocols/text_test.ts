import { assertEquals, assertThrows } from "@std/assert";
import {
  BadFrameError,
  bytes,
  connect,
  type Connection,
  type Conversation,
  listen,
  type Peer,
} from "@protohost/protohost";
import text, { textProtocol } from "../../protocols/text.ts";
import { Wire } from "../support/wire.ts";

const peer = {} as Peer;

Deno.test("text takes off the line end when it is \\n or \\r\\n", () => {
  assertEquals(text.decode(bytes("hello\n"), peer), "hello");
  assertEquals(text.decode(bytes("hello\r\n"), peer), "hello");
  assertEquals(text.decode(bytes("\r\n"), peer), "");
});

Deno.test("text refuses to encode when the message has a line break before its end", () => {
  assertThrows(() => text.encode("a\nQUIT", peer), BadFrameError, "Cannot wrap the payload in a frame");
  assertEquals(text.encode("a", peer), "a\n");
  assertEquals(text.encode("HELO\n", peer), "HELO\n");
});

Deno.test("textProtocol ends lines as it is told, and refuses another end", () => {
  assertEquals(textProtocol({ ending: "\r\n" }).encode("a", peer), "a\r\n");
  assertThrows(() => textProtocol({ ending: "\r" as "\n" }), TypeError, 'found "\\r" as ending');
});

Deno.test("text ends lines as the service's options say, and still calls onConnect", async () => {
  const connected: string[] = [];
  await using server = await listen("text://127.0.0.1:0", {
    options: { ending: "\r\n" },
    onConnect(connection: Connection<string>) {
      connected.push(connection.id);
      connection.send("welcome");
    },
    onMessage: (connection: Connection<string>, message: string) => void connection.send(message),
  });
  using wire = await Wire.open(server.port);
  await wire.write("a\nb\r\nc\r\r\n");
  assertEquals(await wire.text(19), "welcome\r\na\r\nb\r\nc\r\r\n");
  assertEquals(connected, ["1"]);
});

Deno.test("a script of text may end its lines itself, and hears any line that it is sent", async () => {
  await using server = await listen("text://127.0.0.1:0", {
    async transmission(socket: Conversation<string>) {
      for await (const line of socket) socket.ping(line);
    },
  });
  await using client = await connect<string>(`text://127.0.0.1:${server.port}`);
  assertEquals(await client.pingPong("HELO\n"), "HELO");
  assertEquals(await client.pingPong("\r"), "\r");
  assertEquals(await client.pingPong("last\r\r\n"), "last\r");
});

Deno.test("text makes a message of the last line when its end is missing", () => {
  assertEquals(text.end?.(bytes("bye"), peer), "bye");
});

Deno.test("text names a message by its first word", () => {
  const name = (message: string) => text.command?.(message, peer);
  assertEquals([name("HELO there"), name("  x"), name("")], ["HELO", "x", ""]);
});
