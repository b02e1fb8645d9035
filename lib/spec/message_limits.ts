/**
 * How large the parts of messages between isolates may be: who sends keeps to it, who receives refuses more.
 *
 * @module
 */

/** The longest name of a topic, in UTF-16 units. */
export const MAX_TOPIC_LENGTH = 1024;
/** The longest published message, in UTF-16 units of its JSON. */
export const MAX_PUBLISHED_LENGTH = 8 * 1024 ** 2;
/** The most connections that are listed for one instance. */
export const MAX_LISTED_CONNECTIONS = 50_000;
/** The most log records in one message. */
export const MAX_LOG_RECORDS = 2_000;
/** The most peers that one message asks to be counted. */
export const MAX_CLAIMS = 1_000;
/** The most files that a worker names as those of its code. */
export const MAX_IMPORTED_FILES = 5_000;
/** The longest URL of one of them. */
export const MAX_URL_LENGTH = 8_192;
