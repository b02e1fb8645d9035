/**
 * The configuration: reading it, checking it, and its types.
 *
 * @module
 */

export { resolveConfig, type ResolveOptions } from "./config/draft.ts";
export type { Environment } from "./config/expand.ts";
export { loadConfig, type LoadConfigOptions } from "./config/load.ts";
export { parseConfig, type ParseConfigOptions } from "./config/parse.ts";
export { ConfigError, formatProblem, type Problem } from "./config/problems.ts";
export type {
  ConfigInput,
  DefaultsInput,
  LogInput,
  PermissionsInput,
  PoolInput,
  ServiceInput,
  TlsInput,
  UpstreamTlsInput,
} from "./config/input.ts";
export type {
  ActionInput,
  ActionMapping,
  ConditionInput,
  RuleInput,
  StepInput,
} from "./config/rule_input.ts";
export type { Config, LogConfig, LogFormat, ServiceConfig } from "./config/types.ts";
