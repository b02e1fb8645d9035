/** The service that is measured with text and frames: answers each message with itself. */

import { defineService } from "@protohost/protohost";

export default defineService({
  onMessage(connection, message) {
    connection.send(message);
  },
});
