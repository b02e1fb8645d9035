/**
 * Decoding lines as text: the lines of one read are slices of one string, so that no view is made for each.
 *
 * @module
 */

import type { Codec, Skip } from "../contract/protocol.ts";
import type { Peer } from "../contract/connection.ts";
import { text } from "./bytes.ts";
import { LineReader } from "./line_reader.ts";

/** Makes a message from a line without its end. */
export type ReadLine<M, S> = (line: string, connection: Peer<S>) => M | Skip;

/** A `decode` of lines. */
export type LineDecoder<M, S> = (frame: Uint8Array, connection: Peer<S>) => M | Skip;

/** How a codec reads its lines. */
export interface LineReading {
  /** Reads the lines of all connections of the codec. */
  readonly reader: LineReader;
  // deno-lint-ignore no-explicit-any
  readonly read: ReadLine<any, any>;
}

/** Where a line decoder notes the `input` that it belongs to. */
const LINES = Symbol("protohost.lines");

interface Marked {
  [LINES]?: { input: unknown; reading: LineReading };
}

/** Makes a `decode` for an `input` of lines. */
export function lineDecoder<M, S>(
  framer: { input: unknown; max: number; unwrap(frame: Uint8Array): Uint8Array },
  read: ReadLine<M, S>,
): LineDecoder<M, S> {
  const { input, max } = framer;
  function decode(frame: Uint8Array, connection: Peer<S>): M | Skip {
    return read(text(framer.unwrap(frame)), connection);
  }
  return Object.assign(decode, { [LINES]: { input, reading: { reader: new LineReader(max), read } } });
}

/** How a codec reads lines; undefined if it does not, or if its `input` is not the one that its decoder belongs to. */
// deno-lint-ignore no-explicit-any
export function lineReadingOf({ input, decode }: Codec<any, any>): LineReading | undefined {
  const mark = (decode as Marked)[LINES];
  return mark?.input === input ? mark?.reading : undefined;
}
