/**
 * The same services on Node's `net`.
 *
 *     node node_net.mjs PORT jsonnl|text|frame
 */

import { createServer } from "node:net";
import process from "node:process";
import { answererOf } from "./chunks.mjs";

const [port, format] = process.argv.slice(2);

createServer({ noDelay: true }, (socket) => {
  const answer = answererOf(format);
  socket.on("data", (chunk) => {
    const reply = answer(chunk);
    if (reply.length > 0 && !socket.write(reply)) {
      socket.pause();
      socket.once("drain", () => socket.resume());
    }
  });
  socket.on("error", () => socket.destroy());
}).listen({ host: "127.0.0.1", port: Number(port), backlog: 4096 });
