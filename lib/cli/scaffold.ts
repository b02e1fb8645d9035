/**
 * The files that `protohost new` creates. Pure.
 *
 * @module
 */

import { version } from "../base/version.ts";

/** A file to write. */
export interface ScaffoldFile {
  /** From the current folder, with slashes. */
  path: string;
  text: string;
  /**
   * What to add if a file of this path exists already, unless it contains `unless`. Without this, an existing file stops
   * everything.
   */
  add?: { lines: string; unless: string };
}

/** The port of a first service. */
const FIRST_PORT = 7000;

/** A port that the configuration does not use yet. */
export function nextPort(yaml: string): number {
  const taken = [...yaml.matchAll(/:(\d{4,5})\b/g)].map(([, port]) => Number(port));
  let port = FIRST_PORT;
  while (taken.includes(port)) port++;
  return port;
}

/** The files of a new protocol and service of one name. */
export function scaffold(name: string, port: number): ScaffoldFile[] {
  return [
    { path: `protocols/${name}.ts`, text: protocolFile(name) },
    { path: `services/${name}.ts`, text: serviceFile(name) },
    { path: `tests/${name}_test.ts`, text: testFile(name) },
    {
      path: "protohost.yaml",
      text: configFile(name, port),
      add: { lines: serviceEntry(name, port), unless: `  ${name}:` },
    },
    { path: "deno.json", text: denoFile(), add: { lines: importEntry(), unless: `"@protohost/protohost"` } },
  ];
}

function protocolFile(name: string): string {
  return `/**
 * The wire format of ${name}: a verb and the rest of the line.
 *
 *     +------+----+------+----+
 *     | verb | SP | rest | LF |
 *     +------+----+------+----+
 *
 * @module
 */

import { type Protocol, text } from "@protohost/protohost";

/** A message, in both directions. */
export interface Message {
  verb: string;
  rest: string;
}

const protocol: Protocol<Message> = {
  name: "${name}",
  // Where does the first frame end? After the first line feed (10). If there is none yet, indexOf returns -1 and this
  // returns 0: it is called again when more bytes have arrived. The first \`from\` of them were searched before.
  input: (buffer, _connection, from) => buffer.indexOf(10, from) + 1,
  // What does a frame mean?
  decode(frame) {
    const line = text(frame.subarray(0, -1));
    const space = line.indexOf(" ");
    return space < 0
      ? { verb: line, rest: "" }
      : { verb: line.slice(0, space), rest: line.slice(space + 1) };
  },
  // And the way back.
  encode: ({ verb, rest }) => (rest === "" ? \`\${verb}\\n\` : \`\${verb} \${rest}\\n\`),
  // The name of a message, for hooks and counters.
  command: ({ verb }) => verb,
};

export default protocol;

/** Messages to test the protocol with: \`protohost test protocols/${name}.ts\`. */
export const samples: Message[] = [
  { verb: "HELLO", rest: "world" },
  { verb: "SAY", rest: "two  words, naïve ✓" },
  { verb: "BYE", rest: "" },
];
`;
}

function serviceFile(name: string): string {
  return `/** What ${name} does with a message. */

import { defineService } from "@protohost/protohost";
import type { Message } from "../protocols/${name}.ts";

export default defineService<Message>((context) => ({
  onConnect(connection) {
    context.log.info("{id} connected", { id: connection.id });
  },
  onMessage(connection, { verb, rest }) {
    switch (verb) {
      case "HELLO":
        connection.send({ verb: "HELLO", rest });
        break;
      case "BYE":
        connection.close({ verb: "BYE", rest: "" });
        break;
      default:
        connection.send({ verb: "WHAT", rest: verb });
    }
  },
}));
`;
}

function testFile(name: string): string {
  return `/** Run it with: deno test */

import { checkProtocol } from "@protohost/protohost/testing";
import protocol, { samples } from "../protocols/${name}.ts";

Deno.test("${name} keeps the contract of a protocol", () => {
  checkProtocol(protocol, { samples });
});
`;
}

function configFile(name: string, port: number): string {
  return `# Serve this with: protohost serve
log: { level: info, format: pretty }
services:
${serviceEntry(name, port)}`;
}

function serviceEntry(name: string, port: number): string {
  return `  ${name}:
    listen: "${name}://127.0.0.1:${port}"
    handler: ./services/${name}.ts
`;
}

function denoFile(): string {
  return `{
  "imports": {
${importEntry()}  }
}
`;
}

function importEntry(): string {
  const range = version.split(".").slice(0, 2).join(".");
  return `    "@protohost/protohost": "jsr:@protohost/protohost@^${range}"\n`;
}
