import { assertEquals } from "@std/assert";
import { nextPhase, type Phase, type PhaseEvent } from "../../../lib/connection/phases.ts";

const phases: Phase[] = ["open", "closing", "lingering", "closed"];
const events: PhaseEvent[] = ["close", "written", "peer_ended", "timed_out", "limit_reached", "abort"];

/** Phase, event, next phase. Every pair that is not here means nothing. */
const table: [phase: Phase, event: PhaseEvent, next: Phase][] = [
  ["open", "close", "closing"],
  ["open", "abort", "closed"],
  ["closing", "written", "lingering"],
  ["closing", "abort", "closed"],
  ["lingering", "peer_ended", "closed"],
  ["lingering", "timed_out", "closed"],
  ["lingering", "limit_reached", "closed"],
  ["lingering", "abort", "closed"],
];

Deno.test("a connection goes from phase to phase as the table says, and otherwise stays", () => {
  for (const phase of phases) {
    for (const event of events) {
      const next = table.find(([from, on]) => from === phase && on === event)?.[2];
      assertEquals(nextPhase(phase, event), next, `${phase} ${event}`);
    }
  }
});

Deno.test("a connection leaves no phase twice: there is no way back to an earlier one", () => {
  for (const phase of phases) {
    for (const event of events) {
      const next = nextPhase(phase, event);
      if (next !== undefined) assertEquals(phases.indexOf(next) > phases.indexOf(phase), true);
    }
  }
});
