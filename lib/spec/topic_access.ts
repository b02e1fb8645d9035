/**
 * Which topics a service may publish to and subscribe. Pure.
 *
 * @module
 */

/** What a service may do with topics: all of them, or those listed. A name that ends with `*` stands for all that begin so. */
export interface TopicAccess {
  /** Those that it may publish on. */
  publish: true | string[];
  /** Those that it may subscribe to. */
  subscribe: true | string[];
}

/** What a service may do that does not say. */
export const ALL_TOPICS: Readonly<TopicAccess> = { publish: true, subscribe: true };

/** Whether a topic is among those. */
export function includesTopic(topics: true | readonly string[], topic: string): boolean {
  if (topics === true) return true;
  return topics.some((one) => one.endsWith("*") ? topic.startsWith(one.slice(0, -1)) : topic === one);
}
