import { assertEquals } from "@std/assert";
import type { AnyProtocol } from "../../lib/contract/protocol.ts";
import type { ServiceContext } from "../../lib/contract/handler.ts";
import { warnOfMistakes } from "../../lib/service/load_service.ts";
import echo from "../../protocols/echo.ts";
import smtp from "../../protocols/smtp/mod.ts";
import text from "../../protocols/text.ts";

function warnings(definition: object, protocols: AnyProtocol[] = [text], known?: string[]): string[] {
  const told: string[] = [];
  const log = { warn: (_: string, { warning }: { warning: string }) => told.push(warning) };
  warnOfMistakes(definition, protocols, { log: log as unknown as ServiceContext["log"], known });
  return told;
}

Deno.test("keys that look like callbacks and are none are warned of", () => {
  const none = "is never called: there is no such callback";
  assertEquals(warnings({ onMessage() {}, onMesage() {}, listen: "", once() {} }), [
    `The handler's onMesage ${none}; did you mean onMessage?`,
  ]);
  assertEquals(warnings({ onmessage() {} }), [`The handler's onmessage ${none}; did you mean onMessage?`]);
  assertEquals(warnings({ onXyzzyPlugh() {} }), [`The handler's onXyzzyPlugh ${none}`]);
});

Deno.test("keys that a protocol's own service or the caller knows are not warned of", () => {
  const own: AnyProtocol = { ...echo, callbacks: undefined };
  assertEquals(warnings({ onMail() {} }, [own]), []);
  assertEquals(warnings({ onMail() {} }, [text, own]), []);
  const named: AnyProtocol = { ...echo, callbacks: ["onMail"] };
  assertEquals(warnings({ onMail() {} }, [text, named]), []);
  assertEquals(warnings({ onMial() {} }, [text, named]), [
    "The handler's onMial is never called: there is no such callback; did you mean onMail?",
  ]);
  assertEquals(warnings({ onRctp() {}, onData() {} }, [smtp]), [
    "The handler's onRctp is never called: there is no such callback; did you mean onRcpt?",
  ]);
  assertEquals(warnings({ onBadFrame: "close" }, [text], ["onBadFrame"]), []);
});
