/**
 * One direction of a proxied connection. Frames that go on as they came leave as the one piece of bytes that they are,
 * at the end of the pass that brought them. Pure.
 *
 * @module
 */

/** Where frames come from. */
export interface BatchSource {
  readonly frameStart: number;
  readonly frameEnd: number;
  view(start: number, end: number): Uint8Array;
}

/** Where they go. */
export interface BatchTarget {
  sendFrames(frames: Uint8Array, count: number): void;
}

/** What has passed and not left yet. */
export class FrameBatch {
  /** Whether the parts that follow belong to a message that goes no further. */
  swallows = false;
  #start = 0;
  #end = 0;
  #count = 0;

  /** Passes the frame that `from` received last. */
  pass(from: BatchSource, to: BatchTarget): void {
    const { frameStart } = from;
    if (this.#count > 0 && frameStart !== this.#end) this.leave(from, to);
    if (this.#count++ === 0) this.#start = frameStart;
    this.#end = from.frameEnd;
  }

  /** Has all leave that has passed. */
  leave(from: BatchSource, to: BatchTarget): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    to.sendFrames(from.view(this.#start, this.#end), count);
  }
}
