/**
 * The command of child processes.
 *
 * @module
 */

/** The command, not listed by `--help`, by which the server starts its child processes. */
export const CHILD_COMMAND = "child";
