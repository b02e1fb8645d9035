/**
 * Chunks in, replies out: the three formats for peers whose runtime hands over chunks of its own.
 *
 * `answererOf(format)` makes what answers the chunks of one connection: a function of a Buffer that returns a string or
 * a Buffer to be written, or an empty string.
 */

const LF = 10;

/**
 * @param {string} format `jsonnl`, `text` or `frame`.
 * @returns {(chunk: Buffer) => string | Buffer}
 */
export function answererOf(format) {
  if (format === "frame") return frames();
  return lines(format === "jsonnl" ? answerJson : answerText);
}

function answerJson(line) {
  const message = JSON.parse(line);
  return JSON.stringify({ code: typeof message.id === "number" ? 0 : 1, msg: "ok" });
}

function answerText(line) {
  return line;
}

function lines(answer) {
  let rest = null;
  return (chunk) => {
    const end = chunk.lastIndexOf(LF) + 1;
    if (end === 0) {
      rest = rest === null ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      return "";
    }
    let text = chunk.utf8Slice(0, end);
    if (rest !== null) text = Buffer.concat([rest, chunk.subarray(0, end)]).utf8Slice();
    rest = end < chunk.length ? Buffer.from(chunk.subarray(end)) : null;
    let replies = "";
    for (let start = 0; start < text.length;) {
      const next = text.indexOf("\n", start);
      replies += answer(text.slice(start, next)) + "\n";
      start = next + 1;
    }
    return replies;
  };
}

function frames() {
  /** Chunks of a frame that is not all there, joined once it is. */
  let parts = [];
  let held = 0;
  let need = 4;
  return (chunk) => {
    let input = chunk;
    if (held > 0) {
      parts.push(Buffer.from(chunk));
      held += chunk.length;
      if (held < need) return "";
      input = Buffer.concat(parts);
      parts = [];
    }
    let start = 0;
    const end = input.length;
    need = 4;
    const spans = [];
    while (end - start >= 4) {
      const length = input.readUInt32BE(start);
      if (length < 4) throw new RangeError(`Cannot take a frame of ${length} bytes, wanted at least 4`);
      if (end - start < length) {
        need = length;
        break;
      }
      spans.push(start + 4, start + length);
      start += length;
    }
    held = end - start;
    if (held > 0) parts.push(Buffer.from(input.subarray(start)));
    if (start === 0) return "";
    const replies = Buffer.allocUnsafe(start);
    let at = 0;
    for (let index = 0; index < spans.length; index += 2) {
      const payload = answerFrame(input.subarray(spans[index], spans[index + 1]));
      replies.writeUInt32BE(payload.length + 4, at);
      replies.set(payload, at + 4);
      at += payload.length + 4;
    }
    return replies;
  };
}

function answerFrame(payload) {
  return payload;
}
