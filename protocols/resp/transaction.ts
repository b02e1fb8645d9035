/**
 * Whether the server may be in a transaction of the connection.
 *
 *     closed --MULTI--------------------------------> open
 *     open   --the answer to MULTI is an error------> closed, if it is not about a MULTI within
 *     open   --the answer to EXEC, DISCARD, RESET---> closed, unless it is an error that leaves it open
 *
 * What is pipelined is sent before it is known how the server took what came before. In doubt it is open.
 *
 * @module
 */

import type { Value } from "./values.ts";

/** Errors that say that the transaction is over, or that there was none. */
const ENDED = /^EXECABORT|without MULTI/;
const NESTED = /nested/;

/** The transaction of one connection. Requests are told apart by their numbers, from 1; 0 has no answer. */
export class Transaction {
  /** Whether it may be open. */
  isOpen = false;
  /** The last MULTI, and the last EXEC, DISCARD or RESET behind it; 0 if there is none, or it is not answered. */
  #begin = 0;
  #end = 0;
  #isOpenBefore = false;
  #beginBefore = 0;
  #endBefore = 0;

  /** Remembers how it is now, for {@linkcode restore}. */
  save(): void {
    this.#isOpenBefore = this.isOpen;
    this.#beginBefore = this.#begin;
    this.#endBefore = this.#end;
  }

  /** Is again as it was. */
  restore(): void {
    this.isOpen = this.#isOpenBefore;
    this.#begin = this.#beginBefore;
    this.#end = this.#endBefore;
  }

  /** MULTI is sent. */
  begins(number: number): void {
    this.isOpen = true;
    this.#begin = number;
    this.#end = 0;
  }

  /** EXEC, DISCARD or RESET is sent. */
  ends(number: number): void {
    this.#end = number;
  }

  /** A request is answered. */
  answered(number: number, { type, value }: Value): void {
    const error = type === "error" && typeof value === "string" ? value : undefined;
    if (number === this.#end) this.isOpen = error !== undefined && !ENDED.test(error);
    else if (number === this.#begin && error !== undefined) this.isOpen = NESTED.test(error);
  }
}
