/**
 * Shapes: checks of values that come from another isolate or process. A shape returns the value built anew, with the
 * fields that it names and no others, so that nothing unchecked passes. Pure.
 *
 * @module
 */

/** Checks a value and returns it built anew. `path` names it in errors. @throws {ShapeError} If it does not fit. */
export type Shape<T> = (value: unknown, path: string) => T;

/** A shape for each field of an object. A field that the type lets be absent is checked only if it is there. */
export type Fields<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };

/** A value that does not have the shape it must have; `code` is `bad_shape`. */
export class ShapeError extends TypeError {
  override readonly name = "ShapeError";
  readonly code = "bad_shape";

  constructor(path: string, value: unknown, wanted: string) {
    super(`${path} is ${describe(value)}, wanted ${wanted}`);
  }
}

/** Longer strings are shown cut. */
const MAX_SHOWN = 40;

/** A string of at most so many UTF-16 units; a longer one is refused. */
export function string(maxLength: number): Shape<string> {
  return (value, path) => {
    if (typeof value === "string" && value.length <= maxLength) return value;
    throw new ShapeError(path, value, `a string of at most ${maxLength} characters`);
  };
}

/** Text for people; a longer one is cut. */
export function text(maxLength: number): Shape<string> {
  return (value, path) => {
    if (typeof value !== "string") throw new ShapeError(path, value, "a string");
    return value.length <= maxLength ? value : `${value.slice(0, maxLength)}...`;
  };
}

/** An integer within bounds. */
export function integer(min: number = 0, max: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return (value, path) => {
    if (Number.isSafeInteger(value) && value as number >= min && value as number <= max) {
      return value as number;
    }
    const wanted = max === Number.MAX_SAFE_INTEGER
      ? `an integer from ${min}`
      : `an integer from ${min} to ${max}`;
    throw new ShapeError(path, value, wanted);
  };
}

/** A finite number from 0. */
export const amount: Shape<number> = (value, path) => {
  if (typeof value === "number" && value >= 0 && value < Infinity) return value;
  throw new ShapeError(path, value, "a number from 0");
};

/** One of several strings. */
export function oneOf<T extends string>(...all: readonly T[]): Shape<T> {
  return (value, path) => {
    if (all.includes(value as T)) return value as T;
    throw new ShapeError(path, value, `one of ${all.join(", ")}`);
  };
}

/** Exactly this value. */
export function exactly<T extends boolean | string>(wanted: T): Shape<T> {
  return (value, path) => {
    if (value === wanted) return wanted;
    throw new ShapeError(path, value, JSON.stringify(wanted));
  };
}

/** An array of at most so many elements. */
export function array<T>(element: Shape<T>, maxLength: number): Shape<T[]> {
  return (value, path) => {
    if (!Array.isArray(value) || value.length > maxLength) {
      throw new ShapeError(path, value, `an array of at most ${maxLength}`);
    }
    return Array.from(value, (one, index) => element(one, `${path}[${index}]`));
  };
}

/** An object with these fields. */
export function object<T extends object>(fields: Fields<T>): Shape<T> {
  const entries = Object.entries(fields) as [string, Shape<unknown>][];
  const optional = new Set(entries.filter(([, shape]) => optionals.has(shape)).map(([name]) => name));
  return (value, path) => {
    if (typeof value !== "object" || value === null) throw new ShapeError(path, value, "an object");
    const built: Record<string, unknown> = {};
    for (const [name, shape] of entries) {
      const field = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
      if (field === undefined && optional.has(name)) continue;
      built[name] = shape(field, `${path}.${name}`);
    }
    return built as T;
  };
}

/** Marks the shape of a field that may be absent. */
export function optional<T>(shape: Shape<T>): Shape<T> {
  const marked: Shape<T> = (value, path) => shape(value, path);
  optionals.add(marked);
  return marked;
}

const optionals: WeakSet<Shape<unknown>> = new WeakSet();

/** Values by names that strangers choose: an object without a prototype, of at most so many names. */
export function record<T>(
  value: Shape<T>,
  { maxNames, maxLength }: { maxNames: number; maxLength: number },
): Shape<Record<string, T>> {
  return (found, path) => {
    if (typeof found !== "object" || found === null || Array.isArray(found)) {
      throw new ShapeError(path, found, "an object");
    }
    const built: Record<string, T> = Object.create(null);
    const names = Object.keys(found);
    if (names.length > maxNames) {
      throw new ShapeError(path, found, `an object of at most ${maxNames} names`);
    }
    for (const name of names) {
      if (name.length > maxLength) {
        throw new ShapeError(path, name, `names of at most ${maxLength} characters`);
      }
      built[name] = value((found as Record<string, unknown>)[name], `${path}[${JSON.stringify(name)}]`);
    }
    return built;
  };
}

function describe(value: unknown): string {
  if (typeof value === "string") {
    return value.length > MAX_SHOWN ? `a string of ${value.length} characters` : JSON.stringify(value);
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return typeof value === "function" || typeof value === "symbol" ? `a ${typeof value}` : String(value);
}
