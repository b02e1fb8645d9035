/**
 * Protocols that let every user choose the key that names a message: here the configuration says which.
 *
 * @module
 */

import type { AnyProtocol, CommandNaming } from "../contract/protocol.ts";
import { ProtocolError } from "../modules/find_protocol.ts";

/** One for each protocol and key, so that what is made for it is made once. */
const made: WeakMap<AnyProtocol, Map<string, AnyProtocol>> = new WeakMap();

/**
 * The protocol with its commands named as a service says.
 *
 * @throws {ProtocolError} If the protocol names them itself.
 */
export function nameCommands(protocol: AnyProtocol, naming: CommandNaming | undefined): AnyProtocol {
  if (naming === undefined) return protocol;
  const { key } = naming;
  if (protocol.namedBy === undefined) {
    throw new ProtocolError(
      "bad_protocol",
      `Cannot name commands by the key ${
        JSON.stringify(key)
      }: the protocol ${protocol.name} names them itself, ` +
        "wanted one whose users choose a key, such as jsonnl",
    );
  }
  const variants = made.get(protocol) ?? new Map();
  made.set(protocol, variants);
  const variant = variants.get(key) ?? protocol.namedBy(key);
  variants.set(key, variant);
  return variant;
}
