/**
 * Frames of one direction that are forwarded as they came: neighbours leave in one write, at the end of the pass that
 * delivered them. Pure.
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

/** Frames that are to be forwarded and have not been yet. */
export class FrameBatch {
  /** Whether the parts that follow belong to a message that is not forwarded. */
  swallows = false;
  #start = 0;
  #end = 0;
  #count = 0;

  /** Adds the frame that `from` consumed last. */
  pass(from: BatchSource, to: BatchTarget): void {
    const { frameStart } = from;
    if (this.#count > 0 && frameStart !== this.#end) this.leave(from, to);
    if (this.#count++ === 0) this.#start = frameStart;
    this.#end = from.frameEnd;
  }

  /** Sends all frames that were added. */
  leave(from: BatchSource, to: BatchTarget): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    to.sendFrames(from.view(this.#start, this.#end), count);
  }
}
