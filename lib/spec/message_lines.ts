/**
 * Messages on a pipe: each is one line of JSON. Pure.
 *
 * @module
 */

/** The longest message, in bytes. */
export const MAX_MESSAGE_BYTES = 32 * 1024 ** 2;

const NEWLINE = 10;

/** A line on the pipe that is no message; `code` is `bad_line`. */
export class MessageLineError extends TypeError {
  override readonly name = "MessageLineError";
  readonly code = "bad_line";
}

/** A message as a line. @throws {TypeError | RangeError} If JSON cannot carry it. */
export function toLine(message: object): string {
  return `${JSON.stringify(message)}\n`;
}

/** Takes messages from the bytes of a pipe. */
export class MessageLines {
  readonly #maxBytes: number;
  readonly #decoder: TextDecoder = new TextDecoder();
  /** The pieces of a line whose end has not come. */
  #pieces: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes: number = MAX_MESSAGE_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Takes bytes; returns the messages that they complete.
   *
   * @throws {MessageLineError} If a line is too long or no JSON, once the messages before it have been returned.
   */
  *take(bytes: Uint8Array): Generator<unknown> {
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(NEWLINE, start);
      const piece = bytes.subarray(start, end < 0 ? bytes.length : end);
      this.#length += piece.length;
      if (this.#length > this.#maxBytes) {
        throw new MessageLineError(`message is over ${this.#maxBytes} bytes`);
      }
      if (end < 0) return void this.#pieces.push(piece.slice());
      yield parse(this.#decoder.decode(this.#line(piece)));
      start = end + 1;
    }
  }

  #line(last: Uint8Array): Uint8Array {
    const { length } = this.#pieces;
    if (length === 0) {
      this.#length = 0;
      return last;
    }
    const line = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of [...this.#pieces, last]) {
      line.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#length = 0;
    return line;
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new MessageLineError(`message is no JSON: ${JSON.stringify(line.slice(0, 40))}`);
  }
}
