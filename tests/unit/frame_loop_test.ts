import { assertEquals } from "@std/assert";
import { bytes, type Codec, line, skip, text } from "@protohost/protohost";
import { Hold } from "../../lib/framing/frame_loop.ts";
import { feed, loopOf } from "../support/frame_loop.ts";

const lines = line();
/** By frames: `#` begins a comment, `!` what cannot be decoded, `?` what is not even a frame. */
const words: Codec<string> = {
  input(buffer, peer, from) {
    if (buffer[0] === 0x3f) throw new RangeError("no frame");
    return lines(buffer, peer, from);
  },
  decode(frame) {
    const word = text(lines.unwrap(frame));
    if (word.startsWith("!")) throw new RangeError("no message");
    return word.startsWith("#") ? skip : word;
  },
  encode: (message) => message,
};
/** The same, by lines that are read together. */
const read: Codec<string> = {
  ...words,
  input: lines,
  decode: lines.decoder((word) => {
    if (word.startsWith("!")) throw new RangeError("no message");
    return word.startsWith("#") ? skip : word;
  }),
};
const whole: Codec<string> = {
  input: (buffer) => buffer.length,
  decode: (frame) => `all of ${text(frame)}`,
  encode: (message) => message,
};

/** What has settled has been acted on when this has. */
async function turns(): Promise<void> {
  for (let count = 0; count < 5; count++) await Promise.resolve();
}

for (const [how, codec] of [["frame by frame", words], ["as lines", read]] as const) {
  Deno.test(`FrameLoop tells messages, what makes none, and the end, in order when read ${how}`, () => {
    const { loop, heard } = loopOf(codec);
    feed(loop, bytes("a\n#note\nb\nc"));
    assertEquals(heard, ["a", "skipped", "b"]);
    loop.endOfStream();
    assertEquals(heard, ["a", "skipped", "b", "skipped", "lost partial_frame", "end", "ended"]);
    assertEquals([loop.peerEnded, loop.isDone], [true, true]);
  });

  Deno.test(`FrameLoop delivers nothing more while it is held, and goes on when the last hold is released, ${how}`, () => {
    let passes = 0;
    const { loop, heard } = loopOf(codec, {
      passed: () => void passes++,
      message(message) {
        heard.push(message);
        if (message === "stop") loop.hold(Hold.paused | Hold.full);
      },
    });
    feed(loop, bytes("a\nstop\nb\n"));
    feed(loop, bytes("c\n"));
    assertEquals(heard, ["a", "stop"]);
    assertEquals(loop.isFree, false);
    loop.release(Hold.paused);
    loop.release(Hold.busy);
    assertEquals([heard, passes], [["a", "stop"], 2]);
    loop.release(Hold.full);
    assertEquals([heard, passes], [["a", "stop", "b", "c"], 3]);
  });

  Deno.test(`FrameLoop holds the next message back until a promise settles, ${how}`, async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { loop, heard } = loopOf(codec, {
      message: (message) => {
        heard.push(message);
        return message === "wait" ? promise : undefined;
      },
      busy: (pending) => void heard.push(pending ? "busy" : "free"),
    });
    feed(loop, bytes("wait\nb\n"));
    loop.endOfStream();
    await turns();
    assertEquals(heard, ["wait", "busy"]);
    assertEquals(loop.isBusy, true);
    resolve();
    await turns();
    assertEquals(heard, ["wait", "busy", "free", "b", "end", "ended"]);
  });

  Deno.test(`FrameLoop delivers what came before a message that cannot be decoded, and nothing behind it, ${how}`, () => {
    const { loop, heard } = loopOf(codec);
    feed(loop, bytes("a\n!b\nc\n"));
    assertEquals(heard, ["a", "failed bad_message"]);
  });

  Deno.test(`FrameLoop delivers nothing more of a pass that a message closes, ${how}`, () => {
    const { loop, heard } = loopOf(codec, {
      message(message) {
        heard.push(message);
        if (message !== "quit") return;
        loop.hold(Hold.closed);
        loop.buffer.clear();
      },
    });
    feed(loop, bytes("a\nquit\nb\n"));
    assertEquals(heard, ["a", "quit"]);
  });

  Deno.test(`FrameLoop cuts by another codec from the next byte on when a message changes it, ${how}`, () => {
    const { loop, heard } = loopOf(codec, {
      message(message) {
        heard.push(message);
        if (message === "switch") loop.setCodec(whole);
      },
    });
    feed(loop, bytes("a\nswitch\nb\nc"));
    assertEquals(heard, ["a", "switch", "all of b\nc"]);
  });

  Deno.test(`FrameLoop reads as words again what another codec has left, ${how}`, () => {
    const { loop, heard } = loopOf(codec);
    feed(loop, bytes("a\nb"));
    loop.setCodec({ ...whole, input: () => 2 });
    feed(loop, bytes("c"));
    loop.setCodec(codec);
    feed(loop, bytes("d\ne\n"));
    assertEquals(heard, ["a", "all of bc", "d", "e"]);
  });
}

Deno.test("FrameLoop goes on by another codec when bytes that make no frame are survived", () => {
  const { loop, heard } = loopOf(words, {
    failed(_thrown, fallback, frame) {
      heard.push(fallback, frame && text(frame));
      loop.setCodec(whole);
    },
  });
  feed(loop, bytes("a\n?b\nc\n"));
  assertEquals(heard, ["a", "bad_frame", undefined, "all of ?b\nc\n"]);
});

Deno.test("FrameLoop goes on by another codec when bytes that make no message are survived", () => {
  const { loop, heard } = loopOf(words, {
    failed(_thrown, fallback, frame) {
      heard.push(fallback, frame && text(frame));
      loop.setCodec(whole);
    },
  });
  feed(loop, bytes("a\n!b\nc\n"));
  assertEquals(heard, ["a", "bad_message", "!b\n", "all of c\n"]);
});

Deno.test("FrameLoop asks a new codec about what waits, whatever the one before has said of it", () => {
  for (const said of [0, 5]) {
    const { loop, heard } = loopOf({ ...words, input: () => said });
    feed(loop, bytes("ab"));
    loop.setCodec(whole);
    loop.pass();
    assertEquals(heard, ["all of ab"]);
  }
});

Deno.test("FrameLoop names the frame that could not be decoded when it fails", () => {
  const frames: unknown[] = [];
  const { loop } = loopOf(words, {
    failed(thrown, fallback, frame) {
      frames.push((thrown as Error).message, fallback, frame && text(frame));
    },
  });
  feed(loop, bytes("!a\nb\n"));
  assertEquals(frames, ["Cannot decode a frame: no message", "bad_message", "!a\n"]);
});

Deno.test("FrameLoop reports a handler that throws or rejects, and delivers on if that is survived", async () => {
  const { loop, heard } = loopOf(words, {
    message(message) {
      heard.push(message);
      if (message === "throw") throw new Error("thrown");
      if (message === "reject") return Promise.reject(new Error("rejected"));
    },
    failed: (thrown, fallback) => void heard.push(`${fallback}: ${(thrown as Error).message}`),
  });
  feed(loop, bytes("throw\nreject\nc\n"));
  assertEquals(heard, ["throw", "handler_error: thrown", "reject"]);
  await turns();
  assertEquals(heard.slice(3), ["handler_error: rejected", "c"]);
});

Deno.test("FrameLoop makes a message of the rest when the codec knows how, and fails when that cannot be decoded", () => {
  const ending: Codec<string> = {
    ...words,
    end(rest) {
      if (rest[0] === 0x21) throw new RangeError("no");
      return rest[0] === 0x23 ? skip : `rest ${text(rest)}`;
    },
  };
  for (
    const [stream, wanted] of [
      ["a\nb", ["a", "rest b", "end", "ended"]],
      ["a\n#b", ["a", "skipped", "end", "ended"]],
      ["a\n", ["a", "end", "ended"]],
      ["a\n!b", ["a", "failed bad_message"]],
    ] as const
  ) {
    const { loop, heard } = loopOf(ending);
    feed(loop, bytes(stream));
    loop.endOfStream();
    assertEquals(heard, [...wanted]);
  }
});

Deno.test("FrameLoop tells the end once and waits for what is told then when that is a promise", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { loop, heard } = loopOf(words, {
    end() {
      heard.push("end");
      return promise;
    },
  });
  loop.endOfStream();
  loop.endOfStream();
  await turns();
  assertEquals(heard, ["end"]);
  resolve();
  await turns();
  assertEquals(heard, ["end", "ended"]);
});

Deno.test("FrameLoop reports what throws when it is told the end", () => {
  const { loop, heard } = loopOf(words, {
    end() {
      throw new Error("no end");
    },
  });
  loop.endOfStream();
  assertEquals(heard, ["failed handler_error"]);
});

Deno.test("FrameLoop loses what is left of a datagram, and nothing of the next, when it ends within a frame", () => {
  const { loop, heard } = loopOf(words, { datagrams: true });
  for (const datagram of ["a\nb\nc", "d", "", "e\n"]) {
    loop.datagram(bytes(datagram));
  }
  assertEquals(heard, ["a", "b", "lost bad_frame", "lost bad_frame", "lost bad_frame", "e"]);
});

Deno.test("FrameLoop gives what is left of a datagram to the codec's end, also when nothing is", () => {
  const { loop, heard } = loopOf({ ...words, end: (rest) => `rest ${text(rest)}` }, { datagrams: true });
  for (const datagram of ["a\nb", "c\n", ""]) loop.datagram(bytes(datagram));
  assertEquals(heard, ["a", "rest b", "c", "rest "]);
});

Deno.test("FrameLoop drops the rest of a datagram when a part of it is bad, and takes the next", () => {
  const heard: unknown[] = [];
  const { loop } = loopOf({
    ...words,
    decode(frame) {
      if (frame[0] === 0x21) throw new Error("bad");
      return text(frame);
    },
  }, {
    datagrams: true,
    message: (message) => void heard.push(message),
    failed: (_, fallback) => void heard.push(fallback),
  });
  for (const datagram of ["a\n!\nb\n", "c\n"]) loop.datagram(bytes(datagram));
  assertEquals(heard, ["a\n", "bad_message", "c\n"]);
});

Deno.test("FrameLoop reads the lines of a datagram afresh when another codec has taken the rest of the one before", () => {
  const { loop, heard } = loopOf(read, {
    datagrams: true,
    message(message) {
      heard.push(message);
      loop.setCodec(message === "switch" ? whole : read);
    },
  });
  for (const datagram of ["switch\nb\nc\n", "d\ne\nf\n"]) {
    loop.datagram(bytes(datagram));
  }
  assertEquals(heard, ["switch", "all of b\nc\n", "d", "e", "f"]);
});

Deno.test("FrameLoop says after each pass whether it found a frame, and does not begin one within another", () => {
  const { loop, heard } = loopOf(words, {
    message(message) {
      heard.push(message, loop.isPassing);
      loop.pass();
      heard.push("handled");
    },
    passed: (framed) => void heard.push(`passed ${framed}`),
  });
  feed(loop, bytes("a\nb\nc"));
  feed(loop, bytes("d"));
  assertEquals(heard, ["a", true, "handled", "b", true, "handled", "passed true", "passed false"]);
  assertEquals(loop.isPassing, false);
});

Deno.test("FrameLoop does not handle a message when its decode closes the connection", () => {
  const { loop, heard } = loopOf({
    ...words,
    decode(frame) {
      loop.hold(Hold.closed);
      loop.buffer.clear();
      return text(frame);
    },
  });
  feed(loop, bytes("a\nb\n"));
  assertEquals(heard, []);
});
