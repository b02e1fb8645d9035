/**
 * The commands of the program. Each is loaded when it is used, so that `--version` does not load the engine.
 *
 * @module
 */

import type { Command } from "./command.ts";

/** A command before it is loaded. */
export interface CommandEntry {
  name: string;
  /** What it does, in a few words, for the list of commands. */
  summary: string;
  // deno-lint-ignore no-explicit-any
  load(): Promise<{ default: Command<any> }>;
}

/** Every command, in the order of `--help`. */
export const commands: readonly CommandEntry[] = [
  { name: "serve", summary: "Serve a configuration file", load: () => import("./serve.ts") },
  {
    name: "run",
    summary: "Serve one address or one service file, without a configuration",
    load: () => import("./run.ts"),
  },
  {
    name: "new",
    summary: "Create a protocol, a service, a configuration and a test to start from",
    load: () => import("./new.ts"),
  },
  {
    name: "check",
    summary: "Load everything as serve does, and show the plan",
    load: () => import("./check.ts"),
  },
  {
    name: "test",
    summary: "Run the conformance suite on a protocol",
    load: () => import("./test_protocol.ts"),
  },
  {
    name: "protocols",
    summary: "List the protocols that an address can name",
    load: () => import("./protocols.ts"),
  },
  { name: "status", summary: "Show the services of a running server", load: () => import("./status.ts") },
  {
    name: "connections",
    summary: "Show the open connections of a running server",
    load: () => import("./connections.ts"),
  },
  {
    name: "reload",
    summary: "Apply what has changed in the configuration and code of a running server",
    load: () => import("./reload.ts"),
  },
  {
    name: "restart",
    summary: "Restart one service of a running server with its current code",
    load: () => import("./restart.ts"),
  },
  {
    name: "stop",
    summary: "Stop a running server once its connections have finished",
    load: () => import("./stop.ts"),
  },
  {
    name: "hash-password",
    summary: "Hash a password for a configuration",
    load: () => import("./hash_password.ts"),
  },
];
