/**
 * The life of one worker slot: which state follows which event, and with which effects. Pure.
 *
 * A slot is the place of one instance in one generation of a service. It outlives its workers: a worker that crashes
 * after it has served is replaced in the same slot, after a pause. A failure before it has ever served ends the slot,
 * because then a start or a restart has failed, and its caller decides.
 *
 * ```text
 * state        event        next state                 effects
 * idle         load         loading                    spawn
 * loading      loaded       loaded (1)                 listen (1)
 *              broken       ended (2)                  terminate
 * loaded       listen       listening                  listen
 *              drain, stop  stopping                   post stop
 *              broken       ended                      terminate
 * listening    ready        ready
 *              refused      stopping (2)               post stop
 *              broken       ended (2)                  terminate
 * ready        unlisten     unlistening                post unlisten
 *              silent       wedged (3)
 *              broken       waiting                    terminate, back_off
 * wedged       answered     ready
 *              unlisten     unlistening                post unlisten
 *              broken       waiting                    terminate, back_off
 * unlistening  unlistened   unlistened
 *              broken       parked                     terminate
 * unlistened   listen       listening (revived)        listen
 *              broken       parked                     terminate
 * waiting      retry        loading (revived)          spawn
 *              unlisten     parked
 * parked       listen       loading (revived)          spawn
 * draining     drained      stopping                   post stop
 *              broken       ended                      terminate
 * stopping     stopped      ended                      terminate
 *              broken       ended                      terminate
 * ended        -
 *
 * idle, waiting, parked:              drain, stop  ended
 * loading:                            drain, stop  ended         terminate
 *                         (revived)   unlisten     parked        terminate
 * listening, ready, wedged, unlistening, unlistened:
 *                                     drain        draining      post drain
 *                                     stop         stopping      post stop
 * draining, stopping:                 stop         stopping      post stop (from draining)
 *
 * (1) A revived worker, one whose slot has served before, listens at once: next state listening.
 * (2) A revived worker is restarted instead: next state waiting; terminate, back_off.
 * (3) Only where a busy worker cannot be terminated. Elsewhere, and in any other state, a silent worker is broken.
 * ```
 *
 * Every state that waits for an answer has a deadline; past it the worker is broken. Events that the table does not
 * list are ignored in that state, such as an answer that comes too late.
 *
 * @module
 */

import type { ErrorRecord } from "../base/error_record.ts";
import type { ToWorker } from "../spec/worker_messages.ts";
import type { Timing } from "./timing.ts";

/** The state of a slot. `revived` marks a worker that replaces a crashed one. */
export type SlotState =
  | { name: "idle" }
  | { name: "loading"; revived: boolean }
  | { name: "loaded" }
  | { name: "listening"; revived: boolean }
  | { name: "ready" }
  /** Its event loop is blocked and it cannot be terminated: it serves nobody, and may recover. */
  | { name: "wedged" }
  | { name: "unlistening" }
  | { name: "unlistened" }
  /** Crashed, to be restarted after a pause. */
  | { name: "waiting" }
  /** Crashed while it did not listen; to be restarted when it must listen again. */
  | { name: "parked" }
  | { name: "draining"; timeoutMs: number }
  | { name: "stopping"; timeoutMs: number }
  | { name: "ended"; error?: ErrorRecord };

/** What can happen to a slot: orders, answers of the worker, and its failures. */
export type SlotEvent =
  | { type: "load" | "listen" | "unlisten" | "retry" }
  | { type: "drain"; timeoutMs: number; stopTimeoutMs: number }
  | { type: "stop"; timeoutMs: number }
  | { type: "loaded" | "ready" | "unlistened" | "stopped" }
  /** The worker stopped answering pings, or answers them again. */
  | { type: "silent" | "answered" }
  | { type: "drained"; stopTimeoutMs: number }
  /** The worker runs but could not listen. */
  | { type: "refused"; error: ErrorRecord; stopTimeoutMs: number }
  /** The worker is unusable. */
  | { type: "broken"; error: ErrorRecord };

/** An effect. `listen` sends the worker the slot's endpoints, `back_off` schedules a `retry`. */
export type SlotEffect =
  | { do: "spawn" }
  | { do: "listen" }
  | { do: "post"; message: ToWorker }
  | { do: "terminate" }
  | { do: "back_off" };

/** A transition. */
export interface SlotStep {
  state: SlotState;
  effects: SlotEffect[];
}

/** The transition that an event causes; undefined if the event is ignored in this state. */
export function transition(state: SlotState, event: SlotEvent): SlotStep | undefined {
  switch (state.name) {
    case "idle":
      if (event.type === "load") return step({ name: "loading", revived: false }, { do: "spawn" });
      return endWithoutWorker(event);
    case "loading":
      if (event.type === "loaded") {
        return state.revived
          ? step({ name: "listening", revived: true }, { do: "listen" })
          : step({ name: "loaded" });
      }
      if (event.type === "broken") return state.revived ? crash() : end(event.error);
      if (event.type === "unlisten" && state.revived) return park();
      return event.type === "drain" || event.type === "stop" ? end() : undefined;
    case "loaded":
      if (event.type === "listen") return step({ name: "listening", revived: false }, { do: "listen" });
      if (event.type === "broken") return end(event.error);
      if (event.type === "drain") return stop(event.stopTimeoutMs);
      return event.type === "stop" ? stop(event.timeoutMs) : undefined;
    case "listening":
      if (event.type === "ready") return step({ name: "ready" });
      if (event.type === "refused") return state.revived ? crash() : stop(event.stopTimeoutMs);
      if (event.type === "broken") return state.revived ? crash() : end(event.error);
      if (event.type === "unlisten" && state.revived) return park();
      return drainOrStop(event);
    case "ready":
    case "wedged":
      if (event.type === "silent" && state.name === "ready") return step({ name: "wedged" });
      if (event.type === "answered" && state.name === "wedged") return step({ name: "ready" });
      if (event.type === "broken") return crash();
      if (event.type === "unlisten") {
        return step({ name: "unlistening" }, { do: "post", message: { type: "unlisten" } });
      }
      return drainOrStop(event);
    case "unlistening":
      if (event.type === "unlistened") return step({ name: "unlistened" });
      if (event.type === "broken") return park();
      return drainOrStop(event);
    case "unlistened":
      if (event.type === "listen") return step({ name: "listening", revived: true }, { do: "listen" });
      if (event.type === "broken") return park();
      return drainOrStop(event);
    case "waiting":
      if (event.type === "retry") return step({ name: "loading", revived: true }, { do: "spawn" });
      if (event.type === "unlisten") return step({ name: "parked" });
      return endWithoutWorker(event);
    case "parked":
      if (event.type === "listen") return step({ name: "loading", revived: true }, { do: "spawn" });
      return endWithoutWorker(event);
    case "draining":
      if (event.type === "drained") return stop(event.stopTimeoutMs);
      if (event.type === "broken") return end(event.error);
      return event.type === "stop" ? stop(event.timeoutMs) : undefined;
    case "stopping":
      if (event.type === "stopped") return end();
      if (event.type === "broken") return end(event.error);
      if (event.type === "stop" && event.timeoutMs < state.timeoutMs) {
        return step({ name: "stopping", timeoutMs: event.timeoutMs });
      }
      return undefined;
    case "ended":
      return undefined;
    default:
      return state satisfies never;
  }
}

/** How long a slot may stay in a state, in milliseconds; undefined for no limit. */
export function deadlineMs(state: SlotState, timing: Timing): number | undefined {
  switch (state.name) {
    case "loading":
      return timing.loadTimeoutMs;
    case "listening":
    case "unlistening":
      return timing.listenTimeoutMs;
    case "draining":
      return state.timeoutMs + timing.drainGraceMs;
    case "stopping":
      return state.timeoutMs;
    case "idle":
    case "loaded":
    case "ready":
    case "wedged":
    case "unlistened":
    case "waiting":
    case "parked":
    case "ended":
      return undefined;
    default:
      return state satisfies never;
  }
}

/** Whether the worker of a slot in this state must answer pings. A loading one is busy with its modules. */
export function mustAnswer(state: SlotState): boolean {
  return !["idle", "loading", "waiting", "parked", "ended"].includes(state.name);
}

function step(state: SlotState, ...effects: SlotEffect[]): SlotStep {
  return { state, effects };
}

function end(error?: ErrorRecord): SlotStep {
  return step(error ? { name: "ended", error } : { name: "ended" }, { do: "terminate" });
}

function crash(): SlotStep {
  return step({ name: "waiting" }, { do: "terminate" }, { do: "back_off" });
}

function park(): SlotStep {
  return step({ name: "parked" }, { do: "terminate" });
}

function stop(timeoutMs: number): SlotStep {
  return step({ name: "stopping", timeoutMs }, { do: "post", message: { type: "stop" } });
}

function drainOrStop(event: SlotEvent): SlotStep | undefined {
  if (event.type === "stop") return stop(event.timeoutMs);
  if (event.type !== "drain") return undefined;
  const { timeoutMs } = event;
  return step({ name: "draining", timeoutMs }, { do: "post", message: { type: "drain", timeoutMs } });
}

function endWithoutWorker(event: SlotEvent): SlotStep | undefined {
  return event.type === "drain" || event.type === "stop" ? step({ name: "ended" }) : undefined;
}
