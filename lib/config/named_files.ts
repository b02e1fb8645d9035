/**
 * The files that a configuration names and that must be there, or whose folders must.
 *
 * @module
 */

import { absolutePath, isModule, moduleUrl, readEndpoint } from "./paths.ts";
import type { Place } from "./problem.ts";
import { asMapping, stringsAt } from "./raw_tree.ts";

/** A file that a configuration names. */
export interface FileReference {
  place: Place;
  /** The path as it stands there. */
  written: string;
  /** The absolute path. */
  path: string;
  /** What is made there if nothing is yet; its folder must be. */
  made?: "file" | "socket";
}

/** Lists the modules, certificates and keys on this disk that a configuration names, however broken the rest of it is. */
export function filesOf(tree: unknown, base: string): FileReference[] {
  const files: FileReference[] = [];

  function add(value: unknown, place: Place): void {
    for (const { text, place: at } of stringsAt(value, place)) {
      if (text !== "") files.push({ place: at, written: text, path: absolutePath(text, base) });
    }
  }

  function addModule(value: unknown, place: Place): void {
    if (typeof value === "string" && moduleUrl(value, base).startsWith("file:")) add(value, place);
  }

  function addTls(value: unknown, place: Place): void {
    const tls = asMapping(value);
    const certificates = Array.isArray(tls.certificates) ? tls.certificates : [];
    const pairs = certificates.map((pair, index) => [pair, [...place, "certificates", index]] as const);
    for (const [pair, at] of [[tls, place] as const, ...pairs]) {
      for (const key of ["cert", "key"]) add(asMapping(pair)[key], [...at, key]);
    }
    add(tls.clientCa, [...place, "clientCa"]);
  }

  function addSocket(text: string, place: Place): void {
    const endpoint = readEndpoint(text);
    if (endpoint?.transport !== "unix") return;
    files.push({ place, written: text, path: absolutePath(endpoint.path, base), made: "socket" });
  }

  const { protocols, defaults, services, log, control } = asMapping(tree);
  if (typeof control === "string" && control !== "" && control !== "false") {
    files.push({ place: ["control"], written: control, path: absolutePath(control, base), made: "socket" });
  }
  const { file } = asMapping(log);
  if (typeof file === "string" && file !== "") {
    files.push({ place: ["log", "file"], written: file, path: absolutePath(file, base), made: "file" });
  }
  for (const [name, path] of Object.entries(asMapping(protocols))) addModule(path, ["protocols", name]);
  addTls(asMapping(defaults).tls, ["defaults", "tls"]);
  for (const [name, value] of Object.entries(asMapping(services))) {
    const { listen, protocol, handler, hooks, tls, upstreamTls } = asMapping(value);
    for (const { text, place } of stringsAt(listen, ["services", name, "listen"])) addSocket(text, place);
    if (typeof protocol === "string" && isModule(protocol)) {
      addModule(protocol, ["services", name, "protocol"]);
    }
    addModule(handler, ["services", name, "handler"]);
    for (const [index, hook] of (Array.isArray(hooks) ? hooks : []).entries()) {
      addModule(hook, ["services", name, "hooks", index]);
    }
    addTls(tls, ["services", name, "tls"]);
    for (const key of ["ca", "cert", "key"]) {
      add(asMapping(upstreamTls)[key], ["services", name, "upstreamTls", key]);
    }
  }
  return files;
}
