import { hasUnixSockets } from "../../lib/transport/unix_socket.ts";
import { testSupervisor } from "../integration/supervisor_suite.ts";

if (hasUnixSockets) testSupervisor("connection");
