import * as std from "npm:deno-std@1.4.0/cli/prompt_secret.js";

export interface PromptSecretOptions {
  mask?: string;
  clear?: boolean;
}

export const promptSecret: (message?: string, options?: PromptSecretOptions) => string | null =
  std.promptSecret;
