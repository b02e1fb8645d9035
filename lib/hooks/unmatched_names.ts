/**
 * Names that no message will ever have: a hook bound to one looks like a guard and guards nothing. Pure.
 *
 * Whether a protocol uses a name is found by trying: the name is read as a message by the protocol's `parse`, and is wrong
 * if the command of that message differs from it in letter case, or ends before it at a space.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import type { AnyProtocol, Codec, Direction } from "../contract/protocol.ts";
import type { HookEntry } from "./hook_entry.ts";
import { namesIn } from "./names.ts";
import { DIRECTION_BITS } from "./pattern.ts";

const DIRECTIONS: readonly Direction[] = ["in", "out"];

/** What is wrong with the names that hooks are bound to, one problem a name. */
export function unmatchedNames(entries: readonly HookEntry[], protocol: AnyProtocol): string[] {
  return entries.flatMap((entry) =>
    boundNames(entry).flatMap(({ name, directions }) => {
      const called = DIRECTIONS.filter((direction) => (directions & DIRECTION_BITS[direction]) !== 0)
        .map((direction) => calledInstead(name, codecOf(protocol, direction)));
      const wanted = called[0];
      // Of a hook for both directions the name may belong to one.
      if (wanted === undefined || called.includes(undefined)) return [];
      return [
        `${entry.label ?? "A hook"} is bound to ${JSON.stringify(name)}, a name that no message has: ` +
        `${protocol.name} calls it ${JSON.stringify(wanted)}`,
      ];
    })
  );
}

function boundNames(entry: HookEntry): { name: string; directions: number }[] {
  if (entry.kind === "sequence") {
    return entry.pattern.positions.flatMap(({ test, directions }) =>
      namesIn(test).map((name) => ({ name, directions }))
    );
  }
  const { commands, direction } = entry;
  if (typeof commands === "function") return [];
  return [commands].flat().map((name) => ({ name, directions: DIRECTION_BITS[direction] }));
}

/** The command of the message that a name reads as; undefined if that is the name, or if it cannot be known. */
// deno-lint-ignore no-explicit-any
function calledInstead(name: string, codec: Codec<any>): string | undefined {
  const [stem, ...rest] = name.split("*");
  if (stem === "") return undefined;
  let called;
  try {
    called = codec.command?.(codec.parse!(stem), undefined!);
  } catch {
    return undefined;
  }
  if (typeof called !== "string" || called === stem) return undefined;
  const [found, wanted] = [stem.toLowerCase(), called.toLowerCase()];
  if (found === wanted) return [called, ...rest].join("*");
  return found.startsWith(`${wanted} `) ? called : undefined;
}
