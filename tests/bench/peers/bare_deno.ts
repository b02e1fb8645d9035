/**
 * The least that a server of frames takes on Deno: a hand-tuned loop around `Deno.listen`, without limits, counters,
 * hooks, back-pressure between peers or a protocol that could be another. What protohost is compared with.
 *
 *     deno run -A bare_deno.ts PORT jsonnl|text|frame
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** What an idle connection pins. */
const IDLE_BYTES = 512;
/** The most that one read asks for, unless a longer frame is awaited. */
const READ_BYTES = 64 * 1024;
/** Up to here `utf8Slice` is faster than a decoder. */
const SLICE_BYTES = 200;
const LF = 10;

type Slice = (this: Uint8Array, start: number, end: number) => string;
const { utf8Slice } = Buffer.prototype as unknown as { utf8Slice: Slice };
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Answers what has been received up to `end`; returns how much of it is used up. */
type Answer = (input: Uint8Array, end: number) => number;

const [port, format] = Deno.args;
const answers: Record<string, Answer> = { jsonnl: answerJson, text: answerText, frame: answerFrames };
const answer = answers[format];

/** What the pass under way answers; goes to the free ones once it is written. */
let output: Uint8Array<ArrayBuffer> = new Uint8Array(READ_BYTES);
let outputEnd = 0;
const free: Uint8Array<ArrayBuffer>[] = [];
/** How many bytes the frame that is being awaited has; 0 if that is not known. */
let awaited = 0;

const listener = Deno.listen({ hostname: "127.0.0.1", port: Number(port) });
for (;;) serve(await listener.accept());

async function serve(connection: Deno.TcpConn): Promise<void> {
  let input: Uint8Array<ArrayBuffer> = new Uint8Array(IDLE_BYTES);
  let held = 0;
  try {
    connection.setNoDelay(true);
    for (;;) {
      const count = await connection.read(held === 0 ? input : input.subarray(held));
      if (count === null) break;
      held += count;
      awaited = 0;
      const used = answer(input, held);
      let grown = input;
      if (held === input.length || awaited > input.length) {
        const fit = Math.min(input.length * 4, READ_BYTES);
        const wanted = Math.max(fit, used === 0 ? held * 2 : 0, awaited);
        if (wanted > input.length) grown = new Uint8Array(wanted);
      }
      if (used < held) grown.set(input.subarray(used, held));
      input = grown;
      held -= used;
      if (outputEnd === 0) continue;
      const bytes = output;
      const end = outputEnd;
      output = free.pop() ?? new Uint8Array(READ_BYTES);
      outputEnd = 0;
      for (let at = 0; at < end;) at += await connection.write(bytes.subarray(at, end));
      free.push(bytes);
    }
  } catch { /* The peer is gone. */ }
  try {
    connection.close();
  } catch { /* It was closed already. */ }
}

function answerJson(input: Uint8Array, end: number): number {
  const used = input.lastIndexOf(LF, end - 1) + 1;
  if (used === 0) return 0;
  const lines = textOf(input, used);
  let replies = "";
  for (let start = 0; start < lines.length;) {
    const next = lines.indexOf("\n", start);
    replies += JSON.stringify(handleJson(JSON.parse(lines.slice(start, next)))) + "\n";
    start = next + 1;
  }
  put(replies);
  return used;
}

function answerText(input: Uint8Array, end: number): number {
  const used = input.lastIndexOf(LF, end - 1) + 1;
  if (used === 0) return 0;
  const lines = textOf(input, used);
  let replies = "";
  for (let start = 0; start < lines.length;) {
    const next = lines.indexOf("\n", start);
    replies += handleText(lines.slice(start, next)) + "\n";
    start = next + 1;
  }
  put(replies);
  return used;
}

function answerFrames(input: Uint8Array, end: number): number {
  let start = 0;
  while (end - start >= 4) {
    const length =
      (input[start] << 24 | input[start + 1] << 16 | input[start + 2] << 8 | input[start + 3]) >>> 0;
    if (length < 4) throw new RangeError(`Cannot take a frame of ${length} bytes, wanted at least 4`);
    if (end - start < length) {
      awaited = length;
      break;
    }
    const reply = handleFrame(input.subarray(start + 4, start + length));
    const size = reply.length + 4;
    room(size);
    output[outputEnd] = size >>> 24;
    output[outputEnd + 1] = size >>> 16;
    output[outputEnd + 2] = size >>> 8;
    output[outputEnd + 3] = size;
    output.set(reply, outputEnd + 4);
    outputEnd += size;
    start += length;
  }
  return start;
}

function handleJson(message: { id?: unknown }): unknown {
  return { code: typeof message.id === "number" ? 0 : 1, msg: "ok" };
}

function handleText(line: string): string {
  return line;
}

function handleFrame(payload: Uint8Array): Uint8Array {
  return payload;
}

/** Writes a string as UTF-8 behind what is being answered. */
function put(replies: string): void {
  room(replies.length * 3);
  const { written } = encoder.encodeInto(replies, outputEnd === 0 ? output : output.subarray(outputEnd));
  outputEnd += written;
}

function room(count: number): void {
  if (outputEnd + count <= output.length) return;
  const grown = new Uint8Array(Math.max(output.length * 2, outputEnd + count));
  grown.set(output.subarray(0, outputEnd));
  output = grown;
}

function textOf(input: Uint8Array, end: number): string {
  return end > SLICE_BYTES ? decoder.decode(input.subarray(0, end)) : utf8Slice.call(input, 0, end);
}
