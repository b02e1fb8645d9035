/**
 * The protocols that come with protohost. Loaded when asked for, since they import what users import; but for what their
 * own services use, which the server has to know before there is a service.
 *
 * @module
 */

import { needs as smtpNeeds } from "../../protocols/smtp/needs.ts";
import type { AnyProtocol } from "../contract/protocol.ts";

type Load = () => Promise<{ default: AnyProtocol }>;

const loads = {
  echo: () => import("../../protocols/echo.ts"),
  frame: () => import("../../protocols/frame.ts"),
  jsonnl: () => import("../../protocols/jsonnl.ts"),
  raw: () => import("../../protocols/raw.ts"),
  resp: () => import("../../protocols/resp/mod.ts"),
  smtp: () => import("../../protocols/smtp/mod.ts"),
  text: () => import("../../protocols/text.ts"),
} satisfies Record<string, Load>;

/** The names of the bundled protocols. */
export type BundledName = keyof typeof loads;

/** Loads the module of each bundled protocol, by name. */
export const bundledProtocols: Readonly<Record<string, Load>> = loads;

/** What a service uses of what its options name. Relative paths start from the configuration's folder. */
export interface OptionNeeds {
  /** Folders, to read and to write. */
  folders: string[];
  /** Addresses, to connect to. */
  upstreams: string[];
}

/**
 * What the own service of a bundled protocol, which has no handler to be permitted anything, uses of what its options
 * name. Asked in the server's isolate, of values that nothing has been made of yet: such a function is pure, imports
 * nothing, and names nothing that the options do not. Protocols of users are not asked, since none of their code runs
 * there.
 */
export const bundledNeeds: Readonly<Partial<Record<string, (options: unknown) => OptionNeeds>>> = {
  smtp: smtpNeeds,
} satisfies Partial<Record<BundledName, unknown>>;
