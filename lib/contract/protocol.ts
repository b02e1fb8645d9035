/**
 * A wire format: the types that users write protocols against. `docs/contract.md` states what each part promises.
 *
 * Directions are named from the server's side: `In` is what a client sends, `Out` is what a server answers.
 *
 * @module
 */

import type { Peer } from "./connection.ts";
import type { CodedError } from "./connection_error.ts";
import type { Handler } from "./handler.ts";
import type { LimitsInput } from "./limits.ts";

/** What `decode` and `end` answer when the bytes are consumed but make no message. */
export const skip: unique symbol = Symbol.for("protohost.skip");

/** The type of {@linkcode skip}. */
export type Skip = typeof skip;

/** Which way a message goes: `"in"` from client to server, `"out"` from server to client. */
export type Direction = "in" | "out";

/** One direction of a wire format: where a frame ends, what it says, and the way back. */
export interface Codec<M, S = unknown> {
  /**
   * Finds the end of the first frame.
   *
   * @param buffer All bytes received and not yet consumed. A view: valid during the call only.
   * @param connection The connection they came by.
   * @param from How many of these bytes an earlier call that answered 0 has already seen. A delimiter of several
   *   bytes may straddle it.
   * @returns `0`: not enough bytes to know; asked again when more are there. `N > 0`: the frame is the first N bytes,
   *   whether they are all there yet or not; not asked again until they are. A negative, fractional or NaN answer, one
   *   above `maxFrameBytes`, or a throw is a bad frame, which ends the connection.
   */
  input(buffer: Uint8Array, connection: Peer<S>, from: number): number;
  /**
   * Makes a message of one whole frame, or answers {@linkcode skip}. The session changes here and nowhere else.
   *
   * @param frame Exactly the bytes that `input` delimited. A view: keep a copy, never the frame.
   */
  decode(frame: Uint8Array, connection: Peer<S>): M | Skip;
  /** Makes the bytes of one message (a string is sent as UTF-8); the inverse of this codec's `decode`. */
  encode(message: M, connection: Peer<S>): Uint8Array | string;
  /** Names a message, for hooks and counters. */
  command?(message: M, connection: Peer<S>): string;
  /**
   * Like `decode`, for a frame that a proxy forwards as it came and that no hook looks at: notes in the session what
   * `decode` would, and may leave out of the message what only hooks and handlers read. Without it, `decode` is called.
   */
  skim?(frame: Uint8Array, connection: Peer<S>): M | Skip;
  /** Makes a message of its human notation, as rules and replies in YAML write it. */
  parse?(text: string): M;
  /** What the bytes left over at the end of the stream mean. Without it they are counted as lost. */
  end?(rest: Uint8Array, connection: Peer<S>): M | Skip;
}

/** What an upgrade changes: `"tls"` what stands under the connection, the others what stands over it. */
// deno-lint-ignore no-explicit-any
export type Upgrade = "tls" | "raw" | Protocol<any, any, any>;

/** What becomes of a request that hooks keep from the server. */
export interface Withdrawal<In> {
  /**
   * What goes to the server in its place, so that the server's state is the same as after a refusal of its own. A hook's
   * reply takes the place of the server's answer to it; where a hook has dropped the request, that answer is dropped too.
   */
  instead?: In;
  /**
   * Whether the client waits for an answer; if not, it does not hear a hook's reply either.
   *
   * @default {true}
   */
  isAnswered?: boolean;
}

/** What names the commands of a service, where its protocol leaves that to users. */
export interface CommandNaming {
  /** The key of a message that holds its command. */
  key: string;
}

/** How a request came that may be ambiguous. */
export interface AmbiguousOptions {
  /** Whether a hook asks for requests of this name, so that what is in it matters too. */
  readonly isHooked: boolean;
  /** The bytes of the request. A view: valid during the call only. */
  readonly frame: Uint8Array;
}

/**
 * A wire format. Any object with `name`, `input`, `decode` and `encode` is one; the rest serves protocols that keep a
 * session, speak differently in the two directions, or change their ground under way.
 */
export interface Protocol<In, Out = In, S = unknown> extends Codec<In, S> {
  /** The name by which an address asks for it; its case is ignored there. */
  name: string;
  /** Server to client, where it differs. A server receives by the protocol and sends by its `reply`. */
  reply?: Codec<Out, S>;
  /** Makes the protocol's own state of one connection, both directions. */
  session?(): S;
  /** The limits of connections that speak this, in place of the defaults; those of the configuration go over them. */
  limits?: LimitsInput;
  /** Whether the server speaks first: no reply of a proxy's own comes before that greeting. */
  greets?: boolean;
  /** Makes the handler of a service from what the user gave: greeting, adapters, a built-in service. */
  service?(user: unknown, options: unknown): Handler<In, Out, S>;
  /** The callbacks that `service` takes beside a handler's own, so that a misspelt one is told. Without it none is. */
  callbacks?: readonly string[];
  /**
   * Whether this message changes what stands under or over the wire, for what follows it. The direction is `"in"` from
   * client to server and `"out"` from server to client, on whichever side this runs.
   */
  upgrade?(
    message: In | Out,
    direction: Direction,
    connection: Peer<S>,
  ): Upgrade | undefined;
  /** The same protocol, whose messages are named by what this key holds: for formats that let every user choose one. */
  namedBy?(key: string): Protocol<In, Out, S>;
  /** Whether this message is a request that will be answered; without it, every message is that is not a part. */
  asks?(message: In, connection: Peer<S>): boolean;
  /**
   * A hook of a proxy has answered or dropped this request, the last that was decoded: it does not reach the server. What
   * `decode` noted of it is to be forgotten. Where the server has a state that its own refusal would change, such as a
   * transaction, the answer says what goes to it instead; then `asks` speaks of that.
   */
  withdrawn?(message: In, connection: Peer<S>): Withdrawal<In> | void;
  /**
   * A hook of a proxy has put another message in the place of this request, the last that was decoded. What `decode`
   * noted of the request is to be forgotten, and the same noted of the other; then `asks` speaks of that.
   */
  replaced?(message: In, by: In, connection: Peer<S>): void;
  /**
   * What a client hears of a request that the server behind may read as another than `command` says: such a request goes
   * no further. Undefined if there is no doubt. A proxy asks where hooks can decide on requests.
   */
  ambiguous?(message: In, connection: Peer<S>, options: AmbiguousOptions): Out | undefined;
  /**
   * The plain form of a request that is clear, but not written as the strict grammar has it: hooks see it and the server
   * gets it in the place of what came. Undefined if there is nothing to change. A proxy asks where a hook asks for requests
   * of this name.
   */
  plain?(message: In, connection: Peer<S>): In | undefined;
  /** Whether this reply completes the oldest open request. */
  answers?(message: Out, connection: Peer<S>): boolean;
  /**
   * This reply without the offer of TLS that it makes; undefined if it makes none. A proxy asks where TLS cannot be
   * started on the client's connection: a client that took the offer would be lost.
   */
  withoutTls?(message: Out, connection: Peer<S>): Out | undefined;
  /**
   * What a client hears when the upstream is not there: as its greeting if the protocol {@linkcode greets}, else in answer
   * to each request of its first read.
   */
  unavailable?(cause: CodedError): Out;
  /**
   * What a client of a proxy hears before an error of its own ends its connection: its bytes make no frame, a time is
   * over. It is asked for when its turn has come, behind the upstream's answers to what came before; where these do not
   * come, it stands in the place of the first of them. Without it, or if it answers undefined, the connection ends without
   * a word.
   */
  refusal?(error: CodedError, connection: Peer<S>): Out | undefined;
}

/** A protocol of whatever messages. */
// deno-lint-ignore no-explicit-any
export type AnyProtocol = Protocol<any, any, any>;
