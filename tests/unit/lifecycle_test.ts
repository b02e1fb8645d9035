import { assert, assertEquals } from "@std/assert";
import {
  deadlineMs,
  mustAnswer,
  type SlotEvent,
  type SlotState,
  transition,
} from "../../lib/supervisor/lifecycle.ts";
import { DEFAULT_TIMING } from "../../lib/supervisor/timing.ts";

const error = { name: "Error", code: "error", message: "boom" };

const states: Record<string, SlotState> = {
  idle: { name: "idle" },
  loading: { name: "loading", revived: false },
  "loading again": { name: "loading", revived: true },
  loaded: { name: "loaded" },
  listening: { name: "listening", revived: false },
  "listening again": { name: "listening", revived: true },
  ready: { name: "ready" },
  wedged: { name: "wedged" },
  unlistening: { name: "unlistening" },
  unlistened: { name: "unlistened" },
  waiting: { name: "waiting" },
  parked: { name: "parked" },
  draining: { name: "draining", timeoutMs: 30 },
  stopping: { name: "stopping", timeoutMs: 5 },
  ended: { name: "ended" },
};

const events: Record<string, SlotEvent> = {
  load: { type: "load" },
  listen: { type: "listen" },
  unlisten: { type: "unlisten" },
  retry: { type: "retry" },
  drain: { type: "drain", timeoutMs: 30, stopTimeoutMs: 5 },
  stop: { type: "stop", timeoutMs: 5 },
  loaded: { type: "loaded" },
  ready: { type: "ready" },
  unlistened: { type: "unlistened" },
  stopped: { type: "stopped" },
  silent: { type: "silent" },
  answered: { type: "answered" },
  drained: { type: "drained", stopTimeoutMs: 5 },
  refused: { type: "refused", error, stopTimeoutMs: 5 },
  broken: { type: "broken", error },
};

/** State, event, next state, what is done. Every pair that is not here means nothing. */
const table: [state: string, event: string, next: string, effects: string][] = [
  ["idle", "load", "loading", "spawn"],
  ["idle", "drain", "ended", ""],
  ["idle", "stop", "ended", ""],
  ["loading", "loaded", "loaded", ""],
  ["loading", "broken", "ended", "terminate"],
  ["loading", "drain", "ended", "terminate"],
  ["loading", "stop", "ended", "terminate"],
  ["loading again", "loaded", "listening again", "listen"],
  ["loading again", "broken", "waiting", "terminate back_off"],
  ["loading again", "unlisten", "parked", "terminate"],
  ["loading again", "drain", "ended", "terminate"],
  ["loading again", "stop", "ended", "terminate"],
  ["loaded", "listen", "listening", "listen"],
  ["loaded", "broken", "ended", "terminate"],
  ["loaded", "drain", "stopping", "stop"],
  ["loaded", "stop", "stopping", "stop"],
  ["listening", "ready", "ready", ""],
  ["listening", "refused", "stopping", "stop"],
  ["listening", "broken", "ended", "terminate"],
  ["listening", "drain", "draining", "drain"],
  ["listening", "stop", "stopping", "stop"],
  ["listening again", "ready", "ready", ""],
  ["listening again", "refused", "waiting", "terminate back_off"],
  ["listening again", "broken", "waiting", "terminate back_off"],
  ["listening again", "unlisten", "parked", "terminate"],
  ["listening again", "drain", "draining", "drain"],
  ["listening again", "stop", "stopping", "stop"],
  ["ready", "silent", "wedged", ""],
  ["wedged", "answered", "ready", ""],
  ["wedged", "unlisten", "unlistening", "unlisten"],
  ["wedged", "broken", "waiting", "terminate back_off"],
  ["wedged", "drain", "draining", "drain"],
  ["wedged", "stop", "stopping", "stop"],
  ["ready", "unlisten", "unlistening", "unlisten"],
  ["ready", "broken", "waiting", "terminate back_off"],
  ["ready", "drain", "draining", "drain"],
  ["ready", "stop", "stopping", "stop"],
  ["unlistening", "unlistened", "unlistened", ""],
  ["unlistening", "broken", "parked", "terminate"],
  ["unlistening", "drain", "draining", "drain"],
  ["unlistening", "stop", "stopping", "stop"],
  ["unlistened", "listen", "listening again", "listen"],
  ["unlistened", "broken", "parked", "terminate"],
  ["unlistened", "drain", "draining", "drain"],
  ["unlistened", "stop", "stopping", "stop"],
  ["waiting", "retry", "loading again", "spawn"],
  ["waiting", "unlisten", "parked", ""],
  ["waiting", "drain", "ended", ""],
  ["waiting", "stop", "ended", ""],
  ["parked", "listen", "loading again", "spawn"],
  ["parked", "drain", "ended", ""],
  ["parked", "stop", "ended", ""],
  ["draining", "drained", "stopping", "stop"],
  ["draining", "broken", "ended", "terminate"],
  ["draining", "stop", "stopping", "stop"],
  ["stopping", "stopped", "ended", "terminate"],
  ["stopping", "broken", "ended", "terminate"],
];

Deno.test("a slot goes from state to state as the table says, and nowhere else", () => {
  for (const [stateName, state] of Object.entries(states)) {
    for (const [eventName, event] of Object.entries(events)) {
      const wanted = table.find(([from, by]) => from === stateName && by === eventName);
      const step = transition(state, event);
      const pair = `${stateName} + ${eventName}`;
      assertEquals(step === undefined, wanted === undefined, pair);
      if (!step || !wanted) continue;
      const { error: _, ...next } = step.state as SlotState & { error?: unknown };
      assertEquals(next as SlotState, states[wanted[2]], pair);
      const effects = step.effects.map((effect) => effect.do === "post" ? effect.message.type : effect.do);
      assertEquals(effects.join(" "), wanted[3], pair);
    }
  }
});

Deno.test("a slot that ends by a failure keeps the error", () => {
  for (const name of ["loading", "loaded", "listening", "draining", "stopping"]) {
    assertEquals(transition(states[name], events.broken)?.state, { name: "ended", error });
  }
});

Deno.test("a stopping slot takes a shorter time to stop, never a longer one", () => {
  const state: SlotState = { name: "stopping", timeoutMs: 100 };
  assertEquals(transition(state, { type: "stop", timeoutMs: 10 })?.state, {
    name: "stopping",
    timeoutMs: 10,
  });
  assertEquals(transition(state, { type: "stop", timeoutMs: 200 }), undefined);
});

Deno.test("every state that waits for an answer has a deadline, the others have none", () => {
  const waits = ["loading", "listening", "unlistening", "draining", "stopping"];
  for (const state of Object.values(states)) {
    assertEquals(deadlineMs(state, DEFAULT_TIMING) !== undefined, waits.includes(state.name), state.name);
  }
  assertEquals(deadlineMs(states.draining, DEFAULT_TIMING), 30 + DEFAULT_TIMING.drainGraceMs);
});

Deno.test("every slot comes to its end, whatever happens, once it is told to stop", () => {
  for (const [name, start] of Object.entries(states)) {
    let state = transition(start, events.stop)?.state ?? start;
    for (const event of [events.loaded, events.ready, events.retry, events.drained, events.stopped]) {
      state = transition(state, event)?.state ?? state;
    }
    assertEquals(state.name, "ended", name);
  }
});

Deno.test("a worker must answer pings whenever there is one that has loaded", () => {
  const names = Object.values(states).filter(mustAnswer).map(({ name }) => name);
  assertEquals([...new Set(names)], [
    "loaded",
    "listening",
    "ready",
    "wedged",
    "unlistening",
    "unlistened",
    "draining",
    "stopping",
  ]);
  assert(!mustAnswer(states.loading));
});
