/**
 * The Markdown documents of this repository, taken apart: headings with their anchors, links, blocks of code, tables.
 *
 * @module
 */

import { relative } from "@std/path";
import GithubSlugger from "github-slugger";
import { lexer, type Token, type Tokens, walkTokens } from "marked";

/** The repository's folder. */
export const root: URL = new URL("../../", import.meta.url);

/** A block of code. */
export interface Block {
  /** Its info string: `ts`, `yaml`, `sh`; empty without one. */
  info: string;
  code: string;
}

/** A link to a place. */
export interface Link {
  href: string;
  text: string;
}

/** One document. */
export interface Document {
  /** From the repository's folder, with slashes. */
  path: string;
  text: string;
  /** What its headings are linked by. */
  anchors: ReadonlySet<string>;
  links: Link[];
  blocks: Block[];
  /** The rows of the first table below each heading, by the heading's text. */
  tables: ReadonlyMap<string, string[][]>;
}

/** Folders without documents of ours. */
const FOREIGN: readonly string[] = ["node_modules", "dist", "coverage"];

/** Every document, by its path. */
export async function readDocuments(): Promise<Map<string, Document>> {
  const paths = (await filesBelow(root)).filter((path) => path.endsWith(".md")).sort();
  return new Map(
    await Promise.all(paths.map(async (path): Promise<[string, Document]> => [
      path,
      parseDocument(path, await Deno.readTextFile(new URL(path, root))),
    ])),
  );
}

/** Every file below a folder of the repository, from the repository's folder. */
export async function filesBelow(folder: URL): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (FOREIGN.includes(name) || name === ".git") continue;
    if (isDirectory) found.push(...await filesBelow(new URL(`${name}/`, folder)));
    else found.push(relative(root.pathname, new URL(name, folder).pathname).replaceAll("\\", "/"));
  }
  return found;
}

/** Takes a document apart. */
export function parseDocument(path: string, text: string): Document {
  const slugger = new GithubSlugger();
  const anchors = new Set<string>();
  const links: Link[] = [];
  const blocks: Block[] = [];
  const tables = new Map<string, string[][]>();
  let heading = "";
  walkTokens(lexer(text), (token: Token) => {
    switch (token.type) {
      case "heading":
        heading = token.text;
        anchors.add(slugger.slug(heading));
        break;
      case "link":
        links.push({ href: token.href, text: token.text });
        break;
      case "code":
        blocks.push({ info: token.lang ?? "", code: token.text });
        break;
      case "table":
        if (!tables.has(heading)) {
          tables.set(heading, (token as Tokens.Table).rows.map((row) => row.map(({ text }) => text)));
        }
    }
  });
  return { path, text, anchors, links, blocks, tables };
}

/** The names in a cell of a table that stand as code: `` `a`, `b` ``. */
export function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}
