/**
 * Waiting for a promise for a bounded time.
 *
 * @module
 */

/** The result of {@linkcode settleWithin} when the time is over. */
export const late: unique symbol = Symbol("late");

/**
 * Settles as the promise does, or with {@linkcode late} when the time is over; a later outcome is ignored.
 *
 * @param timeoutMs 0 waits without limit.
 */
export function settleWithin<T>(promise: PromiseLike<T>, timeoutMs: number): Promise<T | typeof late> {
  return new Promise((resolve, reject) => {
    const timer = timeoutMs > 0 ? setTimeout(() => resolve(late), timeoutMs) : undefined;
    promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    }, (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
}
