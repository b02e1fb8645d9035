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
  ActionInput,
  ActionMapping,
  ConditionInput,
  Config,
  ConfigInput,
  DefaultsInput,
  LogConfig,
  LogFormat,
  LogInput,
  PermissionsInput,
  RuleInput,
  ServiceConfig,
  ServiceInput,
  StepInput,
  TlsInput,
  UpstreamTlsInput,
} from "./config/types.ts";
