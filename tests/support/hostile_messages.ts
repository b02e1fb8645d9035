/**
 * Messages as hostile code of a service would send them to the server: right ones with a part spoilt, right ones at the
 * wrong time, other values, endless names and floods. A seed repeats them.
 *
 * @module
 */

import { createStats } from "../../lib/contract/stats.ts";
import type { FromWorker } from "../../lib/spec/worker_messages.ts";
import { Random } from "../../lib/testing/random.ts";

const endpoint = { protocol: "text", transport: "tcp" as const, hostname: "127.0.0.1", port: 1 };
const error = { name: "Error", code: "error", message: "forged", stack: "Error: forged\n    at /x.ts:1:1" };

/** The message that would end this instance by right; the others are to be survived, or refused. */
const LAST_WORDS: readonly string[] = ["load_failed", "listen_failed", "exited", "crashed", "stopped"];

/** Makes hostile messages. */
export class HostileMessages {
  readonly random: Random;
  #count = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** The next one: JSON can carry it. */
  next(): unknown {
    const { random } = this;
    this.#count++;
    const message = this.#right();
    switch (random.below(10)) {
      case 0:
        return this.#value(2);
      case 1:
      case 2:
      case 3:
        return this.#spoilt(message, 3);
      default:
        return message;
    }
  }

  /** The next one as bytes of a pipe: now and then no JSON, or cut. */
  nextBytes(): Uint8Array<ArrayBuffer> {
    const { random } = this;
    const line = `${JSON.stringify(this.next()) ?? ""}\n`;
    const bytes = new TextEncoder().encode(line);
    switch (random.below(200)) {
      case 0:
        return random.bytes(1 + random.below(300));
      case 1:
        return bytes.slice(0, random.below(bytes.length));
      default:
        return bytes;
    }
  }

  /** Whether a message ends its instance by right. */
  static isLast(message: unknown): boolean {
    return LAST_WORDS.includes((message as { type?: string } | null)?.type ?? "");
  }

  #right(): FromWorker {
    const { random } = this;
    const n = this.#count;
    const stats = {
      ...createStats(),
      open: random.below(9),
      errors: { [`e${n}`]: 1 },
      counts: { [this.#name()]: n },
    };
    const all: FromWorker[] = [
      { type: "loaded", endpoints: [endpoint], protocols: ["text", this.#name()] },
      { type: "ready", endpoints: [{ ...endpoint, port: random.below(65536) }] },
      { type: "unlistened" },
      { type: "drained", finished: n, cut: n },
      { type: "pong", id: random.below(100), stats },
      {
        ...{ type: "pong", id: n, stats },
        pool: { processes: n, busy: 0, spare: 0, waiting: 0, memoryBytes: 2 ** 52 },
      },
      {
        type: "connections",
        id: random.below(100),
        connections: [{
          ...{
            id: "good.1.0.1",
            service: "good",
            transport: "tcp",
            remote: "r",
            local: "l",
            state: this.#name(),
          },
          ...{ ageMs: 0, idleMs: 0, bytesRead: 0, bytesWritten: 0, queuedBytes: 0 },
        }],
      },
      {
        type: "publish",
        topic: random.pick(["shared", this.#name()]),
        json: random.pick(['"x"', "{", "[".repeat(5000)]),
      },
      { type: "subscribe", topic: random.pick(["shared", `${n} ${this.#name()}`]) },
      { type: "unsubscribe", topic: random.pick(["shared", this.#name()]) },
      {
        type: "log",
        records: [{
          level: random.pick(["info", "warning", "error", "fatal"]),
          category: random.pick([["protohost", "good"], ["protohost"], [], [this.#name()]]),
          message: `forged by ${n}: Authentication failed from 10.9.9.9`,
          properties: { n, [this.#name()]: this.#value(3), error },
          timestamp: random.pick([0, 1.7e12, 1e99]),
        }],
      },
      { type: "memory", rssBytes: n, grade: random.pick(["ok", "high"]) },
      { type: "restart_wanted" },
      { type: "closed" },
      {
        type: "act",
        id: n,
        request: {
          ...{ hook: random.below(3), action: random.below(3), message: "{}" },
          event: {
            ...{ event: "command", command: "A", direction: "in", at: "2026-01-02T03:04:05Z" },
            connection: { id: "good.1.0.1", remote: "10.9.9.9:1" },
          },
        },
      },
      ...(random.below(20) === 0
        ? [
          { type: "load_failed", error },
          { type: "listen_failed", error },
          { type: "exited", how: "Deno.exit(0)" },
          { type: "crashed", error },
          { type: "stopped", stats },
        ] as const
        : []),
    ];
    return random.pick(all);
  }

  /** The same with one part replaced, left out or added, at any depth. */
  #spoilt(value: unknown, depth: number): unknown {
    const { random } = this;
    if (typeof value !== "object" || value === null || depth === 0 || random.below(4) === 0) {
      return this.#value(2);
    }
    if (Array.isArray(value)) {
      if (random.below(8) === 0) return Array(random.pick([0, 3000, 60_000])).fill(value[0] ?? 1);
      return value.map((one) => this.#spoilt(one, depth - 1));
    }
    const copy: Record<string, unknown> = { ...value };
    const name = random.pick(Object.keys(copy).concat("type"));
    switch (random.below(4)) {
      case 0:
        delete copy[name];
        return copy;
      case 1:
        Object.defineProperty(copy, this.#name(), { value: this.#value(2), enumerable: true });
        return copy;
      default:
        copy[name] = this.#spoilt(copy[name], depth - 1);
        return copy;
    }
  }

  #value(depth: number): unknown {
    const { random } = this;
    const simple: unknown[] = [
      ...[
        null,
        true,
        0,
        -1,
        1.5,
        2 ** 53,
        1e308,
        "",
        "pong",
        "x".repeat(random.pick([50, 2000, 20_000])),
        [],
        {},
      ],
      ...[undefined, "__proto__", "\n\u202e\u001b[2J\0", { length: -1 }, { toString: 1, then: 1 }],
    ];
    if (depth === 0 || random.below(3) > 0) return random.pick(simple);
    if (random.below(2) === 0) return Array.from({ length: random.below(4) }, () => this.#value(depth - 1));
    const object: Record<string, unknown> = {};
    for (let i = random.below(4); i > 0; i--) {
      Object.defineProperty(object, this.#name(), {
        value: this.#value(depth - 1),
        enumerable: true,
        configurable: true,
      });
    }
    return object;
  }

  #name(): string {
    const { random } = this;
    return random.pick([
      ...["constructor", "__proto__", "hasOwnProperty", "then", "toJSON", "stats", "errors", "other", ""],
      ...[`name ${this.#count}`, "n".repeat(300), "a\nb", "\u202e"],
    ]);
  }
}
