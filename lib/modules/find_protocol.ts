/**
 * From a protocol's name to the protocol: the configuration's `protocols`, then `protocols/NAME.ts` beside the
 * configuration, then the bundled ones.
 *
 * @module
 */

import { bundledProtocols } from "./bundled.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { describeValue, loadDefault } from "./load_module.ts";
import { nearest } from "../base/suggest.ts";

/** Where protocols are looked up, besides the bundled ones. */
export interface ProtocolSources {
  /** Module URLs by name, in lower case. */
  protocols: Readonly<Record<string, string>>;
  /** URL, with a trailing slash, of the folder that may contain a folder `protocols`. */
  base: string;
}

/** A protocol that an address can name. */
export interface ProtocolEntry {
  name: string;
  from: "configuration" | "folder" | "bundled";
  /** The URL of its module; a bundled one has none. */
  url?: string;
}

/** A missing or invalid protocol; `code` says which. */
export class ProtocolError extends TypeError {
  /** The name of the class. */
  override readonly name = "ProtocolError";
  /** What happened. */
  readonly code: "unknown_protocol" | "bad_protocol";

  /** Makes the error. */
  constructor(code: "unknown_protocol" | "bad_protocol", message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Finds and loads a protocol.
 *
 * @param name Its name, in any case, or the URL of its module.
 * @throws {ProtocolError} If there is none of that name, or its module exports something else.
 * @throws {ModuleError} If its module does not load.
 */
export async function resolveProtocol(name: string, sources?: ProtocolSources): Promise<AnyProtocol> {
  if (URL.canParse(name)) return await loadProtocol(name);
  const entries = await listProtocols(sources);
  const wanted = name.toLowerCase();
  const entry = entries.find((entry) => entry.name === wanted);
  if (!entry) throw unknownProtocol(name, entries, sources);
  if (entry.url !== undefined) return await loadProtocol(entry.url);
  return (await bundledProtocols[wanted]()).default;
}

/** Every protocol that an address can name. Of two with the same name, the first. */
export async function listProtocols(sources?: ProtocolSources): Promise<ProtocolEntry[]> {
  const entries: ProtocolEntry[] = [
    ...Object.entries(sources?.protocols ?? {}).map(([name, url]) => ({
      name,
      url,
      from: "configuration" as const,
    })),
    ...await protocolsBeside(sources?.base),
    ...Object.keys(bundledProtocols).map((name) => ({ name, from: "bundled" as const })),
  ];
  const taken = new Map<string, ProtocolEntry>();
  for (const entry of entries) {
    const name = entry.name.toLowerCase();
    if (!taken.has(name)) taken.set(name, { ...entry, name });
  }
  return [...taken.values()];
}

/** The URLs where a file would be the protocol of a name; none if the configuration says what it is. */
export function protocolFiles(name: string, { protocols, base }: ProtocolSources): string[] {
  const wanted = name.toLowerCase();
  if (wanted === "" || URL.canParse(name) || Object.hasOwn(protocols, wanted)) return [];
  return ["ts", "js"].map((type) => new URL(`protocols/${encodeURIComponent(wanted)}.${type}`, base).href);
}

/**
 * Checks that a value is a protocol.
 *
 * @param where What an error message calls it.
 * @throws {ProtocolError} If it is not; the message says what was found.
 */
export function checkedProtocol(value: unknown, where: string): AnyProtocol {
  if (typeof value !== "object" || value === null) {
    throw new ProtocolError(
      "bad_protocol",
      `Cannot use ${where} as a protocol: wanted an object with name, input, decode and encode, found ${
        describeValue(value)
      }`,
    );
  }
  const protocol = value as Record<string, unknown>;
  const wrong = [
    ...(typeof protocol.name === "string" ? [] : [`name is ${describeValue(protocol.name)}`]),
    ...codecProblems(protocol, ""),
    ...(protocol.reply === undefined ? [] : codecProblems(protocol.reply, "reply.")),
  ];
  if (wrong.length > 0) {
    const wanted = "wanted a string name and the functions input, decode and encode";
    throw new ProtocolError(
      "bad_protocol",
      `Cannot use ${where} as a protocol: ${wanted}, but ${wrong.join(", ")}`,
    );
  }
  return value as AnyProtocol;
}

async function loadProtocol(url: string): Promise<AnyProtocol> {
  return checkedProtocol(await loadDefault(url, "protocol"), url);
}

function codecProblems(codec: unknown, path: string): string[] {
  return ["input", "decode", "encode"].flatMap((name) => {
    const value = (codec as Record<string, unknown> | null)?.[name];
    return typeof value === "function" ? [] : [`${path}${name} is ${describeValue(value)}`];
  });
}

async function protocolsBeside(base: string | undefined): Promise<ProtocolEntry[]> {
  if (base === undefined) return [];
  const folder = new URL("protocols/", base);
  const found: ProtocolEntry[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const match = /^([a-z][a-z0-9_.-]*)\.[tj]s$/i.exec(name);
      if (!match || isDirectory || /_test$|\.test$|\.d$/.test(match[1])) continue;
      found.push({ name: match[1], from: "folder", url: new URL(encodeURIComponent(name), folder).href });
    }
  } catch {
    // No such folder, or no permission to read it: a protocol that is not found is an error anyway.
  }
  return found.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** What to write in place of the scheme of a URL, which is near none of the protocols. */
const SCHEMES: ReadonlyMap<string, string> = new Map([
  ...["ssl", "tls", "https", "wss", "smtps", "rediss"].map((name) =>
    [name, "; for TLS write PROTOCOL+tls://, as in text+tls://"] as const
  ),
  ...["http", "ws"].map((name) => [name, "; raw:// relays its bytes as they are"] as const),
]);

function unknownProtocol(
  name: string,
  entries: ProtocolEntry[],
  sources: ProtocolSources | undefined,
): ProtocolError {
  const file = sources &&
    new URL(`protocols/${encodeURIComponent(name.toLowerCase())}.ts`, sources.base).href;
  const looked = [
    ...(sources ? ["the configuration's protocols", file] : []),
    `the bundled ones (${Object.keys(bundledProtocols).join(", ")})`,
  ];
  const guess = nearest(name, entries.map((entry) => entry.name));
  const hint = SCHEMES.get(name.toLowerCase()) ?? (guess === undefined ? "" : `; did you mean "${guess}"?`);
  return new ProtocolError(
    "unknown_protocol",
    `Cannot find the protocol "${name}" in ${looked.join(", ")}${hint}`,
  );
}
