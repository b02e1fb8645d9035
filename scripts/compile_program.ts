/**
 * One executable, by `deno compile`. Its permissions, unstable flags and the worker's entry come from deno.json.
 *
 * @module
 */

/** How an executable is made. */
export interface CompileOptions {
  /** A target triple; this machine's own without. */
  target?: string;
}

/** An executable that cannot be made. */
export class CompileError extends Error {
  override readonly name = "CompileError";
}

/**
 * Makes an executable of protohost.
 *
 * @param output Where to write it, from the repository's folder.
 * @returns Its size in bytes.
 * @throws {CompileError} With what Deno said.
 */
export async function compileProgram(output: string, options: CompileOptions = {}): Promise<number> {
  const root = new URL("../", import.meta.url);
  const target = options.target ? ["--target", options.target] : [];
  const config = await productConfig(root);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "compile",
      "--quiet",
      "--no-code-cache",
      // What a service may not do is refused; nobody at the server's terminal is asked.
      "--no-prompt",
      "--permission-set=serve",
      "--config",
      config.path,
      ...target,
      "--output",
      output,
      "main.ts",
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  await config.remove();
  if (!success) {
    throw new CompileError(`Cannot compile ${output}:\n${new TextDecoder().decode(stderr).trim()}`);
  }
  return (await Deno.stat(new URL(output, root))).size;
}

/** The npm packages that the product imports; those of the tests and scripts are not for users to find inside. */
export const PRODUCT_PACKAGES: readonly string[] = [
  "@eslint-community/regexpp",
  "@logtape/logtape",
  "ipaddr.js",
  "js-yaml",
  "p-queue",
  "p-retry",
  "zod",
];

/**
 * A deno.json with the product's packages alone: Deno puts all into an executable that the lock file names for what
 * deno.json imports. Beside deno.json, since its paths start from there.
 */
async function productConfig(root: URL): Promise<{ path: string; remove(): Promise<void> }> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", root)));
  config.imports = Object.fromEntries(
    (Object.entries(config.imports) as [string, string][])
      .filter(([name, to]) => !to.startsWith("npm:") || PRODUCT_PACKAGES.includes(name)),
  );
  const id = crypto.randomUUID();
  const [file, lock] = [`.compile-${id}.json`, `.compile-${id}.lock`];
  config.lock = `./${lock}`;
  await Deno.writeTextFile(new URL(file, root), JSON.stringify(config));
  await Deno.copyFile(new URL("deno.lock", root), new URL(lock, root));
  return {
    path: file,
    async remove() {
      for (const name of [file, lock]) await Deno.remove(new URL(name, root));
    },
  };
}
