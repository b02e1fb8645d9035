/** A conversation by script: HELO, then SAVA and its answer, then whatever the client has to say. */

import { defineService } from "@protohost/protohost";

export default defineService<string>((context) => ({
  async transmission(socket) {
    socket.ping("HELO");
    const answer = await socket.pingPong("SAVA");
    context.log.info("{id} answered {answer}", { id: socket.connection.id, answer });
    let message: string | null;
    while ((message = await socket.pong()) !== null) {
      context.log.info("{id} said {message}", { id: socket.connection.id, message });
    }
  },
  exception(error, socket) {
    context.log.warn("{id} broke off: {reason}", { id: socket.connection.id, reason: error.message });
  },
}));
