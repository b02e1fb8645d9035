/**
 * Messages in parts, as contract point 13 has them: a head (`partial: true` if the head itself is not whole without them),
 * then `{ part, last }`, or `complete` in place of `last` where a message has several bodies. Pure.
 *
 * @module
 */

/** Whether a message is a part of the one before it. */
export function isPart(message: unknown): boolean {
  return isObject(message) && "part" in message;
}

/** Whether a message is a head that is nothing without the parts that follow it. */
export function isPartial(message: unknown): boolean {
  return isObject(message) && message.partial === true;
}

/** Whether a message ends here: it is whole, or the last part of one. */
export function isWhole(message: unknown): boolean {
  if (!isObject(message)) return true;
  if (!("part" in message)) return message.partial !== true;
  return "complete" in message ? message.complete === true : message.last === true;
}

function isObject(message: unknown): message is Record<string, unknown> {
  return typeof message === "object" && message !== null;
}
