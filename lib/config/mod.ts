/**
 * The configuration: reading it, checking it, and its types.
 *
 * @module
 */

export { resolveConfig, type ResolveOptions } from "./check_config.ts";
export type { Environment } from "./environment.ts";
export { checkFile, loadConfig, type LoadConfigOptions } from "./load_config.ts";
export { parseConfig, type ParseConfigOptions } from "./parse_config.ts";
export { ConfigError, formatProblem, type Problem } from "./problem.ts";
export type {
  ActionInput,
  ActionMapping,
  CertificateInput,
  CommandInput,
  ConditionInput,
  ConfigInput,
  DefaultsInput,
  HookPolicyInput,
  LogActionInput,
  LogInput,
  PermissionsInput,
  PoolInput,
  RuleInput,
  ServiceInput,
  StepInput,
  StepMapping,
  TlsInput,
  UpstreamInput,
  UpstreamTlsInput,
  WebhookActionInput,
} from "./config_input.ts";
export type { Config, ServiceConfig } from "./config.ts";
export type { LogConfig, LogFormat } from "../spec/log_spec.ts";
