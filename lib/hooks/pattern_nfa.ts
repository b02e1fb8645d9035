/**
 * From a regular expression to an automaton (Thompson's construction). Pure.
 *
 * Which characters a single-character part takes, V8 is asked: so classes, properties and letter case mean what they mean
 * in JavaScript.
 *
 * @module
 */

import type { AST } from "@eslint-community/regexpp";

/** The most states of one pattern, and so the most steps that a character of a text can cost. */
export const MAX_STATES = 700;

/** A state of the automaton; numbers are indices of states. */
export type NfaState =
  /** Takes one character that an atom matches. */
  | { kind: "atom"; atom: number; next: number }
  /** Goes on both ways. */
  | { kind: "split"; ways: number[] }
  | { kind: "assert"; assertion: Assertion; next: number }
  | { kind: "match" };

/** What must hold between two characters. */
export interface Assertion {
  kind: "start" | "end" | "word";
  negate: boolean;
  /** Of `start` and `end`: at each line. */
  multiline: boolean;
  /** Of `word`: letter case is ignored. */
  ignoreCase: boolean;
}

/** An automaton. */
export interface Nfa {
  states: readonly NfaState[];
  start: number;
  /** Each matches a text of one character. */
  atoms: readonly RegExp[];
  /** Whether a character is a code point; a code unit otherwise. */
  unicode: boolean;
  /** Of `\b`: what a word is made of, with letter case and without. */
  words: { exact: RegExp; ignoreCase: RegExp };
}

interface Flags {
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
}

/**
 * Makes an automaton of a pattern.
 *
 * @param flags Of those that JavaScript has: `i`, `m`, `s`, `u`, `v`.
 * @throws {SyntaxError} If it refers back, looks around, or has more than {@linkcode MAX_STATES} states.
 */
export function compileNfa(pattern: AST.Pattern, flags: string): Nfa {
  const unicode = flags.includes("u") ? "u" : flags.includes("v") ? "v" : "";
  const compiler = new Compiler(pattern.raw, unicode);
  const start = compiler.alternatives(pattern.alternatives, 0, {
    ignoreCase: flags.includes("i"),
    multiline: flags.includes("m"),
    dotAll: flags.includes("s"),
  });
  const { states, atoms } = compiler;
  const words = { exact: new RegExp("^\\w$", unicode), ignoreCase: new RegExp("^\\w$", `i${unicode}`) };
  return { states, start, atoms, unicode: unicode !== "", words };
}

class Compiler {
  /** The first one is the end: a match. */
  readonly states: NfaState[] = [{ kind: "match" }];
  readonly atoms: RegExp[] = [];
  readonly #known: Map<string, number> = new Map();
  readonly #source: string;
  readonly #unicode: string;
  /** Copies of repeated parts, which may be empty. */
  #copies = 0;

  constructor(source: string, unicode: string) {
    this.#source = source;
    this.#unicode = unicode;
  }

  /** Each of these writes a part in front of the state `next` and returns the state that it begins with. */
  alternatives(alternatives: AST.Alternative[], next: number, flags: Flags): number {
    const ways = alternatives.map(({ elements }) =>
      elements.reduceRight((after, element) => this.#element(element, after, flags), next)
    );
    return ways.length === 1 ? ways[0] : this.#add({ kind: "split", ways });
  }

  #element(element: AST.Element, next: number, flags: Flags): number {
    switch (element.type) {
      case "Group":
        return this.alternatives(element.alternatives, next, modified(flags, element.modifiers));
      case "CapturingGroup":
        return this.alternatives(element.alternatives, next, flags);
      case "Character":
      case "CharacterSet":
      case "CharacterClass":
      case "ExpressionCharacterClass":
        return this.#add({ kind: "atom", atom: this.#atom(element, flags), next });
      case "Assertion":
        return this.#assertion(element, next, flags);
      case "Quantifier":
        return this.#repeat(element, next, flags);
      case "Backreference":
        throw this.#cannot("it refers back to a group", "a pattern without back references");
      default:
        return element satisfies never;
    }
  }

  #assertion(element: AST.Assertion, next: number, flags: Flags): number {
    if (element.kind === "lookahead" || element.kind === "lookbehind") {
      throw this.#cannot("it looks around", "a pattern without (?=, (?!, (?<= and (?<!");
    }
    const negate = element.kind === "word" && element.negate;
    const { multiline, ignoreCase } = flags;
    const assertion = { kind: element.kind, negate, multiline, ignoreCase };
    return this.#add({ kind: "assert", assertion, next });
  }

  #repeat({ element, min, max }: AST.Quantifier, next: number, flags: Flags): number {
    let entry = next;
    if (max === Infinity || max === null) {
      const loop: NfaState = { kind: "split", ways: [next] };
      entry = this.#add(loop);
      loop.ways.unshift(this.#element(element, entry, flags));
    } else {
      for (let count = min; count < max; count++) {
        entry = this.#add({ kind: "split", ways: [this.#copy(element, entry, flags), next] });
      }
    }
    for (let count = 0; count < min; count++) entry = this.#copy(element, entry, flags);
    return entry;
  }

  #copy(element: AST.Element, next: number, flags: Flags): number {
    if (++this.#copies > MAX_STATES) throw this.#tooLarge();
    return this.#element(element, next, flags);
  }

  /** The atom of one character, a set of them or a class. */
  #atom(
    element: AST.Character | AST.CharacterSet | AST.CharacterClass | AST.ExpressionCharacterClass,
    { ignoreCase, dotAll }: Flags,
  ): number {
    const flags = `${ignoreCase ? "i" : ""}${dotAll ? "s" : ""}${this.#unicode}`;
    const key = `${flags} ${element.raw}`;
    let atom = this.#known.get(key);
    if (atom === undefined) {
      if (this.#unicode === "v" && hasStrings(element)) {
        throw this.#cannot("a class in it takes several characters at once", "classes of single characters");
      }
      atom = this.atoms.push(new RegExp(`^(?:${element.raw})$`, flags)) - 1;
      this.#known.set(key, atom);
    }
    return atom;
  }

  #add(state: NfaState): number {
    if (this.states.length >= MAX_STATES) throw this.#tooLarge();
    return this.states.push(state) - 1;
  }

  #tooLarge(): SyntaxError {
    return this.#cannot("its repetitions are too large written out", `at most ${MAX_STATES} states`);
  }

  #cannot(found: string, wanted: string): SyntaxError {
    return new SyntaxError(`Cannot use the regular expression /${this.#source}/: ${found}, wanted ${wanted}`);
  }
}

function modified(flags: Flags, modifiers: AST.Modifiers | null): Flags {
  if (modifiers === null) return flags;
  const { add, remove } = modifiers;
  const pick = (name: keyof Flags) => remove?.[name] ? false : add[name] || flags[name];
  return { ignoreCase: pick("ignoreCase"), multiline: pick("multiline"), dotAll: pick("dotAll") };
}

/** Whether a class of the flag `v` can take a text of several characters. */
function hasStrings(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasStrings);
  if (typeof node !== "object" || node === null) return false;
  const { type, strings, elements, expression, left, right, operand, alternatives } = node as Record<
    string,
    unknown
  >;
  if (type === "ClassStringDisjunction" || strings === true) return true;
  return [elements, expression, left, right, operand, alternatives].some(hasStrings);
}
