/**
 * What a service uses of what its `options` name. A protocol declares the paths of those options as data; the values are
 * read here, before anything has been made of them. Pure.
 *
 * @module
 */

/** Which options name what a service uses: their paths within `options`, with dots, such as `relay.to`. */
export interface OptionNeeds {
  /** Folders to read and write; of one with `{placeholders}`, the folder that all of them are in. */
  folders: readonly string[];
  /** Addresses to connect to. */
  upstreams: readonly string[];
}

/** The folders and addresses that these options name. Relative paths start from the configuration's folder. */
export function readNeeds(needs: OptionNeeds, options: unknown): { folders: string[]; upstreams: string[] } {
  return {
    folders: textsAt(needs.folders, options).map(folderOf),
    upstreams: textsAt(needs.upstreams, options),
  };
}

/** The values that are texts; any other is for the service to refuse. */
function textsAt(paths: readonly string[], options: unknown): string[] {
  return paths.map((path) => valueAt(path, options)).filter((value) => typeof value === "string");
}

function valueAt(path: string, options: unknown): unknown {
  let value = options;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

/** The folder that holds all paths which a template with `{user}` or the like stands for; without one, the path. */
function folderOf(path: string): string {
  const open = path.indexOf("{");
  if (open < 0) return path;
  return path.slice(0, open).replace(/[^/\\]*$/, "") || ".";
}
