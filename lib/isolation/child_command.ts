/**
 * The word that makes the program a child.
 *
 * @module
 */

/** The command, not shown by `--help`, that makes the program a child of the server. */
export const CHILD_COMMAND = "child";
