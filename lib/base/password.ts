/**
 * Password hashing with scrypt (RFC 7914). A hash is written as
 *
 *     $scrypt$ln=15,r=8,p=1$SALT$HASH        BASE64 without padding, N is 2 to the power of ln
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { FairQueue, QueueFullError } from "./fair_queue.ts";

export { QueueFullError };

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
/** A flood of guesses takes up neither the memory nor the turns of others. */
const queue = new FairQueue({ running: 2, waiting: 128, waitingPerKey: 8, maxWaitMs: 15_000 });

const HASH =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** What a check costs: memory and time grow with `ln` and `r`, time with `p`. */
interface Cost {
  ln: number;
  r: number;
  p: number;
}

interface Parsed extends Cost {
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

/** How a password is checked. */
export interface VerifyOptions {
  /**
   * The hashes of all users. A check takes the same work whichever of them it is for, and for an unknown user, so that its
   * time does not tell who is known.
   */
  among?: readonly string[];
  /** Who asks, such as an address: those who ask take turns. @default {""} */
  from?: string;
  /** When it aborts while the check waits, the check is given up. */
  signal?: AbortSignal;
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
 * Whether a password matches a hash. Two checks run at a time; others wait for their turn.
 *
 * @param hash Undefined for an unknown user: then it takes as long as for a known one, and returns false.
 * @throws {QueueFullError} If too many checks are waiting.
 * @throws The signal's reason, if that aborts while the check waits.
 */
export function verifyPassword(
  password: string,
  hash: string | undefined,
  { among = [], from = "", signal }: VerifyOptions = {},
): Promise<boolean> {
  const parsed = hash === undefined ? undefined : parse(hash);
  return queue.run(() => verify(password, parsed, costsOf(among)), { key: from, signal });
}

/** Does the work of each cost once, among them that of the hash. */
async function verify(
  password: string,
  parsed: Parsed | undefined,
  costs: readonly Cost[],
): Promise<boolean> {
  const isListed = parsed === undefined ? costs.length > 0 : costs.some((cost) => isSame(cost, parsed));
  let matches = false;
  for (const cost of isListed ? costs : [...costs, parsed ?? DEFAULT_COST]) {
    const isOwn = parsed !== undefined && isSame(cost, parsed);
    const derived = await derive(password, isOwn ? parsed : { ...cost, ...NOBODY });
    if (isOwn) matches = timingSafeEqual(derived, parsed.hash);
  }
  return matches;
}

const DEFAULT_COST: Cost = { ln: DEFAULT_LN, r: R, p: P };
const NOBODY = { salt: new Uint8Array(SALT_BYTES), hash: new Uint8Array(HASH_BYTES) };
const knownCosts = new WeakMap<readonly string[], readonly Cost[]>();

/** The different costs of these hashes. */
function costsOf(hashes: readonly string[]): readonly Cost[] {
  let costs = knownCosts.get(hashes);
  if (costs === undefined) {
    const all = hashes.map(parse).filter((parsed) => parsed !== undefined);
    costs = all.filter((cost, index) => all.findIndex((other) => isSame(cost, other)) === index);
    knownCosts.set(hashes, costs);
  }
  return costs;
}

function isSame(one: Cost, other: Cost): boolean {
  return one.ln === other.ln && one.r === other.r && one.p === other.p;
}

function parse(hash: string): Parsed | undefined {
  const match = HASH.exec(hash);
  if (match === null) return undefined;
  const [ln, r, p] = match.slice(1, 4).map(Number);
  if (ln < MIN_LN || ln > MAX_LN || r < 1 || r > 32 || p < 1 || p > 16) return undefined;
  return { ln, r, p, salt: Buffer.from(match[4], "base64"), hash: Buffer.from(match[5], "base64") };
}

function derive(password: string, { ln, r, p, salt, hash }: Parsed): Promise<Uint8Array> {
  const cost = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r };
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, key: Uint8Array) => error === null ? resolve(key) : reject(error);
    scrypt(password.normalize("NFC"), salt, hash.length, cost, done);
  });
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}
