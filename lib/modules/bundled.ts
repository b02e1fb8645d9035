/**
 * The protocols that come with protohost, each loaded on first use. Which options of the mail server name folders and
 * addresses is data, so that the supervisor reads it without running the protocol's code.
 *
 * @module
 */

import smtpNeeds from "../../protocols/smtp/server/needs.json" with { type: "json" };
import type { AnyProtocol } from "../contract/protocol.ts";
import type { OptionNeeds } from "./option_needs.ts";

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

/** Which options of a bundled protocol's own service name folders and addresses. Protocols of users have none. */
export const bundledNeeds: Readonly<Partial<Record<string, OptionNeeds>>> = {
  smtp: smtpNeeds,
} satisfies Partial<Record<BundledName, OptionNeeds>>;
