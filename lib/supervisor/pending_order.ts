/**
 * An order to an instance whose outcome a caller waits for. No I/O.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";
import type { SlotEvent, SlotState } from "./lifecycle.ts";
import { failure, InstanceError } from "../isolation/instance_error.ts";

type StateName = SlotState["name"];

/** When an order is done, and when it has failed. */
export interface Outcome {
  /** The states in which the order is done. */
  goals: readonly StateName[];
  /** The states in which the order is under way; in any other it has failed. */
  underWay: readonly StateName[];
}

/** The latest order. A new order makes an unfinished one fail. */
export class PendingOrder {
  #outcome: Outcome | undefined;
  #settled: PromiseWithResolvers<void> | undefined;

  /**
   * Waits for the outcome of an order that the caller gives next.
   *
   * @throws {InstanceError} Later, if the order fails.
   */
  begin(order: SlotEvent["type"], outcome: Outcome): Promise<void> {
    this.#settled?.reject(
      new InstanceError(failure("superseded", `The instance was told to ${order} instead`)),
    );
    this.#outcome = outcome;
    this.#settled = Promise.withResolvers();
    return this.#settled.promise;
  }

  /** The order could not be given. */
  refuse(error: ErrorRecord): void {
    this.#take()?.reject(new InstanceError(error));
  }

  /** Takes the state that has been reached, and the latest error. */
  reached(state: StateName, lastError: ErrorRecord | undefined): void {
    if (this.#outcome === undefined || this.#outcome.underWay.includes(state)) return;
    const isDone = this.#outcome.goals.includes(state);
    const settled = this.#take();
    if (isDone) settled?.resolve();
    else settled?.reject(new InstanceError(lastError ?? failure("stopped", "The instance was told to stop")));
  }

  #take(): PromiseWithResolvers<void> | undefined {
    const settled = this.#settled;
    this.#outcome = this.#settled = undefined;
    return settled;
  }
}
