import { assertEquals } from "@std/assert";
import { CodeFiles } from "../../lib/supervisor/code_files.ts";
import { digestFile, digestOnce } from "../../lib/supervisor/file_digest.ts";
import type { FileDigest } from "../../lib/supervisor/file_digest.ts";
import { TempFolder } from "../support/program.ts";

const LOADED_MS = 1_000_000;

/** Files by path: what they contain, and how long before the load they were changed. */
type Files = Record<string, [hash: string, beforeMs?: number]>;

function digestOf(files: Files): (path: string) => Promise<FileDigest> {
  return (path) => {
    const file = files[path];
    if (file === undefined) return Promise.resolve({ bytes: 0, changedMs: -Infinity });
    const [hash, beforeMs = 1_000] = file;
    return Promise.resolve({ hash, bytes: 1, changedMs: LOADED_MS - beforeMs });
  };
}

Deno.test("code is unchanged when all of its files surely contain what was loaded", async () => {
  const loaded: Files = { "/a.ts": ["a"], "/lib/b.ts": ["b"] };
  const cases: [string, Files, Files, boolean][] = [
    ["nothing has changed", loaded, loaded, true],
    ["written again, the same", loaded, { ...loaded, "/a.ts": ["a", -9_000] }, true],
    ["an import has changed", loaded, { ...loaded, "/lib/b.ts": ["c"] }, false],
    ["an import is gone", loaded, { "/a.ts": ["a"] }, false],
    ["a file has come", { "/a.ts": ["a"] }, loaded, false],
    ["a file is not there now either", { "/a.ts": ["a"] }, { "/a.ts": ["a"] }, true],
    ["changed while it was loaded", { ...loaded, "/a.ts": ["a", -1] }, loaded, false],
    ["changed in the tick before", { ...loaded, "/a.ts": ["a", 5] }, loaded, false],
  ];
  for (const [name, before, now, wanted] of cases) {
    const code = new CodeFiles(LOADED_MS, { digest: digestOf(before) });
    code.add(["file:///a.ts", "file:///lib/b.ts"]);
    code.complete();
    assertEquals(await code.isUnchanged(digestOf(now)), wanted, name);
  }
});

Deno.test("code that is not known in full has changed", async () => {
  const digest = digestOf({ "/a.ts": ["a"], "/x/b.ts": ["b"] });
  const cases: [string, (code: CodeFiles) => void, boolean][] = [
    ["known", (code) => code.complete(), true],
    ["not loaded", () => {}, false],
    ["a file that it may not read", (code) => (code.complete(), code.add(["file:///x/b.ts"])), false],
    ["no file", (code) => (code.complete(), code.add(["https://example.org/b.ts"])), false],
    ["too many files", (code) => {
      code.complete();
      code.add(Array.from({ length: 5_001 }, (_, index) => `file:///${index}.ts`));
    }, false],
  ];
  for (const [name, act, wanted] of cases) {
    const code = new CodeFiles(LOADED_MS, { digest, mayRead: (path) => !path.startsWith("/x/") });
    code.add(["file:///a.ts"]);
    act(code);
    assertEquals(await code.isUnchanged(digest), wanted, name);
  }
});

Deno.test("a file is read no further than a service's code can be", async () => {
  let read = 0;
  const digest = () => Promise.resolve({ hash: String(++read), bytes: 100 * 1024 ** 2, changedMs: 0 });
  const code = new CodeFiles(LOADED_MS, { digest });
  code.add(Array.from({ length: 10 }, (_, index) => `file:///${index}.ts`));
  code.complete();
  assertEquals(await code.isUnchanged(digest), false);
  assertEquals(read < 10, true);
});

Deno.test("a digest is that of the contents, through links, and none where nothing can be read", async () => {
  await using folder = new TempFolder();
  await folder.write({ "a.ts": "1", "b.ts": "2", "same.ts": "1" });
  await Deno.symlink(folder.at("a.ts"), folder.at("link.ts"));
  const hash = async (name: string) => (await digestFile(folder.at(name))).hash;
  assertEquals(await hash("a.ts"), await hash("same.ts"));
  assertEquals(await hash("a.ts"), await hash("link.ts"));
  assertEquals(await hash("a.ts") === await hash("b.ts"), false);
  for (const name of ["", "gone.ts"]) assertEquals(await hash(name), undefined);
  assertEquals((await digestFile("/dev/zero")).hash, undefined);
});

Deno.test("each file is read once for one reload", async () => {
  let read = 0;
  const digest = digestOnce(() => Promise.resolve({ hash: String(++read), bytes: 1, changedMs: 0 }));
  assertEquals([(await digest("/a")).hash, (await digest("/a")).hash, (await digest("/b")).hash], [
    "1",
    "1",
    "2",
  ]);
});
