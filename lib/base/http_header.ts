/**
 * What may stand in a header of an HTTP request (RFC 9110, section 5). Pure.
 *
 * @module
 */

/** The name of a header. */
export const HEADER_NAME: RegExp = /^[!#$%&'*+.^_`|~\w-]+$/;

/** The value of a header: one line. A line break in it would begin another header. */
export const HEADER_VALUE: RegExp = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
