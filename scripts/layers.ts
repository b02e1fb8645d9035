// deno-lint-ignore-file no-console
/**
 * Checks that imports go one way: a file of `lib/` imports from its own folder and from folders in layers above it in the
 * table of `docs/architecture.md`, types included, and `protocols/` imports what users can import. Part of
 * `deno task ok`.
 *
 * @module
 */

/** Where imports start: every file of `lib/` and `protocols/` must be reached from one of these. */
const ENTRIES = [
  "main.ts",
  "mod.ts",
  "lib/worker/child_main.ts",
  "lib/worker/worker.ts",
  "lib/config/load_worker.ts",
  "lib/testing/mod.ts",
  "lib/base/password.ts",
  "scripts/schema.ts",
];

/** What `deno info --json` says of a module. */
interface ModuleInfo {
  specifier: string;
  dependencies?: { code?: { specifier?: string }; type?: { specifier?: string } }[];
}

const root = new URL("../", import.meta.url);
const layers = readLayers(await Deno.readTextFile(new URL("docs/architecture.md", root)));
const reached = new Set<string>();
const edges = await readEdges();
const wrong = [
  ...[...edges.values()].flatMap(({ from, to }) => problemOf(from, to) ?? []),
  ...(await filesBelow("lib/")).filter((file) => !reached.has(file)).map((file) => `Nothing imports ${file}`),
].sort();
for (const problem of wrong) console.error(problem);
console.log(
  `${wrong.length === 0 ? "ok" : "FAILED"}: ${edges.size} imports, ${wrong.length} against the layers`,
);
Deno.exit(wrong.length === 0 ? 0 : 1);

/** Reads the rows `| 1 | ``base/`` | ... |`: a folder's layer by its name. */
function readLayers(markdown: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [, layer, folders] of markdown.matchAll(/^\| +(\d+) +\| ([^|]+)\|/gm)) {
    for (const [, folder] of folders.matchAll(/`(\w+)\/`/g)) found.set(folder, Number(layer));
  }
  if (found.size === 0) throw new Error("Cannot check the layers: docs/architecture.md has no table of them");
  return found;
}

/** Every import of a file of this repository by another, by both names. */
async function readEdges(): Promise<Map<string, { from: string; to: string }>> {
  const found = new Map<string, { from: string; to: string }>();
  for (const entry of ENTRIES) {
    for (const { specifier, dependencies = [] } of await modulesFrom(entry)) {
      const from = placeOf(specifier);
      if (from === undefined) continue;
      reached.add(from);
      for (const { code, type } of dependencies) {
        const to = placeOf(code?.specifier ?? type?.specifier ?? "");
        if (to !== undefined) found.set(`${from} ${to}`, { from, to });
      }
    }
  }
  return found;
}

async function modulesFrom(entry: string): Promise<ModuleInfo[]> {
  const command = new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry], cwd: root });
  const { success, stdout, stderr } = await command.output();
  if (!success) throw new Error(`Cannot read the imports of ${entry}: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)).modules;
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(folder, root))) {
    if (isDirectory) found.push(...await filesBelow(`${folder}${name}/`));
    else if (name.endsWith(".ts")) found.push(`${folder}${name}`);
  }
  return found;
}

/** A file of this repository, relative to its root. */
function placeOf(specifier: string): string | undefined {
  return specifier.startsWith(root.href) ? specifier.slice(root.href.length) : undefined;
}

/** What is wrong about an import, if anything is. */
function problemOf(from: string, to: string): string | undefined {
  const [room, source] = from.split("/");
  const [otherRoom, target] = to.split("/");
  if (room === "protocols") {
    const inside = otherRoom === "protocols" && (source === target || !to.includes("/", 10));
    return inside || to === "mod.ts" || isExported(to)
      ? undefined
      : `${from} imports ${to}: a protocol may only import what users can import`;
  }
  if (room !== "lib") return undefined;
  if (otherRoom === "protocols") {
    return from === "lib/modules/bundled.ts"
      ? undefined
      : `${from} imports ${to}: only lib/modules/bundled.ts may import protocols`;
  }
  if (otherRoom !== "lib" || source === target) return undefined;
  const [layer, above] = [layers.get(source), layers.get(target)];
  if (layer === undefined) return `${from}: ${source}/ is in no layer of docs/architecture.md`;
  if (above === undefined) return `${from} imports ${to}: ${target}/ is in no layer of docs/architecture.md`;
  return above < layer ? undefined : `${from} (layer ${layer}) imports ${to} (layer ${above})`;
}

/** Modules that users import by name, besides mod.ts. */
function isExported(place: string): boolean {
  return place === "lib/base/password.ts";
}
