/**
 * Flags that several commands have.
 *
 * @module
 */

/** The configuration file. */
export const configFlag = {
  type: "string",
  short: "c",
  value: "FILE",
  text: "The configuration, in place of ./protohost.yaml",
} as const;

/** How a running server is found. */
export const serverFlags = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    text: "The configuration of the server, in place of ./protohost.yaml",
  },
  control: {
    type: "string",
    value: "PATH",
    text: "The server's control socket, in place of the configuration's",
  },
} as const;

/** Output for programs. */
export const jsonFlag = { type: "boolean", text: "Print JSON for programs" } as const;
