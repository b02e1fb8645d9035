/**
 * What to type when permissions of Deno are missing.
 *
 * @module
 */

/** A permission that a command needs and was not given; `code` is `not_permitted`. */
export class PermissionError extends Error {
  override readonly name = "PermissionError";
  readonly code = "not_permitted";
}

/**
 * Checks permissions before they are used, so that the program says what to type, instead of asking for one after the
 * other or failing in a worker.
 *
 * @throws {PermissionError} With all that are missing.
 */
export function requirePermissions(...descriptors: Deno.PermissionDescriptor[]): void {
  const missing = descriptors.filter((each) => Deno.permissions.querySync(each).state !== "granted");
  if (missing.length > 0) {
    throw new PermissionError(`Missing permission to ${missing.map(describe).join(", ")}`);
  }
}

/** The command line that gives the program all permissions it needs. */
export function permissionAdvice(args: string[], mainModule: string): string {
  const line = args.join(" ");
  if (mainModule.startsWith("file:")) {
    return `Type: deno run -P=serve --no-prompt main.ts ${line}\n(the permission set "serve" is in protohost's deno.json)`;
  }
  const flags = ["net", "read", "write", "env", "sys", "run"].map((name) => `--allow-${name}`).join(" ");
  return `Type: deno run ${flags} --no-prompt --unstable-net --unstable-worker-options ${mainModule} ${line}`;
}

function describe(descriptor: Deno.PermissionDescriptor): string {
  switch (descriptor.name) {
    case "net":
      return `listen at ${descriptor.host ?? "any address"} (net)`;
    case "read":
      return `read ${descriptor.path ?? "files"} (read)`;
    case "write":
      return `write ${descriptor.path ?? "files"} (write)`;
    case "env":
      return `read the variable ${descriptor.variable ?? "of any name"} (env)`;
    case "run":
      return `run ${descriptor.command ?? "programs"} (run)`;
    default:
      return `use ${descriptor.name}`;
  }
}
