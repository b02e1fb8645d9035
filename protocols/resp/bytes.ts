/**
 * Strings where bytes are valid UTF-8, bytes where they are not: nothing is lost.
 *
 * @module
 */

import { bytes, concat, text } from "@protohost/protohost";

export const CR = 0x0d;
export const LF = 0x0a;

/** A string if the bytes are UTF-8, else a copy of the bytes. */
export type Blob = string | Uint8Array;

/** Longer strings are encoded to find their length. */
const SHORT_STRING = 256;
/** For so few bytes looking at each is faster than searching the string. */
const SHORT_BYTES = 64;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Whether a value is a string or bytes. */
export function isBlob(value: unknown): value is Blob {
  return typeof value === "string" || value instanceof Uint8Array;
}

/** A string of UTF-8, a copy of anything else. */
export function toBlob(view: Uint8Array): Blob {
  const string = text(view);
  if (view.length <= SHORT_BYTES && isAscii(view)) return string;
  // U+FFFD replaces what is not UTF-8, but may also have been sent as such.
  if (!string.includes("\ufffd")) return string;
  try {
    return strict.decode(view);
  } catch {
    return view.slice();
  }
}

/** How many bytes a string has as UTF-8. */
export function byteLength(string: string): number {
  const { length } = string;
  if (length > SHORT_STRING) return bytes(string).length;
  for (let i = 0; i < length; i++) if (string.charCodeAt(i) > 0x7f) return bytes(string).length;
  return length;
}

/** Collects strings and bytes; makes a string if there were no bytes. */
export class Writer {
  #text = "";
  #parts: Uint8Array[] | undefined;

  /** Adds text. */
  text(text: string): void {
    this.#text += text;
  }

  /** Adds bytes, or a string as UTF-8. */
  blob(blob: Blob): void {
    if (typeof blob === "string") {
      this.#text += blob;
      return;
    }
    this.#parts ??= [];
    if (this.#text !== "") this.#parts.push(bytes(this.#text));
    this.#parts.push(blob);
    this.#text = "";
  }

  /** Adds a type byte, the length of a blob, and the blob. */
  bulk(marker: string, blob: Blob): void {
    this.#text += `${marker}${typeof blob === "string" ? byteLength(blob) : blob.length}\r\n`;
    this.blob(blob);
    this.#text += "\r\n";
  }

  /** All that was added. */
  finish(): Uint8Array | string {
    if (this.#parts === undefined) return this.#text;
    if (this.#text !== "") this.#parts.push(bytes(this.#text));
    return concat(this.#parts);
  }
}

function isAscii(view: Uint8Array): boolean {
  for (let i = 0; i < view.length; i++) if (view[i] > 0x7f) return false;
  return true;
}
