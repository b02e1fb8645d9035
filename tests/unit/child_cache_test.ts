import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { lockFileIn, makeChildCache, removeChildCache } from "../../lib/isolation/child_cache.ts";

// Windows takes no links without a privilege: a child shares the cache there.
const ignore = Deno.build.os === "windows";
const config = new URL("../../deno.json", import.meta.url).pathname;

Deno.test({
  name: "a child's cache links to packages, and has files and a lock file of its own",
  ignore,
  fn() {
    const source = Deno.makeTempDirSync();
    Deno.mkdirSync(join(source, "npm"));
    Deno.writeTextFileSync(join(source, "dep_analysis_cache_v2"), "known");
    Deno.writeFileSync(join(source, "node_analysis_cache_v2"), new Uint8Array(65 * 1024 ** 2));
    const folder = makeChildCache("copied", config, { source })!;
    try {
      assert(Deno.lstatSync(join(folder, "npm")).isSymlink);
      assertEquals(Deno.readTextFileSync(join(folder, "dep_analysis_cache_v2")), "known");
      assert(!exists(join(folder, "node_analysis_cache_v2")), "what is large is not copied");
      assertEquals(lockFileIn(folder), join(folder, "deno.lock"));
    } finally {
      removeChildCache(folder);
      Deno.removeSync(source, { recursive: true });
    }
    assert(!exists(folder));
  },
});

Deno.test({
  name: "a child's cache has compiled code only where it is made of one that no user's code could write",
  ignore,
  fn() {
    const source = Deno.makeTempDirSync();
    Deno.writeTextFileSync(join(source, "dep_analysis_cache_v2"), "known");
    Deno.writeTextFileSync(join(source, "v8_code_cache_v2-wal"), "compiled");
    const folders = [
      makeChildCache("copied", undefined, { source })!,
      makeChildCache("copied", undefined, { source, compiled: true })!,
      makeChildCache("own", undefined, { source, compiled: true })!,
    ];
    try {
      const files = folders.map((folder) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort());
      assertEquals(files, [
        ["dep_analysis_cache_v2"],
        ["dep_analysis_cache_v2", "v8_code_cache_v2-wal"],
        [],
      ]);
    } finally {
      folders.forEach(removeChildCache);
      Deno.removeSync(source, { recursive: true });
    }
  },
});

Deno.test({
  name: "a cache for many has folders where files would be, which cannot be opened",
  ignore,
  fn() {
    const folder = makeChildCache("none", undefined)!;
    try {
      assert(Deno.lstatSync(join(folder, "dep_analysis_cache_v2")).isDirectory);
      assertEquals(lockFileIn(folder), undefined);
    } finally {
      removeChildCache(folder);
    }
  },
});

Deno.test({
  name: "caches of servers that are gone are removed, and those of others stay",
  ignore,
  async fn() {
    const temporary = dirname(Deno.makeTempDirSync());
    const gone = new Deno.Command("true").spawn();
    await gone.status;
    const [dead, live] = [gone.pid, Deno.ppid].map((pid) => join(temporary, `protohost_cache_${pid}_test`));
    for (const folder of [dead, live]) await Deno.mkdir(folder);
    try {
      // What has been looked through is not looked through again by the same process.
      const { success } = await new Deno.Command(Deno.execPath(), {
        args: ["eval", "--config", config, SWEEP],
        stdout: "null",
      }).output();
      assert(success);
      assertEquals([exists(dead), exists(live)], [false, true]);
    } finally {
      for (const folder of [dead, live]) if (exists(folder)) await Deno.remove(folder);
    }
  },
});

const module = new URL("../../lib/isolation/child_cache.ts", import.meta.url).href;
const SWEEP = `import { makeChildCache, removeChildCache } from "${module}";
removeChildCache(makeChildCache("none", undefined));`;

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
