/**
 * Checks of single messages, before anything is split.
 *
 * @module
 */

import { equal } from "@std/assert";
import { text } from "../framing/bytes.ts";
import { show, type Subject } from "./subject.ts";

/** `encode` returns bytes or a string for every sample. */
export function encode(subject: Subject): string | undefined {
  return subject.encoded.length === 0 ? "it made nothing" : undefined;
}

/** `decode` gives back exactly what was encoded. */
export function roundTrip(subject: Subject): string | undefined {
  const { samples, join } = subject.options;
  const receiver = subject.open({ handling: "own" });
  for (const [i, piece] of subject.encoded.entries()) {
    const before = receiver.messages.length;
    receiver.push(piece);
    const { failure, waiting } = receiver;
    const where = `sample ${i + 1} (${show(samples[i])})`;
    if (failure) return `${where}: ${failure.name}: ${failure.message}`;
    if (join) continue;
    if (waiting > 0) return `${where}: ${waiting} of its ${piece.length} bytes wait for more`;
    const made = receiver.messages.slice(before);
    if (!equal(made, [samples[i]])) return `${where}: came back as ${made.map(show).join(", ") || "nothing"}`;
  }
  return subject.complaint(receiver);
}

/** `command` names every sample. */
export function command(subject: Subject): string | undefined {
  const { peer } = subject.open();
  for (const [i, sample] of subject.options.samples.entries()) {
    const name: unknown = subject.codec.command?.(sample, peer);
    if (typeof name !== "string") {
      return `sample ${i + 1} (${show(sample)}) is named ${show(name)}, wanted a string`;
    }
  }
  return undefined;
}

/**
 * `parse` makes the given messages of the given texts, and whatever it makes of the samples' own bytes, read as text,
 * survives the way over the wire. It may refuse any text, by an `Error`.
 */
export function parse(subject: Subject): string | undefined {
  for (const [notation, wanted] of subject.options.notations) {
    const message = subject.codec.parse?.(notation);
    if (!equal(message, wanted)) return `${show(notation)} became ${show(message)}, wanted ${show(wanted)}`;
  }
  if (subject.options.join) return undefined;
  for (const piece of subject.encoded) {
    const notation = text(piece).replace(/\r?\n$/, "");
    let message: unknown;
    try {
      message = subject.codec.parse?.(notation);
    } catch (thrown) {
      if (thrown instanceof Error) continue;
      return `${show(notation)}: threw ${show(thrown)}, wanted an Error`;
    }
    const receiver = subject.open({ handling: "own" });
    for (const bytes of subject.encode([message])) receiver.push(bytes);
    const { failure, messages } = receiver;
    if (failure) {
      return `${show(notation)} became ${show(message)}, which does not come back: ${failure.message}`;
    }
    if (!equal(messages, [message])) {
      return `${show(notation)} became ${show(message)}, which comes back as ${
        messages.map(show).join(", ")
      }`;
    }
  }
  return undefined;
}
