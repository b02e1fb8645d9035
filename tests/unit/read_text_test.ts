import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { readText, UnreadableFileError } from "../../lib/base/read_text.ts";

const onLinux = { ignore: Deno.build.os !== "linux" };

Deno.test("readText reads a file of UTF-8 up to its bound, characters across chunks among that", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.txt");
  const text = "ü".repeat(100_000);
  await Deno.writeTextFile(path, `x${text}`);
  assertEquals(await readText(path, { maxBytes: 200_001 }), `x${text}`);
  const error = await assertRejects(() => readText(path, { maxBytes: 200_000 }), UnreadableFileError);
  assertEquals([error.code, error.message], [
    "unreadable_file",
    `Cannot read ${path}: it is longer than 195 KiB`,
  ]);
});

Deno.test("readText refuses what is no regular file, and does not wait for it", async () => {
  await using folder = await temporaryFolder();
  const error = await assertRejects(() => readText(folder.path, { maxBytes: 1 }), UnreadableFileError);
  assertEquals(error.message, `Cannot read ${folder.path}: it is a folder`);
  await assertRejects(() => readText(join(folder.path, "none"), { maxBytes: 1 }), Deno.errors.NotFound);
});

Deno.test({
  name: "readText refuses devices without an end and pipes that nobody writes to",
  ...onLinux,
  fn: async () => {
    await using folder = await temporaryFolder();
    const pipe = join(folder.path, "pipe");
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    const table: [path: string, why: string][] = [
      ["/dev/zero", "it is a device"],
      [pipe, "it is a pipe"],
    ];
    for (const [path, why] of table) {
      const error = await assertRejects(() => readText(path, { maxBytes: 10 }), UnreadableFileError);
      assertEquals(error.message, `Cannot read ${path}: ${why}`);
    }
  },
});

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}
