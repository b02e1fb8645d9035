import { assertEquals, assertStrictEquals } from "@std/assert";
import { bytes, type Connection } from "@protohost/protohost";
import echo from "../../protocols/echo.ts";

Deno.test("echo sends each message back when there is no handler", () => {
  const sent: unknown[] = [];
  const connection = { send: (message: unknown) => sent.push(message) } as unknown as Connection<Uint8Array>;
  echo.service?.(undefined, {}).onMessage?.(connection, bytes("hello"));
  assertEquals(sent, [bytes("hello")]);
});

Deno.test("echo keeps the handler's other callbacks when it only lacks onMessage", () => {
  const onConnect = () => {};
  const handler = echo.service?.({ onConnect }, {});
  assertStrictEquals(handler?.onConnect, onConnect);
  assertEquals(typeof handler?.onMessage, "function");
});

Deno.test("echo leaves the answer to the handler when it has one", () => {
  for (const user of [{ onMessage() {} }, { transmission() {} }]) {
    assertStrictEquals(echo.service?.(user, {}), user);
  }
});
