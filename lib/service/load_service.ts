/**
 * From what a service's configuration names to what serves its addresses.
 *
 * @module
 */

import type { AnyHandler, ServiceContext, ServiceDefinition } from "../contract/handler.ts";
import type { AnyProtocol } from "../contract/protocol.ts";
import { type Endpoint, parseEndpoint } from "../contract/endpoint.ts";
import { describeValue, loadDefault } from "../modules/load_module.ts";
import type { WorkerSpec } from "../spec/worker_spec.ts";
import { checkedProtocol, resolveProtocol } from "../modules/find_protocol.ts";
import type { Binding } from "./service.ts";
import { nearest } from "../base/suggest.ts";

/** A service module that is none, or lacks what it needs; `code` is `bad_service`. */
export class ServiceError extends TypeError {
  override readonly name = "ServiceError";
  readonly code = "bad_service";
}

/** The part of a {@linkcode WorkerSpec} that says what to load. */
export type ServiceSource = Pick<
  WorkerSpec,
  "service" | "listen" | "protocol" | "handler" | "proxy" | "options" | "protocols" | "base"
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
 * @throws {ServiceError} If the module is no service, or if an address, a protocol or a handler is missing.
 * @throws {ModuleError | ProtocolError | AddressError} If what it names cannot be had.
 */
export async function loadService(source: ServiceSource, context: ServiceContext): Promise<Binding[]> {
  const definition = source.handler === undefined
    ? undefined
    : await definitionOf(await loadDefault(source.handler, "service"), source.handler, context);
  const bindings: Binding[] = [];
  for (const endpoint of endpointsOf(source, definition)) {
    const protocol = await protocolOf(endpoint, source, definition);
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
  const definition = typeof exported === "function" ? await exported(context) : exported;
  if (typeof definition === "object" && definition !== null && !Array.isArray(definition)) return definition;
  const found = typeof exported === "function"
    ? `a function that answers ${describeValue(definition)}`
    : describeValue(exported);
  throw new ServiceError(
    `Cannot use ${url} as a service: wanted a handler object or a function that answers one, found ${found}`,
  );
}

function endpointsOf(source: ServiceSource, definition: ServiceDefinition | undefined): Endpoint[] {
  const addresses = source.listen.length > 0 ? source.listen : [definition?.listen ?? []].flat();
  if (addresses.length === 0) {
    throw new ServiceError(
      `Cannot serve "${source.service}": neither its configuration nor its module says where to listen; wanted ` +
        `listen: in the configuration, or export default defineService({ listen: "text://127.0.0.1:7000", ... }) ` +
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
      `Cannot serve "${source.service}": its address names no protocol, and nothing else does`,
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
      `Cannot serve "${source.service}": it has no handler, and the protocol ${protocol.name} has no service of its own`,
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
    return "it has both onMessage and transmission, and a message can go to one of them only";
  }
  if (given.length === 0) {
    return `wanted at least one of ${callbacks.join(", ")}, found ${describeValue(handler)}`;
  }
  return undefined;
}

/**
 * Logs a warning for each key that looks like a callback and is none, such as `onMesage`. A protocol with a service of its
 * own may have callbacks of its own: then nothing is said.
 *
 * @param protocols Those that the handler is for.
 * @param options.known More keys that begin with `on` and are in order.
 */
export function warnOfMistakes(
  definition: object,
  protocols: readonly AnyProtocol[],
  { log, known = [] }: { log: ServiceContext["log"]; known?: readonly string[] },
): void {
  if (protocols.some(({ service }) => service !== undefined)) return;
  for (const key of Object.keys(definition)) {
    if (callbacks.includes(key) || known.includes(key)) continue;
    const miscased = callbacks.some((name) => name.toLowerCase() === key.toLowerCase());
    if (!/^on[A-Z]/.test(key) && !miscased) continue;
    const guess = nearest(key, callbacks);
    const hint = guess ? `; did you mean ${guess}?` : "";
    log.warn("{warning}", {
      warning: `The handler's ${key} is never called: there is no callback of that name${hint}`,
    });
  }
}

/** What several protocols made of one handler starts and stops once. */
function startOnce(bindings: Binding[]): Binding[] {
  const [first, ...others] = bindings;
  return [
    first,
    ...others.map((binding) => {
      const { handler } = binding;
      if (handler === first.handler || handler.onStart !== first.handler.onStart) return binding;
      return { ...binding, handler: { ...handler, onStart: undefined, onStop: undefined } };
    }),
  ];
}
