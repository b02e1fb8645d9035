import { assertEquals, assertRejects } from "@std/assert";
import { ProtocolError, resolveProtocol } from "../../lib/modules/find_protocol.ts";

Deno.test("a protocol that is not found is told with where it was looked for, and with what was meant", async () => {
  const bundled = "the bundled ones (echo, frame, jsonnl, raw, resp, smtp, text)";
  const table: [name: string, hint: string][] = [
    ["txet", '; did you mean "text"?'],
    ["zebra", ""],
    ["http", "; raw:// relays its bytes as they are"],
    ["WS", "; raw:// relays its bytes as they are"],
    ["ssl", "; for TLS write PROTOCOL+tls://, as in text+tls://"],
    ["https", "; for TLS write PROTOCOL+tls://, as in text+tls://"],
    ["smtps", "; for TLS write PROTOCOL+tls://, as in text+tls://"],
  ];
  for (const [name, hint] of table) {
    const error = await assertRejects(() => resolveProtocol(name), ProtocolError);
    assertEquals(error.message, `Cannot find the protocol "${name}" in ${bundled}${hint}`);
    assertEquals(error.code, "unknown_protocol");
  }
});
