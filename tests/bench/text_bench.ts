/**
 * What it costs to turn bytes into strings and back, by length, with and without characters beyond ASCII.
 *
 *     deno bench -A tests/bench/text_bench.ts
 *
 * @module
 */

import { bytes, text } from "../../lib/framing/bytes.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();
const target = new Uint8Array(64 * 1024);

for (const length of [4, 12, 32, 64, 200, 1024, 16_384]) {
  for (const [kind, filler] of [["ASCII", "a"], ["not ASCII", "é"]]) {
    const string = filler.repeat(length / encoder.encode(filler).length);
    const encoded = bytes(string);
    const group = `${length} bytes, ${kind}`;
    Deno.bench(`text() of ${group}`, { group, baseline: true }, () => {
      text(encoded);
    });
    Deno.bench(`TextDecoder of ${group}`, { group }, () => {
      decoder.decode(encoded);
    });
    Deno.bench(`bytes() of ${group}`, { group }, () => {
      bytes(string);
    });
    Deno.bench(`encodeInto of ${group}`, { group }, () => {
      encoder.encodeInto(string, target);
    });
  }
}
