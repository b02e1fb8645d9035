/**
 * The phases of a connection: which follows which, and on what. Pure.
 *
 * ```text
 * phase      receives      sends            event             next phase
 * open       delivers      what it is given  close             closing
 *                                            ended             closed
 * closing    discards      what is queued    written           lingering
 * lingering  discards      nothing           peer_ended        closed
 *                                            timed_out         closed
 *                                            limit_reached     closed
 * closed     nothing       nothing
 *
 * open, closing, lingering:                  abort             closed
 * ```
 *
 * All that is not in the table means nothing in that phase.
 *
 * @module
 */

/** Where a connection is between its first byte and its last. */
export type Phase = "open" | "closing" | "lingering" | "closed";

/** What takes a connection to another phase. */
export type PhaseEvent =
  /** The handler closes it, or an error that leaves its transport usable. */
  | "close"
  /** All that was queued has left. */
  | "written"
  /** The peer has ended its half, too. */
  | "peer_ended"
  /** `lingerTimeout` is over. */
  | "timed_out"
  /** The peer has sent more than a closing connection discards. */
  | "limit_reached"
  /** Both halves have ended. */
  | "ended"
  /** It is destroyed, or its transport has failed. */
  | "abort";

const NEXT: Record<Phase, Partial<Record<PhaseEvent, Phase>>> = {
  open: { close: "closing", ended: "closed", abort: "closed" },
  closing: { written: "lingering", abort: "closed" },
  lingering: { peer_ended: "closed", timed_out: "closed", limit_reached: "closed", abort: "closed" },
  closed: {},
};

/** The phase that an event leads to; undefined if it means nothing in this phase. */
export function nextPhase(phase: Phase, event: PhaseEvent): Phase | undefined {
  return NEXT[phase][event];
}
