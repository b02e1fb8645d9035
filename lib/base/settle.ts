/**
 * Waiting for a promise for a bounded time.
 *
 * @module
 */

/** What {@linkcode settleWithin} answers when the time is over. */
export const late: unique symbol = Symbol("late");

/**
 * Settles as the promise does, or with {@linkcode late} when the time is over; what becomes of it then is not heard.
 *
 * @param timeoutMs 0 for any time.
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
