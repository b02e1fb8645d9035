/**
 * Goes over everything that can be reached from a value: own and inherited properties, named and by symbol, what getters
 * answer, what iterators yield. Objects of the platform are reached and not looked into.
 *
 * @module
 */

/** Something reached, and on which way. */
export interface Reached {
  path: string;
  value: object;
}

/** Everything that every program has: what global objects lead to. Constructors are known with their prototypes. */
const platform: Set<object> = collectPlatform();

/** All objects and functions that a value leads to, itself first, but those of the platform. */
export function walk(root: unknown, name: string): Reached[] {
  const reached = new Map<object, string>();
  const waiting: [unknown, string][] = [[root, name]];
  for (let next; (next = waiting.shift()) !== undefined;) {
    const [value, path] = next;
    if (!isObject(value) || platform.has(value) || reached.has(value)) continue;
    reached.set(value, path);
    if (isPlatformObject(value)) continue;
    for (const found of membersOf(value, path)) waiting.push(found);
  }
  return [...reached].map(([value, path]) => ({ value, path }));
}

/** Whether it is made by the platform, such as a promise, a signal, a typed array or a set. */
export function isPlatformObject(value: object): boolean {
  if (typeof value === "function" || Array.isArray(value) || value instanceof Error) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype !== null && prototype !== Object.prototype && platform.has(prototype);
}

/** Breaks whatever can be broken of an object: each property in turn, its prototype, its place for new properties. */
export function vandalise(value: object): void {
  for (const key of [...Reflect.ownKeys(value), "injected", "then", "send", "constructor"]) {
    attempt(() => Reflect.set(value, key, null));
    attempt(() => Reflect.defineProperty(value, key, { value: null }));
    attempt(() => Reflect.deleteProperty(value, key));
  }
  attempt(() => Reflect.setPrototypeOf(value, null));
}

function membersOf(value: object, path: string): [unknown, string][] {
  const members: [unknown, string][] = [];
  for (let holder: object | null = value; holder !== null && !platform.has(holder);) {
    for (const key of Reflect.ownKeys(holder)) {
      const where = `${path}.${String(key)}`;
      const { get, set } = Reflect.getOwnPropertyDescriptor(holder, key)!;
      if (get !== undefined) members.push([get, `get ${where}`]);
      if (set !== undefined) members.push([set, `set ${where}`]);
      attempt(() => members.push([Reflect.get(holder!, key, value), where]));
    }
    const above: object | null = Object.getPrototypeOf(holder);
    members.push([above, `prototype of ${path}`]);
    holder = above;
  }
  if (typeof value !== "function" && Symbol.iterator in value) {
    attempt(() =>
      [...value as Iterable<unknown>].forEach((each, i) => members.push([each, `${path}[${i}]`]))
    );
  }
  return members;
}

function collectPlatform(): Set<object> {
  const known = new Set<object>();
  const asyncGenerator = async function* () {};
  const waiting: unknown[] = [
    globalThis,
    ...[[].values(), new Map().values(), new Set().values(), "".matchAll(/x/g), ""[Symbol.iterator]()],
    ...[function* () {}, asyncGenerator, async () => {}].map((made) => Object.getPrototypeOf(made)),
  ];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (!isObject(next) || known.has(next)) continue;
    known.add(next);
    for (const key of Reflect.ownKeys(next)) {
      const { value, get, set } = Reflect.getOwnPropertyDescriptor(next, key)!;
      waiting.push(value, get, set);
    }
    waiting.push(Object.getPrototypeOf(next));
  }
  return known;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}

function attempt(act: () => unknown): void {
  try {
    act();
  } catch { /* What throws is closed to walkers. */ }
}
