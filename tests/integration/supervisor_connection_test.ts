import { hasUnixSockets } from "../../lib/transport/unix_socket.ts";
import { testSupervisor } from "./supervisor_suite.ts";

if (hasUnixSockets) testSupervisor("connection");
