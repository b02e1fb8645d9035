/**
 * One direction of a protocol under test: its codec, its samples, and what every check asks of them.
 *
 * @module
 */

import { codecOf } from "../contract/codec_of.ts";
import { equal } from "@std/assert";
import { inspect } from "node:util";
import { bytes, concat } from "../framing/bytes.ts";
import type { AnyProtocol, Codec } from "../contract/protocol.ts";
import type { Side } from "../contract/connection.ts";
import { DEFAULT_LIMITS, type Limits } from "../contract/limits.ts";
import { Random } from "./random.ts";
import type { Handling } from "./lend.ts";
import { createPeer, Receiver } from "./receiver.ts";

/** What a direction is checked with. */
export interface SubjectOptions {
  samples: readonly unknown[];
  join?: (messages: unknown[]) => unknown;
  notations: readonly (readonly [string, unknown])[];
  seed: number;
  garbage: number;
}

/** One direction of a protocol. */
export class Subject {
  readonly codec: Codec<unknown>;
  readonly options: SubjectOptions;
  readonly random: Random;
  readonly #protocol: AnyProtocol;
  readonly #side: Side;
  #encoded: Uint8Array[] | undefined;
  #stream: Uint8Array | undefined;
  #frames: Uint8Array[] | undefined;

  /** Takes the protocol's own codec for what comes in, and its `reply`, if it has one, for what goes out. */
  constructor(protocol: AnyProtocol, direction: "in" | "out", options: SubjectOptions) {
    this.#protocol = protocol;
    this.#side = direction === "in" ? "server" : "client";
    this.codec = codecOf(protocol, direction);
    this.options = options;
    this.random = new Random(options.seed);
  }

  /** The bytes of each sample, as its sender makes them. */
  get encoded(): readonly Uint8Array[] {
    return this.#encoded ??= this.encode(this.options.samples);
  }

  /** The bytes of all samples. */
  get stream(): Uint8Array {
    return this.#stream ??= concat(this.encoded);
  }

  /** The frames that the samples' bytes are cut into when each sample comes alone. */
  get frames(): readonly Uint8Array[] {
    if (this.#frames === undefined) {
      const receiver = this.open();
      for (const piece of this.encoded) receiver.push(piece);
      this.#frames = receiver.frames;
    }
    return this.#frames;
  }

  /** Limits that every sample keeps. */
  get limits(): Limits {
    const longest = Math.max(0, ...(this.#encoded ?? []).map((piece) => piece.length));
    return { ...DEFAULT_LIMITS, maxFrameBytes: Math.max(DEFAULT_LIMITS.maxFrameBytes, 2 * longest) };
  }

  /** Encodes messages, as the sender of this direction, on a connection of their own. */
  encode(messages: readonly unknown[]): Uint8Array[] {
    const sender = createPeer(this.#protocol, this.#side === "server" ? "client" : "server", DEFAULT_LIMITS);
    return messages.map((message) => {
      const made = this.codec.encode(message, sender);
      if (typeof made === "string") return bytes(made);
      if (made instanceof Uint8Array) return made.slice();
      throw new TypeError(`encode returned ${show(made)}, wanted a Uint8Array or a string`);
    });
  }

  /** Opens a connection that receives this direction. */
  open(options: { handling?: Handling; maxFrameBytes?: number } = {}): Receiver {
    const { handling, maxFrameBytes } = options;
    const limits = maxFrameBytes === undefined ? this.limits : { ...this.limits, maxFrameBytes };
    return new Receiver(this.codec, createPeer(this.#protocol, this.#side, limits), handling);
  }

  /** Opens a connection that has received so many of the samples' frames. */
  openAt(frame: number): Receiver {
    const receiver = this.open();
    for (const bytes of this.frames.slice(0, frame)) receiver.push(bytes);
    return receiver;
  }

  /** What is wrong with a connection that was sent all samples; undefined if it has received them. */
  complaint(receiver: Receiver): string | undefined {
    const { messages, failure, waiting, peer } = receiver;
    if (failure) return `${show(messages.length)} messages, then ${failure.name}: ${failure.message}`;
    if (peer.closed) return `${messages.length} messages, then the codec closed the connection`;
    if (waiting > 0) return `${messages.length} messages, and ${waiting} bytes that wait for more`;
    const { samples, join } = this.options;
    if (join) {
      const [got, wanted] = [join(messages), join([...samples])];
      return equal(got, wanted) ? undefined : `joined ${show(got)}, wanted ${show(wanted)}`;
    }
    for (const [i, message] of messages.entries()) {
      if (i >= samples.length) break;
      if (!equal(message, samples[i])) {
        return `message ${i + 1} is ${show(message)}, wanted ${show(samples[i])}`;
      }
    }
    if (messages.length === samples.length) return undefined;
    return `${messages.length} messages, wanted ${samples.length}`;
  }

  /** What is wrong with a connection that is sent all samples in pieces of these sizes. */
  complaintAboutSizes(sizes: readonly number[], handling?: Handling): string | undefined {
    const { stream } = this;
    const receiver = this.open({ handling });
    let at = 0;
    for (const size of sizes) receiver.push(stream.subarray(at, at += size));
    return this.complaint(receiver);
  }
}

/** A value in one short line. */
export function show(value: unknown): string {
  const line = inspect(value, { depth: 4, breakLength: Infinity, maxArrayLength: 24, maxStringLength: 100 });
  return line.length > 240 ? `${line.slice(0, 240)}...` : line;
}
