/**
 * Workers whose code is hostile: they do what the server tells them, and send hostile messages beside it. Once one is
 * ended the next goes on.
 *
 * @module
 */

import { createServer, type Server, Socket } from "node:net";
import { MessagePipe } from "../../lib/isolation/message_pipe.ts";
import type { Runner, RunnerEvents, Spawn } from "../../lib/isolation/runner.ts";
import { toLine } from "../../lib/spec/message_lines.ts";
import { createStats } from "../../lib/contract/stats.ts";
import { parseEndpoint } from "../../lib/contract/endpoint.ts";
import type { FromWorker, ToWorker } from "../../lib/spec/worker_messages.ts";
import type { WorkerSpec } from "../../lib/spec/worker_spec.ts";
import type { HostileMessages } from "./hostile_messages.ts";

/** So many messages leave before others get their turn. */
const BURST = 20;

/** Starts hostile workers, each after the other's end, until so many messages have been sent. */
export class HostileWorkers {
  readonly #messages: HostileMessages;
  readonly #done: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #carry: Carrier;
  #left: number;
  /** What a callback of the server threw: nothing should. */
  readonly thrown: unknown[] = [];
  started = 0;

  constructor(messages: HostileMessages, count: number, carry: Carrier) {
    this.#messages = messages;
    this.#left = count;
    this.#carry = carry;
  }

  /** How many messages are still to be sent. */
  get left(): number {
    return this.#left;
  }

  /** Settles once all messages have been sent. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  readonly spawn: Spawn = (events, spec) => {
    this.started++;
    let over = false;
    let serving = false;
    const guarded: RunnerEvents = {
      message: (value) => this.#guard(() => events.message(value)),
      badMessage: (what) => this.#guard(() => events.badMessage(what)),
      failed: (error) => this.#guard(() => events.failed(error)),
    };
    const carried = this.#carry(guarded);
    const burst = () => {
      for (let i = 0; i < BURST && !over && this.#left > 0; i++) {
        this.#left--;
        carried.sendHostile(this.#messages);
      }
      if (this.#left === 0) this.#done.resolve();
      else if (!over) setTimeout(burst, 0);
    };
    const runner: Runner = {
      pid: Deno.pid,
      ended: carried.ended,
      get queuedBytes() {
        return carried.queuedBytes;
      },
      post: (message) => {
        if (over) return;
        const answer = answerTo(message, spec);
        // In its own time, as a worker would.
        if (answer !== undefined) setTimeout(() => over || carried.send(answer), 0);
        const begins = message.type === "listen" ||
          message.type === "load" && spec.handoffSocket !== undefined;
        if (!begins || serving) return;
        serving = true;
        setTimeout(burst, 0);
      },
      terminate() {
        over = true;
        carried.close();
      },
    };
    return runner;
  };

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.thrown.push(error);
    }
  }
}

/** How the messages of one worker reach the server. */
export type Carrier = (events: RunnerEvents) => {
  readonly queuedBytes: number;
  readonly ended: Promise<void>;
  send(message: FromWorker): void;
  sendHostile(messages: HostileMessages): void;
  close(): void;
};

/** As from an isolate: values are cloned. */
export const byClone: Carrier = (events) => ({
  queuedBytes: 0,
  ended: Promise.resolve(),
  send: (message) => events.message(structuredClone(message)),
  sendHostile: (messages) => events.message(structuredClone(messages.next())),
  close() {},
});

/** As from processes: bytes over a socket that the server reads as its end of a pipe. */
export class PipeCarriers implements AsyncDisposable {
  readonly #server: Server;
  readonly #port: Promise<number>;
  readonly #ends: Map<number, Socket | ((socket: Socket) => void)> = new Map();

  constructor() {
    this.#server = createServer((socket) => {
      socket.on("error", () => {});
      const port = socket.remotePort!;
      const waits = this.#ends.get(port);
      if (typeof waits === "function") waits(socket);
      else this.#ends.set(port, socket);
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#server.listen(0, "127.0.0.1", () => resolve((this.#server.address() as { port: number }).port));
    this.#port = promise;
  }

  readonly carry: Carrier = (events) => {
    const near = new Socket();
    const queue: (string | Uint8Array)[] = [];
    const ended = Promise.withResolvers<void>();
    let far: Socket | undefined;
    let closed = false;
    const pipe = new MessagePipe(near, {
      message: events.message,
      badLine: (error) => events.badMessage(error.message),
      closed: () => {
        ended.resolve();
        far?.destroy();
      },
    });
    this.#port.then((port) => {
      near.connect(port, "127.0.0.1", () => {
        const own = near.localPort!;
        const taken = (socket: Socket) => {
          this.#ends.delete(own);
          far = socket;
          if (closed) socket.destroy();
          else for (const bytes of queue.splice(0)) socket.write(bytes);
        };
        const waits = this.#ends.get(own);
        if (waits instanceof Socket) taken(waits);
        else this.#ends.set(own, taken);
      });
    });
    const write = (bytes: string | Uint8Array) => void (far?.write(bytes) ?? queue.push(bytes));
    return {
      get queuedBytes() {
        return pipe.queuedBytes;
      },
      ended: ended.promise,
      send: (message) => write(toLine(message)),
      sendHostile: (messages) => write(messages.nextBytes()),
      close() {
        closed = true;
        pipe.close();
        far?.destroy();
      },
    };
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What a worker that works answers. */
function answerTo(message: ToWorker, spec: WorkerSpec): FromWorker | undefined {
  const stats = createStats();
  switch (message.type) {
    case "load":
      return { type: "loaded", endpoints: spec.listen.map(parseEndpoint), protocols: ["text"] };
    case "listen":
      return {
        type: "ready",
        endpoints: message.endpoints.map((endpoint) =>
          endpoint.transport !== "unix" && endpoint.port === 0 ? { ...endpoint, port: 1 } : endpoint
        ),
      };
    case "unlisten":
      return { type: "unlistened" };
    case "drain":
      return { type: "drained", finished: 0, cut: 0 };
    case "stop":
      return { type: "stopped", stats };
    case "ping":
      return { type: "pong", id: message.id, stats };
    case "connections":
      return { type: "connections", id: message.id, connections: [] };
    default:
      return undefined;
  }
}
