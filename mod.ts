/**
 * Serve any protocol: say where its frames end, what they mean and how they are written, and what to do with a message.
 *
 * A protocol is any object with a name and three functions. This one speaks numbers, one a line:
 *
 * ```ts
 * import { line, type Protocol, text } from "@protohost/protohost";
 * import { checkProtocol } from "@protohost/protohost/testing";
 *
 * const numbers: Protocol<number> = {
 *   name: "numbers",
 *   input: line({ max: 64 }),
 *   decode: (frame) => Number(text(frame)),
 *   encode: (message) => `${message}\n`,
 * };
 *
 * checkProtocol(numbers, { samples: [0, 1, -2.5] }); // throws if it is wrong about any byte
 * ```
 *
 * @module
 */

export { defineService } from "./lib/contract/handler.ts";
export { skip } from "./lib/contract/protocol.ts";
export type {
  AnyHandler,
  Handler,
  ServiceContext,
  ServiceDefinition,
  ServiceLog,
  ServiceModule,
  WriteLog,
} from "./lib/contract/handler.ts";
export type {
  AmbiguousOptions,
  AnyProtocol,
  Codec,
  CommandNaming,
  Direction,
  Protocol,
  Skip,
  Upgrade,
  Withdrawal,
} from "./lib/contract/protocol.ts";
export type {
  Connection,
  Conversation,
  Peer,
  SendOptions,
  SendResult,
  Side,
  TransportName,
} from "./lib/contract/connection.ts";
export { bytes, concat, equals, indexOf, text } from "./lib/framing/bytes.ts";
export { delimiter } from "./lib/framing/delimiter.ts";
export { BadFrameError, type Framer, type FramerOptions, FrameTooLargeError } from "./lib/framing/framer.ts";
export { lengthPrefix, type LengthPrefixOptions } from "./lib/framing/length_prefix.ts";
export { line, type LineFramer, type LineOptions } from "./lib/framing/line.ts";
export type { LineDecoder, ReadLine } from "./lib/framing/line_decoder.ts";
export { AddressError, formatEndpoint, parseEndpoint } from "./lib/contract/endpoint.ts";
export type { Endpoint } from "./lib/contract/endpoint.ts";
export { DEFAULT_LIMITS } from "./lib/contract/limits.ts";
export type { Limits, LimitsInput } from "./lib/contract/limit_types.ts";
export { connect } from "./lib/embed/connect.ts";
export type { Client } from "./lib/embed/client.ts";
export { ConnectOptionError, type ConnectOptions } from "./lib/embed/connect_options.ts";
export type { ReconnectOptions } from "./lib/embed/retry_policy.ts";
export { CONNECTION_ERRORS, ConnectionError } from "./lib/contract/connection_error.ts";
export type { CodedError, ConnectionErrorCode } from "./lib/contract/connection_error.ts";
export { DialError } from "./lib/transport/dial.ts";
export { FrameError } from "./lib/framing/frame_buffer.ts";
export { defineHooks, on, sequence } from "./lib/hooks/define_hooks.ts";
export type { HookRequest } from "./lib/hooks/open_requests.ts";
export type { OnOptions, SequenceOptions } from "./lib/hooks/define_hooks.ts";
export type { HookAnswer, HookContext, HookFunction } from "./lib/hooks/hook_context.ts";
export type {
  CommandHook,
  CommandSelector,
  HookBase,
  HookEntry,
  HookModule,
  SequenceHook,
} from "./lib/hooks/hook_entry.ts";
export { HookDefinitionError, HookError } from "./lib/hooks/hook_error.ts";
export type { HookErrorCode } from "./lib/hooks/hook_error.ts";
export type { Matched } from "./lib/hooks/sequence_progress.ts";
export type { NameTest } from "./lib/hooks/names.ts";
export type { Pattern, Position } from "./lib/hooks/pattern.ts";
export type {
  Action,
  Condition,
  ExecAction,
  FieldCondition,
  HookSource,
  PublishAction,
  Rule,
  WebhookAction,
} from "./lib/hooks/rule.ts";
export { any, not, oneOf, optional, repeat, step } from "./lib/hooks/steps.ts";
export type { HookDirection, SequenceStep, Step } from "./lib/hooks/steps.ts";
export type { OnHookError, OnHookTimeout } from "./lib/hooks/timeouts.ts";
export { close, delay, drop, pass, replace, reply } from "./lib/hooks/verdict.ts";
export type { Verdict } from "./lib/hooks/verdict.ts";
export { listen } from "./lib/embed/listen.ts";
export type { ListenOptions, MiddleOptions, Server } from "./lib/embed/listen.ts";
export { ListenError } from "./lib/transport/listener.ts";
export { ModuleError } from "./lib/modules/load_module.ts";
export { ProtocolError } from "./lib/modules/find_protocol.ts";
export { TlsFileError } from "./lib/transport/tls_files.ts";
export { TopicError, type TopicErrorCode } from "./lib/service/service_bus.ts";
export { UnreadableFileError } from "./lib/base/read_text.ts";
export type { CertificateFiles, TlsSpec } from "./lib/spec/tls_spec.ts";
export type { Isolation } from "./lib/spec/worker_spec.ts";
export type { LogLevel } from "./lib/contract/log_level.ts";
export type { Permissions } from "./lib/spec/permissions.ts";
export type { TopicAccess } from "./lib/spec/topic_access.ts";
export type { PoolLimits, PoolStatus } from "./lib/spec/pool_spec.ts";
export type { ConnectionInfo, ServiceStats } from "./lib/contract/stats.ts";
export type { OnBadFrame, ProxySpec, UpstreamTlsSpec } from "./lib/spec/proxy_spec.ts";
export type { ClientTls } from "./lib/contract/client_tls.ts";
export { serve } from "./lib/server/serve.ts";
export type { ServeOptions } from "./lib/server/serve.ts";
export type { StopOptions, Supervisor } from "./lib/supervisor/supervisor.ts";
export type { ReloadOptions } from "./lib/supervisor/reloads.ts";
export type { ServiceSpec } from "./lib/spec/service_spec.ts";
export {
  ReloadError,
  RestartError,
  StartError,
  SupervisorStateError,
  UnknownServiceError,
} from "./lib/supervisor/supervisor_error.ts";
export type { ProblemsError, ServiceProblem } from "./lib/supervisor/supervisor_error.ts";
export type {
  InstanceStatus,
  ServerState,
  ServerStatus,
  ServiceState,
  ServiceStatus,
} from "./lib/supervisor/server_status.ts";
export { ConfigError } from "./lib/config/problem.ts";
export type {
  ActionInput,
  ActionMapping,
  CertificateInput,
  CommandInput,
  ConditionInput,
  Config,
  ConfigInput,
  DefaultsInput,
  HookPolicyInput,
  LogActionInput,
  LogConfig,
  LogFormat,
  LogInput,
  PermissionsInput,
  PoolInput,
  Problem,
  RuleInput,
  ServiceConfig,
  ServiceInput,
  StepInput,
  StepMapping,
  TlsInput,
  UpstreamInput,
  UpstreamTlsInput,
  WebhookActionInput,
} from "./lib/config/mod.ts";
export type { ErrorRecord } from "./lib/base/error_record.ts";
export { parseDuration, parseSize, type Quantity } from "./lib/base/units.ts";
