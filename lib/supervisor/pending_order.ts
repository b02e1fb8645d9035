/**
 * An order to an instance whose outcome somebody waits for. No I/O.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";
import type { SlotEvent, SlotState } from "./lifecycle.ts";
import { failure, InstanceError } from "../isolation/instance_error.ts";

type StateName = SlotState["name"];

/** What an order leads to. */
export interface Outcome {
  /** The states in which it has been carried out. */
  goals: readonly StateName[];
  /** The states in which it is not decided yet; all others mean that it has failed. */
  underWay: readonly StateName[];
}

/** The latest order. An order that another one follows has failed. */
export class PendingOrder {
  #outcome: Outcome | undefined;
  #settled: PromiseWithResolvers<void> | undefined;

  /**
   * Begins to wait for the outcome of an order, which is to be given now.
   *
   * @throws {InstanceError} Later, if it fails.
   */
  begin(order: SlotEvent["type"], outcome: Outcome): Promise<void> {
    this.#settled?.reject(
      new InstanceError(failure("superseded", `The instance was told to ${order} instead`)),
    );
    this.#outcome = outcome;
    this.#settled = Promise.withResolvers();
    return this.#settled.promise;
  }

  /** The order that was begun cannot be given. */
  refuse(error: ErrorRecord): void {
    this.#take()?.reject(new InstanceError(error));
  }

  /** Tells of the state that has been reached, and of what last went wrong. */
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
