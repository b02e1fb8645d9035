/**
 * Restarts while clients are at work, against a server in a process of its own.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { controlRequest } from "../../lib/control/control_client.ts";
import { fromSource, Program, TempFolder } from "../support/program.ts";
import { Wire } from "../support/wire.ts";

const windows = Deno.build.os === "windows";

const configuration = `
log: { format: json }
control: ./control.sock
defaults: { limits: { drainTimeout: 3s } }
services:
  steady: { listen: "text://127.0.0.1:0", handler: ./steady.ts }
  edited: { listen: "text://127.0.0.1:0", handler: ./edited.ts }
`;

function handler(answer: string): string {
  return `import { defineService } from "@protohost/protohost";
export default defineService<string>({
  onMessage: (connection, line) => void connection.send(\`${answer} \${line}\`),
});
`;
}

interface Served {
  program: Program;
  folder: TempFolder;
  control: string;
  steady: number;
  edited: number;
}

async function serve(stack: AsyncDisposableStack): Promise<Served> {
  const folder = stack.use(new TempFolder());
  await folder.write({
    "protohost.yaml": configuration,
    "steady.ts": handler("steady"),
    "edited.ts": handler("0"),
  });
  const program = stack.use(new Program(fromSource, ["serve"], folder.path));
  const [, steady] = await program.until(/steady +text:\/\/127\.0\.0\.1:(\d+)/);
  const [, edited] = await program.until(/edited +text:\/\/127\.0\.0\.1:(\d+)/);
  return {
    program,
    folder,
    control: folder.at("control.sock"),
    steady: Number(steady),
    edited: Number(edited),
  };
}

async function askOnce(port: number, line: string): Promise<string> {
  using wire = await Wire.open(port);
  await wire.write(`${line}\n`);
  return await wire.line();
}

Deno.test("twenty restarts of one service: another loses nothing, new code answers, held connections go on", {
  ignore: windows,
}, async () => {
  await using stack = new AsyncDisposableStack();
  const { folder, control, steady, edited } = await serve(stack);
  let asking = true;
  async function keepAsking(): Promise<number> {
    using wire = await Wire.open(steady);
    let count = 0;
    for (; asking; count++) {
      await wire.write(`${count}\n`);
      assertEquals(await wire.line(), `steady ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return count;
  }
  const asked = keepAsking();
  try {
    for (let restart = 1; restart <= 20; restart++) {
      using held = await Wire.open(edited);
      await held.write("before\n");
      assertEquals(await held.line(), `${restart - 1} before`);
      await folder.write({ "edited.ts": handler(`${restart}`) });
      await controlRequest(control, { command: "restart", service: "edited" });
      assertEquals(await askOnce(edited, "after"), `${restart} after`);
      await held.write("after\n");
      assertEquals(await held.line(), `${restart - 1} after`);
    }
  } finally {
    asking = false;
  }
  assertGreater(await asked, 20);
});

Deno.test("a connection held over a restart ends at drainTimeout", { ignore: windows }, async () => {
  await using stack = new AsyncDisposableStack();
  const { control, edited } = await serve(stack);
  using held = await Wire.open(edited);
  await held.write("x\n");
  assertEquals(await held.line(), "0 x");
  const started = performance.now();
  await controlRequest(control, { command: "restart", service: "edited" });
  assertEquals(await held.rest(), "");
  assertGreater(performance.now() - started, 2900);
});

/** Whether the kernel moves waiting connections to another listener of the port when one closes. */
function migrates(): boolean {
  try {
    return new TextDecoder().decode(
      new Deno.Command("sysctl", { args: ["-n", "net.ipv4.tcp_migrate_req"] }).outputSync().stdout,
    ).trim() === "1";
  } catch {
    return false;
  }
}

Deno.test("a connect storm over forty restarts", { ignore: Deno.build.os !== "linux" }, async () => {
  await using stack = new AsyncDisposableStack();
  const { control, edited } = await serve(stack);
  const clients = 4;
  const restarts = 40;
  let storming = true;
  const failures: string[] = [];
  async function storm(): Promise<number> {
    let answered = 0;
    while (storming) {
      try {
        assertEquals(await askOnce(edited, "x"), "0 x");
        answered++;
      } catch (error) {
        failures.push(String(error));
      }
    }
    return answered;
  }
  const storms = Array.from({ length: clients }, storm);
  for (let restart = 0; restart < restarts; restart++) {
    await controlRequest(control, { command: "restart", service: "edited" });
  }
  storming = false;
  const answered = await Promise.all(storms);
  assert(answered.every((count) => count > restarts), `${answered}`);
  assertLessOrEqual(failures.length, migrates() ? 0 : clients * restarts, failures.join("\n"));
});
