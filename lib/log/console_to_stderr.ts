/**
 * Redirects `console`.
 *
 * @module
 */

import { Console } from "node:console";
import { Writable } from "node:stream";

/** The methods that write to stdout, and those that keep state for them. */
const METHODS = [
  ...["log", "info", "debug", "dir", "dirxml", "table"] as const,
  ...["group", "groupCollapsed", "groupEnd", "count", "countReset", "time", "timeEnd", "timeLog"] as const,
];

/** Makes all of this isolate's `console` write to stderr: stdout is for output that programs read. */
export function consoleToStderr(): void {
  const { error } = console;
  const stderr = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      error("%s", text.replace(/\n$/, ""));
      done();
    },
  });
  const formatter = new Console(stderr, stderr);
  Object.assign(console, Object.fromEntries(METHODS.map((name) => [name, formatter[name].bind(formatter)])));
}
