/**
 * A chat. What one person writes is published, and each instance of the service passes it on to the people connected
 * to it, so that it does not matter which instance somebody reached.
 */

import { type Connection, defineService } from "@protohost/protohost";

const topic = "chat";

interface Said {
  from: string;
  line: string;
}

export default defineService<string>((context) => {
  const { greeting } = context.options as { greeting?: string };
  return {
    onStart() {
      context.subscribe(topic, (message) => {
        const { from, line } = message as Said;
        for (const connection of context.connections) {
          if (connection.id !== from) connection.send(line);
        }
      });
    },
    onConnect(connection) {
      connection.send(`${greeting ?? "Hello"}, ${nameOf(connection)}`);
      context.publish(topic, { from: connection.id, line: `* ${nameOf(connection)} is here` });
    },
    onMessage(connection, line) {
      context.publish(topic, { from: connection.id, line: `${nameOf(connection)}: ${line}` });
    },
    onClose(connection) {
      context.publish(topic, { from: connection.id, line: `* ${nameOf(connection)} has left` });
    },
    onDrain(connection) {
      connection.send("* the chat restarts: come back in a moment");
      connection.close();
    },
  };
});

function nameOf(connection: Connection<string>): string {
  return connection.id.replace(/^chat\./, "guest ");
}
