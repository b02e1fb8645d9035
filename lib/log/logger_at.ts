/**
 * Loggers by their category.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";

/**
 * The logger of a category. LogTape keeps the loggers below one in an object by their names, where it takes what every
 * object has, as `constructor`, for a logger: a service may have such a name.
 */
export function loggerAt(category: readonly string[]): Logger {
  return category.reduce((logger, name) => {
    const { children } = logger as { children?: unknown };
    if (typeof children === "object" && children !== null) Object.setPrototypeOf(children, null);
    return logger.getChild(name);
  }, getLogger([]));
}
