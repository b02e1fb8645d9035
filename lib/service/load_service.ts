/**
 * Loads the handler and the protocols that a service's configuration names.
 *
 * @module
 */

import type { AnyHandler, ServiceContext, ServiceDefinition } from "../contract/handler.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { type Endpoint, parseEndpoint } from "../contract/endpoint.ts";
import { toError } from "../base/error_record.ts";
import { describeValue, loadDefault } from "../modules/load_module.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { checkedProtocol, resolveProtocol } from "../modules/find_protocol.ts";
import { nameCommands } from "./command_naming.ts";
import type { Binding } from "./service.ts";
import { nearest } from "../base/suggest.ts";

/** An invalid or incomplete service module; `code` is `bad_service`. */
export class ServiceError extends TypeError {
  override readonly name = "ServiceError";
  readonly code = "bad_service";
}

/** The part of a {@linkcode WorkerSpec} that says what to load. */
export type ServiceSource = Pick<
  WorkerSpec,
  "service" | "listen" | "protocol" | "command" | "handler" | "proxy" | "options" | "protocols" | "base"
>;

const callbacks: readonly string[] = [
  "onStart",
  "onConnect",
  "onMessage",
  "onEnd",
  "onBufferFull",
  "onBufferDrain",
  "onError",
  "onClose",
  "onDrain",
  "onStop",
  "transmission",
  "exception",
] satisfies (keyof AnyHandler)[];

/**
 * Loads a service: its module and the protocols of its addresses. Nothing of it is started.
 *
 * @throws {ServiceError} If the module is not a service, or if an address, a protocol or a handler is missing.
 * @throws {ModuleError | ProtocolError | AddressError} If what it names cannot be loaded or read.
 */
export async function loadService(source: ServiceSource, context: ServiceContext): Promise<Binding[]> {
  const definition = source.handler === undefined
    ? undefined
    : await definitionOf(await loadDefault(source.handler, "service"), source.handler, context);
  const bindings: Binding[] = [];
  for (const endpoint of endpointsOf(source, definition)) {
    const protocol = nameCommands(await protocolOf(endpoint, source, definition), source.command);
    const before = bindings.find((binding) => binding.protocol === protocol)?.handler;
    const handler = before ?? handlerOf(protocol, source, definition);
    bindings.push({ endpoint, protocol, handler });
  }
  if (definition) {
    warnOfMistakes(definition, bindings.map(({ protocol }) => protocol), { log: context.log });
  }
  return startOnce(bindings);
}

async function definitionOf(
  exported: unknown,
  url: string,
  context: ServiceContext,
): Promise<ServiceDefinition> {
  const definition = typeof exported === "function" ? await made(() => exported(context), url) : exported;
  if (typeof definition === "object" && definition !== null && !Array.isArray(definition)) return definition;
  const found = typeof exported === "function"
    ? `a function that returns ${describeValue(definition)}`
    : describeValue(exported);
  throw new ServiceError(
    `Cannot use ${url} as a service: wanted a handler object or a function that returns one, found ${found}`,
  );
}

/** What a service's function makes. */
async function made(make: () => unknown, url: string): Promise<unknown> {
  try {
    return await make();
  } catch (cause) {
    const { name, message, stack } = toError(cause);
    const error = new ServiceError(`Cannot use ${url} as a service: its function threw ${name}: ${message}`, {
      cause,
    });
    throw Object.assign(error, { stack });
  }
}

function endpointsOf(source: ServiceSource, definition: ServiceDefinition | undefined): Endpoint[] {
  const addresses = source.listen.length > 0 ? source.listen : [definition?.listen ?? []].flat();
  if (addresses.length === 0) {
    throw new ServiceError(
      `Cannot serve "${source.service}": neither its configuration nor its module says where to listen; wanted ` +
        `listen in the configuration, or export default defineService({ listen: "text://127.0.0.1:7000", ... }) ` +
        "in the module",
    );
  }
  return addresses.map(parseEndpoint);
}

async function protocolOf(
  endpoint: Endpoint,
  source: ServiceSource,
  definition: ServiceDefinition | undefined,
): Promise<AnyProtocol> {
  const own = definition?.protocol;
  const wanted = source.protocol ?? own ?? endpoint.protocol;
  if (typeof wanted !== "string") return checkedProtocol(wanted, `the protocol in ${source.handler}`);
  if (wanted === "") {
    throw new ServiceError(
      `Cannot serve "${source.service}": its address names no protocol, and protocol is not set`,
    );
  }
  return await resolveProtocol(
    /^\.\.?\//.test(wanted) ? new URL(wanted, source.handler).href : wanted,
    source,
  );
}

function handlerOf(
  protocol: AnyProtocol,
  source: ServiceSource,
  definition: ServiceDefinition | undefined,
): AnyHandler {
  if (source.proxy !== undefined) return {};
  const handler = protocol.service?.(definition, source.options) ?? definition;
  if (handler === undefined) {
    throw new ServiceError(
      `Cannot serve "${source.service}": it has no handler, and the protocol ${protocol.name} needs one`,
    );
  }
  const where = source.handler ?? `the service of the protocol ${protocol.name}`;
  const wrong = handlerProblem(handler);
  if (wrong) throw new ServiceError(`Cannot use ${where} as a service: ${wrong}`);
  return handler;
}

function handlerProblem(handler: AnyHandler): string | undefined {
  const given = callbacks.filter((name) => handler[name as keyof AnyHandler] !== undefined);
  for (const name of given) {
    const value = handler[name as keyof AnyHandler];
    if (typeof value !== "function") return `wanted a function as ${name}, found ${describeValue(value)}`;
  }
  if (handler.onMessage && handler.transmission) {
    return "it has both onMessage and transmission: wanted one of them";
  }
  if (given.length === 0) {
    const wanted = `wanted at least one of ${callbacks.join(", ")}`;
    const mistyped = Object.keys(handler).find((key) => nearest(key, callbacks) !== undefined);
    return mistyped === undefined
      ? `${wanted}, found ${describeValue(handler)}`
      : `there is no callback ${mistyped}, did you mean ${nearest(mistyped, callbacks)}?`;
  }
  return undefined;
}

/**
 * Logs a warning for each key that looks like a callback and is not, such as `onMesage`. For protocols with a `service`
 * it logs nothing, since those may have callbacks of their own.
 *
 * @param protocols Those that the handler is for.
 * @param options.known Further valid keys that begin with `on`.
 */
export function warnOfMistakes(
  definition: object,
  protocols: readonly AnyProtocol[],
  { log, known = [] }: { log: ServiceContext["log"]; known?: readonly string[] },
): void {
  if (protocols.some(({ service, callbacks }) => service !== undefined && callbacks === undefined)) return;
  const names = [...callbacks, ...protocols.flatMap((protocol) => protocol.callbacks ?? [])];
  for (const key of Object.keys(definition)) {
    if (names.includes(key) || known.includes(key)) continue;
    const miscased = names.some((name) => name.toLowerCase() === key.toLowerCase());
    if (!/^on[A-Z]/.test(key) && !miscased) continue;
    const guess = nearest(key, names);
    const hint = guess ? `; did you mean ${guess}?` : "";
    log.warn("{warning}", {
      warning: `The handler's ${key} is never called: there is no such callback${hint}`,
    });
  }
}

/** Lets handlers that several protocols made of one start and stop only once. */
function startOnce(bindings: Binding[]): Binding[] {
  const [first, ...others] = bindings;
  return [
    first,
    ...others.map((binding) => {
      const { handler } = binding;
      if (handler === first.handler || handler.onStart !== first.handler.onStart) return binding;
      const started = Object.create(handler, { onStart: { value: undefined }, onStop: { value: undefined } });
      return { ...binding, handler: started };
    }),
  ];
}
