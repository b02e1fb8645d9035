/**
 * Objects and classes that code which is not ours gets hold of. Pure.
 *
 * @module
 */

/**
 * Freezes a class with its prototype and its methods, so that whoever holds one instance cannot change what another one
 * does. Answers the class.
 */
export function freezeClass<T extends { readonly prototype: object }>(Class: T): T {
  freezeMembers(Class.prototype);
  return freezeMembers(Class);
}

/** Freezes an object and the functions in it. Answers the object. */
export function freezeMembers<T extends object>(object: T): T {
  for (const key of Reflect.ownKeys(object)) {
    const { value, get, set } = Object.getOwnPropertyDescriptor(object, key)!;
    for (const member of [value, get, set]) if (typeof member === "function") freezeFunction(member);
  }
  return Object.freeze(object);
}

/** With what generators inherit from, which is the `prototype` of the function that makes them. */
function freezeFunction(member: { prototype?: unknown }): void {
  if (typeof member.prototype === "object" && member.prototype !== null) Object.freeze(member.prototype);
  Object.freeze(member);
}
