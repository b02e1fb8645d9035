import { assertEquals } from "@std/assert";
import { compileProgram } from "../../scripts/compile_program.ts";

Deno.test({
  name: "an executable that is compiled has no package of the tests inside",
  // Elsewhere Deno may not be able to download the runtime for it.
  ignore: Deno.env.get("DENORT_BIN") === undefined && Deno.env.get("CI") !== "true",
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await compileProgram(`${folder}/protohost`);
      const bytes = new TextDecoder("latin1").decode(await Deno.readFile(`${folder}/protohost`));
      const inside = ["zod", "p-queue", "ioredis", "nodemailer", "marked", "github-slugger"]
        .filter((name) => new RegExp(`/${name}/\\d+\\.\\d+\\.\\d+/`).test(bytes));
      assertEquals(inside, ["zod", "p-queue"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
