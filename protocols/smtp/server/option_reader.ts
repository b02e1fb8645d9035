/**
 * Reading a service's `options`: all problems at once, each with its path.
 *
 * @module
 */

import { parseDuration, parseSize } from "@protohost/protohost";

/** Wrong options; `code` is `bad_options`. */
export class SmtpOptionsError extends TypeError {
  /** The class's own name. */
  override readonly name = "SmtpOptionsError";
  /** What programs compare. */
  readonly code = "bad_options";

  /** Makes the error of all problems. */
  constructor(problems: readonly string[]) {
    super(`Cannot serve smtp: ${problems.join("; ")}`);
  }
}

type Values = Record<string, unknown>;

/** Reads the values of one mapping; problems are kept for {@linkcode OptionReader.done}. */
export class OptionReader {
  readonly #values: Values;
  readonly #path: string;
  readonly #problems: string[];
  readonly #known: Set<string> = new Set();
  readonly #inner: OptionReader[] = [];

  /** Reads `options`, or a mapping inside them at a path. */
  constructor(values: unknown, path = "options", problems: string[] = []) {
    this.#path = path;
    this.#problems = problems;
    this.#values = isMapping(values) ? values : {};
    if (values !== undefined && !isMapping(values)) this.wrong("", values, "a mapping");
  }

  /** A text, if it is given. */
  text(name: string): string | undefined {
    return this.#read(
      name,
      "a text",
      (value) => typeof value === "string" && value !== "" ? value : undefined,
    );
  }

  /** True or false. */
  flag(name: string, byDefault: boolean): boolean {
    return this.#read(name, "true or false", (value) => typeof value === "boolean" ? value : undefined) ??
      byDefault;
  }

  /** A whole number above 0. */
  count(name: string, byDefault: number): number {
    const wanted = "a whole number above 0";
    return this.#read(name, wanted, (value) => isCount(value) ? value : undefined) ?? byDefault;
  }

  /** A size in bytes. */
  size(name: string, byDefault: number): number {
    const read = (value: unknown) => {
      const size = parseSize(value);
      return isCount(size) ? size : undefined;
    };
    return this.#read(name, "a size such as 25MiB", read) ?? byDefault;
  }

  /** A duration in milliseconds. */
  duration(name: string, byDefault: number): number {
    const read = (value: unknown) => {
      const ms = parseDuration(value);
      return ms !== undefined && ms > 0 ? ms : undefined;
    };
    return this.#read(name, "a duration such as 30s", read) ?? byDefault;
  }

  /** A list of texts, or one. */
  texts(name: string): string[] | undefined {
    return this.#read(name, "a list of texts", (value) => {
      const list = [value].flat();
      return list.every((one) => typeof one === "string") ? list as string[] : undefined;
    });
  }

  /** One of several words. */
  choice<T extends string>(name: string, choices: readonly T[], byDefault: T): T {
    const read = (value: unknown) => choices.find((choice) => choice === value);
    return this.#read(name, `one of ${choices.join(", ")}`, read) ?? byDefault;
  }

  /** A mapping of names to texts. */
  mapping(name: string): Record<string, string> | undefined {
    return this.#read(name, "a mapping of names to texts", (value) => {
      const isRight = isMapping(value) && Object.values(value).every((one) => typeof one === "string");
      return isRight ? value as Record<string, string> : undefined;
    });
  }

  /** A mapping with options of its own, if it is given. */
  inner(name: string): OptionReader | undefined {
    this.#known.add(name);
    if (this.#values[name] === undefined) return undefined;
    const inner = new OptionReader(this.#values[name], `${this.#path}.${name}`, this.#problems);
    this.#inner.push(inner);
    return inner;
  }

  /** Notes a problem. */
  wrong(name: string, value: unknown, wanted: string): void {
    const path = name === "" ? this.#path : `${this.#path}.${name}`;
    const found = JSON.stringify(value)?.slice(0, 80) ?? String(value);
    this.#problems.push(`${path} is ${found}, wanted ${wanted}`);
  }

  /**
   * Ends the reading.
   *
   * @param options Whether names that nobody asked for are allowed.
   * @throws {SmtpOptionsError} If there were problems.
   */
  done({ allowUnknown = false }: { allowUnknown?: boolean } = {}): void {
    if (!allowUnknown) this.#refuseUnknown();
    if (this.#problems.length > 0) throw new SmtpOptionsError(this.#problems);
  }

  #refuseUnknown(): void {
    for (const name of Object.keys(this.#values)) {
      if (this.#known.has(name)) continue;
      this.#problems.push(`${this.#path} has ${name}, wanted only ${[...this.#known].join(", ")}`);
    }
    for (const inner of this.#inner) inner.#refuseUnknown();
  }

  #read<T>(name: string, wanted: string, read: (value: unknown) => T | undefined): T | undefined {
    this.#known.add(name);
    const value = this.#values[name];
    if (value === undefined || value === null) return undefined;
    const result = read(value);
    if (result === undefined) this.wrong(name, value, wanted);
    return result;
  }
}

function isMapping(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
