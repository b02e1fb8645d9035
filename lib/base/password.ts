/**
 * Password hashing with scrypt (RFC 7914). A hash is written as
 *
 *     $scrypt$ln=15,r=8,p=1$SALT$HASH        BASE64 without padding, N is 2 to the power of ln
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** 32 MiB and a tenth of a second for each check. */
export const DEFAULT_LN = 15;
/** The lowest cost. */
export const MIN_LN = 10;
/** The highest cost. */
export const MAX_LN = 20;
const R = 8;
const P = 1;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** How many hashes are computed at a time; others wait, so that a flood of guesses cannot use up the memory. */
const MAX_AT_ONCE = 2;

const HASH =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

interface Parsed {
  ln: number;
  r: number;
  p: number;
  salt: Uint8Array;
  hash: Uint8Array;
}

/** How a password is hashed. */
export interface HashOptions {
  /**
   * The cost, from 10 to 20; each step doubles memory and time.
   *
   * @default {15}
   */
  ln?: number;
}

/**
 * Hashes a password, for a configuration.
 *
 * ```ts
 * import { hashPassword, verifyPassword } from "@protohost/protohost/password";
 *
 * const hash = await hashPassword("secret", { ln: 10 });
 * console.log(hash); // $scrypt$ln=10,r=8,p=1$...
 * console.log(await verifyPassword("secret", hash)); // true
 * ```
 *
 * @throws {RangeError} If the cost is out of bounds.
 */
export async function hashPassword(password: string, { ln = DEFAULT_LN }: HashOptions = {}): Promise<string> {
  if (!Number.isInteger(ln) || ln < MIN_LN || ln > MAX_LN) {
    throw new RangeError(
      `Cannot hash a password with cost ${ln}: wanted a whole number from ${MIN_LN} to ${MAX_LN}`,
    );
  }
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, { ln, r: R, p: P, salt, hash: new Uint8Array(HASH_BYTES) });
  return `$scrypt$ln=${ln},r=${R},p=${P}$${base64(salt)}$${base64(hash)}`;
}

/** Whether a text is a hash that {@linkcode verifyPassword} can use. */
export function isPasswordHash(hash: string): boolean {
  return parse(hash) !== undefined;
}

/**
 * Whether a password matches a hash.
 *
 * @param hash Undefined for an unknown user: then it takes as long as for a known one, and returns false.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const parsed = hash === undefined ? undefined : parse(hash);
  const nobody = {
    ln: DEFAULT_LN,
    r: R,
    p: P,
    salt: new Uint8Array(SALT_BYTES),
    hash: new Uint8Array(HASH_BYTES),
  };
  const derived = await derive(password, parsed ?? nobody);
  return parsed !== undefined && timingSafeEqual(derived, parsed.hash);
}

function parse(hash: string): Parsed | undefined {
  const match = HASH.exec(hash);
  if (match === null) return undefined;
  const [ln, r, p] = match.slice(1, 4).map(Number);
  if (ln < MIN_LN || ln > MAX_LN || r < 1 || r > 32 || p < 1 || p > 16) return undefined;
  return { ln, r, p, salt: Buffer.from(match[4], "base64"), hash: Buffer.from(match[5], "base64") };
}

let running = 0;
const queue: (() => void)[] = [];

async function derive(password: string, { ln, r, p, salt, hash }: Parsed): Promise<Uint8Array> {
  if (running >= MAX_AT_ONCE) await new Promise<void>((resolve) => queue.push(resolve));
  else running++;
  try {
    const cost = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r };
    return await new Promise((resolve, reject) => {
      const done = (error: Error | null, key: Uint8Array) => error === null ? resolve(key) : reject(error);
      scrypt(password.normalize("NFC"), salt, hash.length, cost, done);
    });
  } finally {
    const next = queue.shift();
    if (next === undefined) running--;
    else next();
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
