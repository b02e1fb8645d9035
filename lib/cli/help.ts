/**
 * The help texts, generated from the tables that the program uses itself.
 *
 * @module
 */

import type { Command, Help } from "./command.ts";
import { commands } from "./commands.ts";
import { EXIT } from "./exit_codes.ts";
import { formatRows } from "./table.ts";
import type { Paint } from "./terminal.ts";

/** An example and its explanation share a line if both fit in this many columns. */
const EXAMPLE_WIDTH = 100;

/** What `protohost --help` prints. */
export function overviewHelp(paint: Paint): string {
  return [
    "protohost serves protocols: three functions say what the bytes mean, and a handler says what to do.",
    "",
    `${paint.bold("Usage:")} protohost COMMAND [FLAGS]`,
    "",
    paint.bold("Commands:"),
    ...indent(formatRows(commands.map(({ name, summary }) => [paint.cyan(name), summary]))),
    "",
    paint.bold("Start here:"),
    ...indent(formatRows([
      ["protohost run echo://127.0.0.1:7000", paint.dim("# a server in one line; try: nc 127.0.0.1 7000")],
      ["protohost new chat", paint.dim("# your own protocol and service")],
      ["protohost serve", paint.dim("# serves ./protohost.yaml")],
      ["protohost COMMAND --help", paint.dim("# flags and examples of a command")],
      ["protohost --version", paint.dim("# the versions of protohost and its Deno")],
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
    ...indent(formatRows([...flags, [paint.cyan("-h, --help"), "Show this help"]])),
    "",
    paint.bold("Examples:"),
    ...indent(formatExamples(examples, paint)),
  ].join("\n");
}

function exitCodes(): string {
  return [
    `${EXIT.ok} success`,
    `${EXIT.failed} failure`,
    `${EXIT.usage} wrong usage`,
    `${EXIT.cannotStart} cannot start`,
    `${EXIT.noServer} no server running`,
    `${EXIT.denied} permission denied by the control socket`,
    `${EXIT.interrupted}, ${EXIT.quit} and ${EXIT.terminated} second signal`,
  ].join(", ");
}

/** Command lines with their explanations beside them, or beneath if one of the lines is too long for that. */
function formatExamples(examples: Help["examples"], paint: Paint): string[] {
  const width = (column: 0 | 1) => Math.max(...examples.map((example) => example[column].length));
  const fits = width(0) + width(1) <= EXAMPLE_WIDTH;
  if (fits) return formatRows(examples.map(([line, what]) => [line, paint.dim(`# ${what}`)]));
  return examples.flatMap(([line, what]) => [line, `    ${paint.dim(`# ${what}`)}`]);
}

function indent(lines: string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
