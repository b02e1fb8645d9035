/**
 * How a connection ends: what is queued leaves, then its writing ends, then it waits for the peer to end too (contract
 * point 9), or all of it at once.
 *
 * @module
 */

import { abortSignal } from "../base/abort_signal.ts";
import { ConnectionError } from "../contract/connection_error.ts";
import type { SendOptions } from "../contract/connection.ts";
import { abortQuietly, closeQuietly } from "../transport/transport.ts";
import { blame } from "./error_policy.ts";
import { nextPhase, type PhaseEvent } from "./phases.ts";
import type { ServiceConnection } from "./service_connection.ts";

/** Closes in good order, behind a last message if there is one. */
export function close(of: ServiceConnection, last: unknown, options: SendOptions | undefined): void {
  if (of.phase !== "open") return;
  const { inbound, outbound } = of;
  if (last !== undefined) outbound.sendLast(last, options);
  // In the middle of a handshake nothing can be said any more.
  if (of.tlsStart?.isHandshaking) return abort(of);
  enter(of, "close");
  inbound.discard();
  if (!inbound.frameLoop.isPassing) outbound.queue.schedule();
  outbound.queue.dropBarrier();
}

/** Closes once what is queued has left, so that the peer can tell that its stream is cut off. */
export function cutOff(of: ServiceConnection): void {
  of.isCutOff = true;
  close(of, undefined, undefined);
}

/** What was queued has left. */
export function allWritten(of: ServiceConnection): void {
  if (enter(of, "written")) linger(of);
  else if (of.outbound.isEnded && of.phase === "open") endWriting(of);
}

/** Ends it at once, whatever is queued. */
export function abort(of: ServiceConnection): void {
  end(of, "abort");
}

/** Ends it at once if an event does so in the phase that it is in. */
export function end(of: ServiceConnection, event: PhaseEvent): void {
  const isTold = of.phase === "lingering";
  if (!enter(of, event) || of.phase !== "closed") return;
  const { host } = of;
  host.clock.delete(of);
  if (event === "abort") abortQuietly(of.transport);
  else closeQuietly(of.transport);
  of.inbound.stop();
  of.outbound.queue.stop(closedError(of));
  if (!isTold) tellClosed(of);
  host.released(of);
}

/** For its handler it is closed: nothing will be received or sent. Its socket may linger. */
function tellClosed(of: ServiceConnection): void {
  const { host } = of;
  of.hookStage?.end();
  abortSignal(of.abortController, of.error);
  try {
    if (of.relay === undefined) host.handler.onClose?.(of.facade);
    else of.relay.closed(of);
  } catch (thrown) {
    blame(of, thrown);
  }
  host.closed(of);
}

/** The error for those who still wait for something of a closed connection. */
export function closedError(of: ServiceConnection): Error {
  return of.error ?? new ConnectionError("connection_closed", `Cannot flush: connection ${of.id} is closed`);
}

/** All is written: ends writing, and waits for the peer to end too. */
function linger(of: ServiceConnection): void {
  const { deadlines, host } = of;
  tellClosed(of);
  if (of.isCutOff) abort(of);
  else if (of.inbound.isOver) end(of, "peer_ended");
  else if (host.limits.lingerTimeoutMs === 0) end(of, "timed_out");
  else if (deadlines.endedAt > 0) deadlines.endedAt = host.clock.now;
  else endWriting(of);
}

/** Half-closes, once. */
function endWriting(of: ServiceConnection): void {
  if (of.deadlines.endedAt > 0) return;
  of.deadlines.endedAt = of.host.clock.now;
  if (of.inbound.frameLoop.isDone) return end(of, of.phase === "open" ? "ended" : "peer_ended");
  of.transport.closeWrite().catch(() => abort(of));
}

function enter(of: ServiceConnection, event: PhaseEvent): boolean {
  const next = nextPhase(of.phase, event);
  if (next === undefined) return false;
  of.phase = next;
  return true;
}
