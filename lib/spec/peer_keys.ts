/**
 * By what connections are counted where an address, or a network, may have only so many. JSON-safe.
 *
 * @module
 */

import type { Limits } from "../contract/limits.ts";

/** What a peer is counted by; absent where there is no limit. */
export interface PeerKeys {
  /** Such as `192.0.2.1` or `2001:db8::/64`. */
  address?: string;
  /** Such as `192.0.2.0/24`. */
  network?: string;
}

/** The limits by address. */
export type AddressLimits = Pick<Limits, "maxConnectionsPerAddress" | "maxConnectionsPerNetwork">;

/** An address, or a network, with as many connections as it may have. */
export interface TooMany {
  limit: keyof AddressLimits;
  /** Such as `192.0.2.1`, `2001:db8::/64` or `192.0.2.0/24`. */
  address: string;
  most: number;
}
