/**
 * The state of one connection.
 *
 * @module
 */

import { Requests } from "./requests.ts";
import { Scanner } from "./scanner.ts";

/** The state of one connection, both directions. */
export class RespSession {
  /** Framing of what the client sends. */
  readonly commands: Scanner = new Scanner("commands");
  /** Framing of what the server sends. */
  readonly replies: Scanner = new Scanner("replies");
  /** Which reply answers what. */
  readonly requests: Requests = new Requests();
}
