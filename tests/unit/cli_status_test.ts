import { assertEquals } from "@std/assert";
import { formatStatus } from "../../lib/cli/status.ts";
import { createRecorder } from "../../lib/cli/terminal.ts";
import { createStats } from "../../lib/contract/stats.ts";
import type { InstanceStatus, ServerStatus } from "../../lib/supervisor/server_status.ts";

const MIB = 1024 ** 2;
const status: ServerStatus = {
  version: "0.1.0",
  pid: 42,
  state: "running",
  portSharing: true,
  services: [{
    name: "chat",
    state: "running",
    isolation: "process",
    generation: 2,
    addresses: ["text://0.0.0.0:1235"],
    protocols: ["text"],
    crashes: 0,
    restarts: 0,
    instances: [
      instance({ generation: 1, state: "draining", pid: 50, memoryBytes: 90 * MIB, open: 3 }),
      instance({ generation: 2, state: "ready", pid: 60, memoryBytes: 80 * MIB }),
      instance({ generation: 2, state: "ready", instance: 1, pid: 61 }),
    ],
    stats: createStats(),
  }],
};

function instance(words: Partial<InstanceStatus>): InstanceStatus {
  return { generation: 1, instance: 0, state: "ready", since: 0, crashes: 0, restarts: 0, ...words };
}

Deno.test("status shows process and memory of each instance that has a process of its own", () => {
  assertEquals(formatStatus(status, createRecorder().paint, 0).split("\n").slice(2), [
    "SERVICE  STATE    ADDRESS              GEN  UP  OPEN  ACCEPTED   IN  OUT  ERRORS  CRASHES  PID  MEMORY",
    "chat ×2  running  text://0.0.0.0:1235    2   -     0         0  0 B  0 B       0        0   60  80 MiB",
    "                                                                                            61       -",
    "                                                                                            50  90 MiB",
    "chat: generation 1 draining, 3 connections",
  ]);
});
