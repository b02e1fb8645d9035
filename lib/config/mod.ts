/**
 * The configuration: reading it, checking it, and its types.
 *
 * @module
 */

export { resolveConfig, type ResolveOptions } from "./check_config.ts";
export type { Environment } from "./expand.ts";
export { loadConfig, type LoadConfigOptions } from "./load_config.ts";
export { parseConfig, type ParseConfigOptions } from "./parse_config.ts";
export { ConfigError, formatProblem, type Problem } from "./problems.ts";
export type {
  ConfigInput,
  DefaultsInput,
  LogInput,
  PermissionsInput,
  PoolInput,
  ServiceInput,
  TlsInput,
  UpstreamTlsInput,
} from "./config_input.ts";
export type { ActionInput, ActionMapping, ConditionInput, RuleInput, StepInput } from "./rule_input.ts";
export type { Config, ServiceConfig } from "./config_types.ts";
export type { LogConfig, LogFormat } from "../spec/log_spec.ts";
