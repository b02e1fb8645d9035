/**
 * Clients that check every reply. Each opens a connection, asks for a while, closes it, and begins anew.
 *
 * @module
 */

import type { Random } from "../../lib/testing/random.ts";
import { soon, Wire } from "../support/wire.ts";
import type { Format, SoakService } from "./services.ts";
import type { Place, SoakServer } from "./server.ts";
import type { Tally } from "./tally.ts";

/** A reply that has not come by then does not come. */
const REPLY_MS = 20_000;
/** A datagram's reply. */
const DATAGRAM_MS = 2_000;
const MOST_REQUESTS = 60;
const MOST_IN_FLIGHT = 8;
const MOST_BYTES = 3_000;
const PAUSE_MS = 20;

/** What a client goes by. */
export interface ClientOptions {
  server: SoakServer;
  tally: Tally;
  random: Random;
  /** Distinguishes its requests from all others'. */
  id: number;
  signal: AbortSignal;
}

/** Asks a service until the signal. */
export async function askOnAndOn(service: SoakService, options: ClientOptions): Promise<void> {
  const { server, tally, random, signal } = options;
  const one = service.transport === "udp" ? askByDatagrams : askByStream;
  for (let session = 0; !signal.aborted; session++) {
    const sinceMs = performance.now();
    try {
      await one(service, server.placeOf(service.name), { ...options, session });
      tally.of(service.name).connections++;
    } catch (error) {
      tally.lost(service, (error as { sinceMs?: number }).sinceMs ?? sinceMs, `${(error as Error).message}`);
      await pause(PAUSE_MS * 5);
    }
    await pause(random.below(PAUSE_MS));
  }
}

type Session = ClientOptions & { session: number };

async function askByStream(service: SoakService, place: Place, options: Session): Promise<void> {
  const { tally, random, id, session, signal } = options;
  const wire = await open(service, place);
  try {
    for (let left = 1 + random.below(MOST_REQUESTS), number = 0; left > 0 && !signal.aborted;) {
      const inFlight = Math.min(left, 1 + random.below(MOST_IN_FLIGHT));
      const asked = Array.from(
        { length: inFlight },
        () => exchangeOf(service.format, `${id}.${session}.${number++}`, random),
      );
      const sinceMs = performance.now();
      try {
        await wire.write(joined(asked.map(({ request }) => request)));
        for (const { reply } of asked) {
          const came = await wire.bytes(reply.length);
          if (!same(came, reply)) {
            tally.wrong(service.name, `wanted ${show(reply)}, got ${show(came)}`);
            return;
          }
          tally.of(service.name).replies++;
        }
      } catch (error) {
        throw Object.assign(error as Error, { sinceMs });
      }
      left -= inFlight;
    }
  } finally {
    wire[Symbol.dispose]();
  }
}

async function askByDatagrams(service: SoakService, place: Place, options: Session): Promise<void> {
  const { tally, random, id, session, signal } = options;
  const socket = Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 });
  try {
    const to = { transport: "udp", hostname: "127.0.0.1", port: (place as { port: number }).port } as const;
    for (let left = 1 + random.below(MOST_REQUESTS), number = 0; left > 0 && !signal.aborted; left--) {
      const { request, reply } = exchangeOf(service.format, `${id}.${session}.${number++}`, random, 1_000);
      const sinceMs = performance.now();
      await socket.send(request, to);
      const came = await soon(socket.receive(), "a datagram", DATAGRAM_MS).catch((error) => {
        throw Object.assign(error, { sinceMs });
      });
      if (!same(came[0], reply)) {
        return tally.wrong(service.name, `wanted ${show(reply)}, got ${show(came[0])}`);
      }
      tally.of(service.name).replies++;
    }
  } finally {
    socket.close();
  }
}

async function open({ transport }: SoakService, place: Place): Promise<Wire> {
  let conn: Deno.Conn;
  if ("path" in place) conn = await Deno.connect({ transport: "unix", path: place.path });
  else {
    const tcp = await Deno.connect({ hostname: "127.0.0.1", port: place.port });
    conn = transport === "tls" ? await Deno.startTls(tcp, { hostname: "one.test" }) : tcp;
  }
  const wire = new Wire(conn);
  wire.deadlineMs = REPLY_MS;
  return wire;
}

/** A request that nobody else makes, and what is to come back for it. */
function exchangeOf(
  format: Format,
  name: string,
  random: Random,
  mostBytes = MOST_BYTES,
): { request: Uint8Array; reply: Uint8Array } {
  const text = `${name} ${"x".repeat(random.below(mostBytes))}`;
  switch (format) {
    case "text":
      return echoed(bytes(`${text}\n`));
    case "jsonnl":
      return echoed(bytes(`${JSON.stringify({ type: "message", text })}\n`));
    case "frame": {
      const payload = bytes(text);
      const frame = new Uint8Array(4 + payload.length);
      new DataView(frame.buffer).setUint32(0, frame.length);
      frame.set(payload, 4);
      return echoed(frame);
    }
    case "resp": {
      const bulk = `$${text.length}\r\n${text}\r\n`;
      const set = `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n${bulk}`;
      const getAndDelete = `*2\r\n$6\r\nGETDEL\r\n$${name.length}\r\n${name}\r\n`;
      return { request: bytes(set + getAndDelete), reply: bytes(`+OK\r\n${bulk}`) };
    }
    default:
      return format satisfies never;
  }
}

function echoed(frame: Uint8Array): { request: Uint8Array; reply: Uint8Array } {
  return { request: frame, reply: frame };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

function show(frame: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(frame.subarray(0, 80)));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
