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
  text: "The configuration file (default: ./protohost.yaml)",
} as const;

/** How a running server is found. */
export const serverFlags = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    text: "The server's configuration file (default: ./protohost.yaml)",
  },
  control: {
    type: "string",
    value: "PATH",
    text: "The server's control socket (default: the configuration's)",
  },
} as const;

/** JSON output. */
export const jsonFlag = { type: "boolean", text: "Print JSON" } as const;
