/**
 * The help texts, made of the tables that the program itself goes by.
 *
 * @module
 */

import type { Command } from "./command.ts";
import { commands } from "./commands.ts";
import { EXIT } from "./exit_codes.ts";
import { formatRows } from "./table.ts";
import type { Paint } from "./terminal.ts";

/** What `protohost --help` prints. */
export function overviewHelp(paint: Paint): string {
  return [
    "protohost serves protocols: three functions say what the bytes mean, a handler says what to do.",
    "",
    `${paint.bold("Usage:")} protohost COMMAND [FLAGS]`,
    "",
    paint.bold("Commands:"),
    ...indent(formatRows(commands.map(({ name, summary }) => [paint.cyan(name), summary]))),
    "",
    paint.bold("Start here:"),
    ...indent(formatRows([
      ["protohost run echo://127.0.0.1:7000", paint.dim("# a server in one line; try: nc 127.0.0.1 7000")],
      ["protohost new chat", paint.dim("# a protocol and a service of your own")],
      ["protohost serve", paint.dim("# serves ./protohost.yaml")],
      ["protohost COMMAND --help", paint.dim("# flags and examples of a command")],
    ])),
    "",
    `${paint.bold("Exit codes:")} ${exitCodes()}`,
  ].join("\n");
}

/** What `protohost COMMAND --help` prints. */
export function commandHelp(command: Command, paint: Paint): string {
  const flags = Object.entries(command.flags).map(([name, flag]) => [
    paint.cyan(`${flag.short ? `-${flag.short}, ` : "    "}--${name}${flag.value ? ` ${flag.value}` : ""}`),
    flag.text,
  ]);
  const { usage, text, examples } = command.help;
  return [
    `${paint.bold("Usage:")} protohost ${usage}`,
    "",
    text.trim(),
    "",
    paint.bold("Flags:"),
    ...indent(formatRows([...flags, [paint.cyan("-h, --help"), "Show this"]])),
    "",
    paint.bold("Examples:"),
    ...indent(formatRows(examples.map(([line, what]) => [line, paint.dim(`# ${what}`)]))),
  ].join("\n");
}

function exitCodes(): string {
  return [
    `${EXIT.ok} fine`,
    `${EXIT.failed} the work failed`,
    `${EXIT.usage} wrong usage`,
    `${EXIT.cannotStart} the server cannot start`,
    `${EXIT.noServer} no server at the control socket`,
    `${EXIT.interrupted}, ${EXIT.terminated} a second signal`,
  ].join(", ");
}

function indent(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
