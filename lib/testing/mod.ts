/**
 * The conformance suite: tests whether a codec keeps the contract, whatever the network does to its bytes.
 *
 * ```ts
 * import { line, type Protocol, text } from "@protohost/protohost";
 * import { checkProtocol } from "@protohost/protohost/testing";
 *
 * const lines = line();
 * const upper: Protocol<string> = {
 *   name: "upper",
 *   input: lines,
 *   decode: (frame) => text(lines.unwrap(frame)),
 *   encode: (message) => lines.wrap(message),
 * };
 *
 * Deno.test("upper keeps the contract", () => {
 *   checkProtocol(upper, { samples: ["", "hello", "naïve"] });
 * });
 * ```
 *
 * It needs no sockets and no permissions. A codec that never returns hangs it, as it would hang its worker.
 *
 * @module
 */

import type { AnyProtocol, Protocol } from "../contract/protocol.ts";
import { checksOf } from "./checks.ts";
import { Subject } from "./subject.ts";

/** What a protocol is tested with. `protohost test` takes a module's exports of these names. */
export interface CheckOptions<In = unknown, Out = In> {
  /**
   * Messages as a client sends them, in an order that makes sense on one connection: if the protocol keeps a session,
   * they are a conversation.
   */
  samples: readonly In[];
  /** Messages as a server sends them, likewise. Required if the protocol has a `reply`. */
  replySamples?: readonly Out[];
  /**
   * For protocols whose messages are pieces of a stream, split where the network happened to: turns messages into what
   * is the same however they were split, such as their joined bytes. That is compared instead of the messages.
   */
  // deno-lint-ignore no-explicit-any
  join?(messages: any[]): unknown;
  /** Texts for `parse`, each with its message. */
  notations?: readonly (readonly [string, In])[];
  /** Repeats the random choices of the run that printed this seed. Without it each run has its own. */
  seed?: number;
  /**
   * How many random buffers each direction gets.
   *
   * @default {2000}
   */
  garbage?: number;
}

/** The outcome of one check. */
export interface CheckResult {
  /** Such as `split in two`; `reply: split in two` for the other direction. */
  name: string;
  /** Whether it passed. */
  passed: boolean;
  /** What failed, where, and with which seed. */
  detail?: string;
}

/** The outcome of the suite. */
export interface ProtocolReport {
  /** The protocol's name. */
  protocol: string;
  /** Whether all checks passed. */
  passed: boolean;
  /** All checks that ran, in their order. */
  checks: CheckResult[];
  /** Names of the checks that did not run because one that they depend on failed. */
  notRun: string[];
  /** The seed that repeats this run. */
  seed: number;
}

/** A protocol does not keep the contract; `code` is `protocol_check_failed`, `report` has the details. */
export class ProtocolCheckError extends Error {
  /** The class's own name. */
  override readonly name = "ProtocolCheckError";
  /** What programs compare. */
  readonly code = "protocol_check_failed";
  /** Every check and its outcome. */
  readonly report: ProtocolReport;

  /** Makes the error of a report with failures. */
  constructor(report: ProtocolReport) {
    const failed = report.checks.filter((check) => !check.passed);
    const lines = failed.map(({ name, detail }) => `\n  ${name}: ${detail}`);
    super(
      `Protocol "${report.protocol}" fails ${failed.length} ${failed.length === 1 ? "check" : "checks"}:${
        lines.join("")
      }`,
    );
    this.report = report;
  }
}

/**
 * Checks a protocol.
 *
 * @throws {ProtocolCheckError} If it fails; the message lists every failure.
 * @throws {TypeError} If there are no samples.
 */
export function checkProtocol<In, Out = In, S = unknown>(
  protocol: Protocol<In, Out, S>,
  options: CheckOptions<In, Out>,
): void {
  const report = inspectProtocol(protocol, options);
  if (!report.passed) throw new ProtocolCheckError(report);
}

/**
 * Checks a protocol and returns the report.
 *
 * @throws {TypeError} If there are no samples.
 */
export function inspectProtocol<In, Out = In, S = unknown>(
  protocol: Protocol<In, Out, S>,
  options: CheckOptions<In, Out>,
): ProtocolReport {
  const { samples, replySamples = [], join, notations = [], garbage = 2000 } = options;
  if (!samples?.length) {
    throw new TypeError("Cannot check a protocol: there are no samples, wanted at least one");
  }
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
  const report: ProtocolReport = {
    protocol: String(protocol?.name),
    passed: true,
    checks: [],
    notRun: [],
    seed,
  };

  const shape = complaintAboutShape(protocol, replySamples.length > 0);
  add(report, "shape", shape);
  if (shape === undefined) {
    const given = { join, seed, garbage };
    run(report, "", new Subject(protocol, "in", { ...given, samples, notations }));
    if (replySamples.length > 0) {
      run(
        report,
        "reply: ",
        new Subject(protocol, "out", { ...given, samples: replySamples, notations: [] }),
      );
    }
  }
  report.passed = report.checks.every((check) => check.passed);
  return report;
}

function run(report: ProtocolReport, prefix: string, subject: Subject): void {
  const passed = new Set<string>();
  for (const { name, needs, check } of checksOf(subject)) {
    if (!needs.every((need) => passed.has(need))) {
      report.notRun.push(prefix + name);
      continue;
    }
    let complaint: string | undefined;
    try {
      complaint = check(subject);
    } catch (error) {
      complaint = `threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
    }
    if (complaint === undefined) passed.add(name);
    add(report, prefix + name, complaint);
  }
}

function add(report: ProtocolReport, name: string, detail: string | undefined): void {
  report.checks.push(detail === undefined ? { name, passed: true } : { name, passed: false, detail });
}

function complaintAboutShape(protocol: AnyProtocol, hasReplySamples: boolean): string | undefined {
  if (typeof protocol !== "object" || protocol === null) {
    return `a protocol is an object, not ${typeof protocol}`;
  }
  if (typeof protocol.name !== "string" || protocol.name === "") return "it has no name";
  for (const [prefix, codec] of [["", protocol], ["reply.", protocol.reply]] as const) {
    if (codec === undefined) continue;
    for (const part of ["input", "decode", "encode"] as const) {
      if (typeof codec[part] !== "function") {
        return `${prefix}${part} is ${typeof codec[part]}, wanted a function`;
      }
    }
  }
  if (protocol.reply && !hasReplySamples) {
    return "it has a reply, but there are no replySamples";
  }
  return undefined;
}
