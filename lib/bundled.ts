/**
 * The protocols that come with protohost. Loaded when asked for, since they import what users import.
 *
 * @module
 */

import type { AnyProtocol } from "./contract.ts";

type Load = () => Promise<{ default: AnyProtocol }>;

const loads = {
  echo: () => import("../protocols/echo.ts"),
  frame: () => import("../protocols/frame.ts"),
  jsonnl: () => import("../protocols/jsonnl.ts"),
  raw: () => import("../protocols/raw.ts"),
  resp: () => import("../protocols/resp/mod.ts"),
  smtp: () => import("../protocols/smtp/mod.ts"),
  text: () => import("../protocols/text.ts"),
} satisfies Record<string, Load>;

/** The names of the bundled protocols. */
export type BundledName = keyof typeof loads;

/** Loads the module of each bundled protocol, by name. */
export const bundledProtocols: Readonly<Record<string, Load>> = loads;
