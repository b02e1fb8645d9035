/**
 * Where in the user's code an error comes from. Pure.
 *
 * @module
 */

const ownCode = [new URL("../", import.meta.url).href, new URL("../../main.ts", import.meta.url).href];

/**
 * The frames of a stack (`    at f (file:///srv/chat.ts:1:2)`) without protohost's own; all frames if there are no others,
 * since then protohost itself failed.
 */
export function userFrames(stack: string): string[] {
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line));
  const theirs = frames.filter((frame) => !isOwn(frame) && !/[\s(](?:ext|node):/.test(frame));
  return theirs.length > 0 ? theirs : frames;
}

/** Where in the user's code an error was thrown, as the end of a message: ` (URL:LINE:COLUMN)`; empty if it says so already. */
export function placeOf({ message, stack = "" }: { message: string; stack?: string }): string {
  for (const frame of userFrames(stack)) {
    const place = /(\w+:\/\/\S+?:\d+:\d+)\)?$/.exec(frame)?.[1];
    if (place === undefined || isOwn(frame)) continue;
    return message.includes(place) ? "" : ` (${place})`;
  }
  return "";
}

function isOwn(frame: string): boolean {
  return ownCode.some((url) => frame.includes(url));
}
