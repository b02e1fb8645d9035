/**
 * What the mail service that needs no handler uses of what its options name: the folders of its Maildirs, the next server.
 * The server asks before there is a service, so this takes whatever the configuration says, and runs none of the rest.
 * Pure.
 *
 * @module
 */

/** Folders to read and write, addresses to connect to. */
export interface MailNeeds {
  folders: string[];
  upstreams: string[];
}

/** Reads what is named in `options`; what is no name is for others to refuse. */
export function needs(options: unknown): MailNeeds {
  const { maildir, relay } = asMapping(options);
  const { to } = asMapping(relay);
  return {
    folders: typeof maildir === "string" ? [folderOf(maildir)] : [],
    upstreams: typeof to === "string" ? [to] : [],
  };
}

/** The folder that all Maildirs of a path with `{user}` or `{domain}` in it are in; without, the path. */
function folderOf(path: string): string {
  const open = path.indexOf("{");
  if (open < 0) return path;
  return path.slice(0, open).replace(/[^/\\]*$/, "") || ".";
}

function asMapping(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
