/** Answers each JSON value with the same one. */

import { defineService } from "@protohost/protohost";

export default defineService({
  onMessage(connection) {
    connection.send({ code: 0, msg: "ok" });
  },
});
