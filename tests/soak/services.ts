/**
 * The ten services of a soak: every transport and isolation, served and proxied.
 *
 * @module
 */

/** What the messages of a service look like. */
export type Format = "text" | "jsonnl" | "frame" | "resp";

/** What can be done to a service. */
export type FaultName = "throw" | "exit" | "memory" | "hang" | "kill" | "stop";

/** One service. */
export interface SoakService {
  name: string;
  format: Format;
  transport: "tcp" | "tls" | "unix" | "udp";
  isolation: "process" | "worker" | "connection";
  instances?: number;
  /** Behind it stands a server of another make, in place of a handler. */
  upstream?: "echo" | "redis";
  faults: readonly FaultName[];
}

const OWN_CODE = ["throw", "exit", "memory", "hang"] as const;
const PROCESS = ["kill", "stop"] as const;

/** All of them. In a worker code that takes too much memory, or hangs, is the server's end: a documented limit. */
export const SERVICES: readonly SoakService[] = [
  {
    name: "plain",
    format: "text",
    transport: "tcp",
    isolation: "process",
    faults: [...OWN_CODE, ...PROCESS],
  },
  {
    name: "twice",
    format: "text",
    transport: "tcp",
    isolation: "process",
    instances: 2,
    faults: [...OWN_CODE, ...PROCESS],
  },
  {
    name: "secure",
    format: "text",
    transport: "tls",
    isolation: "process",
    faults: [...OWN_CODE, ...PROCESS],
  },
  { name: "local", format: "jsonnl", transport: "unix", isolation: "process", faults: PROCESS },
  { name: "packets", format: "text", transport: "udp", isolation: "process", faults: PROCESS },
  { name: "frames", format: "frame", transport: "tcp", isolation: "process", faults: PROCESS },
  { name: "inside", format: "text", transport: "tcp", isolation: "worker", faults: ["throw", "exit"] },
  { name: "apart", format: "text", transport: "tcp", isolation: "connection", faults: OWN_CODE },
  {
    name: "relay",
    format: "text",
    transport: "tcp",
    isolation: "process",
    upstream: "echo",
    faults: PROCESS,
  },
  {
    name: "store",
    format: "resp",
    transport: "tcp",
    isolation: "process",
    upstream: "redis",
    faults: PROCESS,
  },
];

/** A fault that one connection's code brings on itself, where connections have processes of their own, is no other's. */
export function isAlone({ isolation }: SoakService): boolean {
  return isolation === "connection";
}
