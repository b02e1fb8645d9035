import { assertEquals } from "@std/assert";
import { PRODUCT_PACKAGES } from "../../scripts/compile_program.ts";

const ROOT = new URL("../../", import.meta.url);

/** The modules of the product, by URL: those of lib and protocols, and the two beside them. */
function* modules(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const url = new URL(name, folder);
    if (isDirectory) yield* modules(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield url;
  }
}

Deno.test("an executable contains the npm packages that the product imports, and no others", () => {
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const product = [
    new URL("main.ts", ROOT),
    new URL("mod.ts", ROOT),
    ...modules(new URL("lib/", ROOT)),
    ...modules(new URL("protocols/", ROOT)),
  ];
  const found = new Set<string>();
  for (const module of product) {
    const text = Deno.readTextFileSync(module);
    for (const [, name] of text.matchAll(/(?:\bfrom\s+|\bimport\s+|\bimport\()"([^"./][^"]*)"/g)) {
      if (imports[name]?.startsWith("npm:") || name.startsWith("npm:")) found.add(name);
    }
  }
  assertEquals([...found].sort(), [...PRODUCT_PACKAGES].sort());
});
