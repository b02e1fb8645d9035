/**
 * The state of one connection.
 *
 * @module
 */

import { Requests } from "./requests.ts";
import { Scanner } from "./scanner.ts";

/** The state of one connection, both directions. */
export class RespSession {
  /**
   * Framing of what the client sends.
   *
   * @internal
   */
  readonly commands: Scanner = new Scanner("commands");
  /**
   * Framing of what the server sends.
   *
   * @internal
   */
  readonly replies: Scanner = new Scanner("replies");
  /**
   * Which reply answers what.
   *
   * @internal
   */
  readonly requests: Requests = new Requests();
}
