/**
 * Decoding lines as text without a view for each: the lines of one read are slices of one string.
 *
 * @module
 */

import type { Codec, Skip } from "../contract/protocol.ts";
import type { Peer } from "../contract/connection.ts";
import { text } from "./bytes.ts";
import { LineReader } from "./line_reader.ts";

/** Makes a message of a line without its end. */
export type ReadLine<M, S> = (line: string, connection: Peer<S>) => M | Skip;

/** A `decode` of lines. */
export type LineDecoder<M, S> = (frame: Uint8Array, connection: Peer<S>) => M | Skip;

/** How a codec reads its lines. */
export interface LineReading {
  /** Cuts the lines of all connections that the codec is used on. */
  readonly reader: LineReader;
  // deno-lint-ignore no-explicit-any
  readonly read: ReadLine<any, any>;
}

/** What a line's `input` and a decoder that belongs to it carry. */
const LINES = Symbol("protohost.lines");

interface Marked {
  [LINES]?: { input: unknown; reading: LineReading };
}

/** Makes a `decode` that goes with an `input` of lines. */
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

/** How a codec reads lines; undefined if it does not, or cuts its frames by other means than its decoder expects. */
// deno-lint-ignore no-explicit-any
export function lineReadingOf({ input, decode }: Codec<any, any>): LineReading | undefined {
  const mark = (decode as Marked)[LINES];
  return mark?.input === input ? mark?.reading : undefined;
}
