import { assertEquals, assertRejects } from "@std/assert";
import { dial, DialError } from "../../lib/transport/dial.ts";
import { TempFolder } from "../support/program.ts";
import { soon } from "../support/wire.ts";

Deno.test({
  name: "a unix socket whose queue is full is tried again until it has room, or the time is over",
  // Elsewhere a connection waits, or is refused as if nobody were there.
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = new TempFolder();
    const path = folder.at("full.sock");
    using stack = new DisposableStack();
    const listener = stack.use(Deno.listen({ transport: "unix", path }));
    let waiting = 0;
    await assertRejects(async () => {
      for (;; waiting++) stack.use(await Deno.connect({ transport: "unix", path }));
    }, Deno.errors.WouldBlock);

    const endpoint = { protocol: "", transport: "unix", path } as const;
    const { signal } = new AbortController();
    const error = await assertRejects(() => dial(endpoint, { timeoutMs: 50, signal }), DialError);
    assertEquals(error.code, "connect_timeout");
    const dialed = dial(endpoint, { timeoutMs: 60_000, signal });
    while (waiting-- > 0) stack.use(await listener.accept());
    const accepted = listener.accept();
    const transport = await soon(dialed, "room in the queue");
    transport.close();
    (await soon(accepted)).close();
  },
});
