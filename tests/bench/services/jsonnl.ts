/** The service that is measured: answers each JSON value with one that depends on it. */

import { defineService } from "@protohost/protohost";

export default defineService<{ id?: unknown }, unknown>({
  onMessage(connection, message) {
    connection.send({ code: typeof message.id === "number" ? 0 : 1, msg: "ok" });
  },
});
