/**
 * Paths of `MAIL` and `RCPT` (RFC 5321, section 4.1.2; RFC 6531 for what is not ASCII), and the form in which addresses
 * are compared. Pure.
 *
 *     path      "<" [ "@" domain *( ",@" domain ) ":" ] mailbox ">"       what stands before the colon is a source route
 *     mailbox   local-part "@" domain
 *
 * @module
 */

/** A path, taken apart. */
export interface Path {
  /** The mailbox as it was written, without a source route; empty for `<>`. */
  path: string;
  /** The same in the form to compare, see {@linkcode canonicalAddress}. */
  address: string;
  /** Whether it was written without brackets. */
  isBare: boolean;
  /** What follows it, without the blanks between. */
  rest: string;
}

/** Characters beyond ASCII that can be seen. */
const UTF8 = String.raw`[^\x00-\x7f\p{Cc}\p{Cf}\p{Cs}\p{Z}\ufffd]`;
// RFC 5322, section 3.2.3. Dots may stand anywhere: some providers have addresses such as a..b@example.jp.
const DOT_STRING = String.raw`(?:[\w!#$%&'*+/=?^{|}~.\x60-]|${UTF8})+`;
const QUOTED = String.raw`"(?:[ !#-\[\]-~]|\\[ -~]|${UTF8})*"`;
const DOMAIN = String.raw`(?:[\w\p{L}\p{N}\p{M}-]+(?:\.[\w\p{L}\p{N}\p{M}-]+)*|\[[0-9A-Za-z:.]+\])`;
const ROUTE = String.raw`@${DOMAIN}(?:,@${DOMAIN})*:`;

// Not by the flag i, for which there are more letters than these in "postmaster".
const POSTMASTER = "[Pp][Oo][Ss][Tt][Mm][Aa][Ss][Tt][Ee][Rr]";

const PATH = new RegExp(
  `^ *(?:<(${ROUTE})?((?:${DOT_STRING}|${QUOTED})@${DOMAIN}|${POSTMASTER}|)>|(${DOT_STRING}@${DOMAIN}))(?: +(.*))?$`,
  "u",
);
// deno-lint-ignore no-control-regex
const ASCII = /[\x00-\x7f]/;
const IS_DOT_STRING = new RegExp(`^${DOT_STRING}$`, "u");

/**
 * Reads a path and what follows it. Blanks may come before it, and the brackets may be missing, since Postfix and Exim
 * agree on what that means. Undefined for anything else.
 */
export function readPath(text: string): Path | undefined {
  const match = PATH.exec(text);
  if (match === null) return undefined;
  const [, route, bracketed, bare, rest = ""] = match;
  const path = bracketed ?? bare;
  // A route leads to a mailbox.
  if (route !== undefined && path === "") return undefined;
  return { path, address: canonicalAddress(path), isBare: bare !== undefined, rest };
}

/**
 * The form in which two addresses of one mailbox are equal: in lower case, NFC, with quotes and backslashes only where
 * they are needed. Servers compare the local part without regard to case, though RFC 5321 lets them differ.
 */
export function canonicalAddress(path: string): string {
  const at = path.lastIndexOf("@");
  if (at < 0) return foldCase(path);
  const [local, domain] = [path.slice(0, at), path.slice(at + 1)];
  return `${foldCase(quoteIfNeeded(unquote(local)))}@${canonicalDomain(domain)}`;
}

/**
 * Why a server might deliver to another mailbox than an address seems to name; undefined if none would.
 *
 * - A local part with `%`, `!` or `@` may be a route to another domain: Postfix sends `a%b.example@here` to
 *   `a@b.example` where `here` is its own.
 * - A letter beyond ASCII that means ASCII letters, such as the Kelvin sign, is an ASCII letter to one server (Postfix)
 *   and not to another (Exim).
 */
export function ambiguityOf(path: string): string | undefined {
  const local = unquote(path.slice(0, Math.max(0, path.lastIndexOf("@"))));
  if (/[%!@]/.test(local)) return "Routing in the local part";
  for (const character of path) if (meansAscii(character)) return "Ambiguous character in the address";
  return undefined;
}

/** In lower case and NFC. A letter beyond ASCII never becomes one of ASCII, as the Kelvin sign would. */
export function foldCase(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text.toLowerCase();
  let folded = "";
  let begun = "";
  for (const character of text) {
    if (!meansAscii(character)) {
      begun += character.toLowerCase();
      continue;
    }
    folded += begun.normalize("NFC") + character;
    begun = "";
  }
  return folded + begun.normalize("NFC");
}

function meansAscii(character: string): boolean {
  if (character <= "\x7f") return false;
  const forms = [character.normalize("NFKC"), character.toLowerCase(), character.toUpperCase()];
  return forms.some((form) => ASCII.test(form));
}

function unquote(local: string): string {
  return local.startsWith('"') ? local.slice(1, -1).replace(/\\(.)/gs, "$1") : local;
}

function quoteIfNeeded(local: string): string {
  return IS_DOT_STRING.test(local) ? local : `"${local.replace(/["\\]/g, "\\$&")}"`;
}

function canonicalDomain(domain: string): string {
  const ipv6 = /^\[IPv6:([0-9a-f:.]+)\]$/i.exec(domain)?.[1];
  // An IPv6 address can be written in several ways.
  if (ipv6 !== undefined && URL.canParse(`http://[${ipv6}]`)) {
    return `[ipv6:${new URL(`http://[${ipv6}]`).hostname.slice(1, -1)}]`;
  }
  return foldCase(domain);
}
