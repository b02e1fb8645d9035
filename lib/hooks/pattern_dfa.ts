/**
 * Runs an automaton over texts: its sets of states are made when they are first reached, and remembered. Pure.
 *
 * A step is one look into a table, or, the first time, at most as much work as the automaton has states. What is remembered
 * is bounded, since clients choose the texts: when it is full, it starts over.
 *
 * @module
 */

import type { Assertion, Nfa, NfaState } from "./pattern_nfa.ts";

/** The most sets of states that are remembered. */
export const MAX_SETS = 512;
/** The most characters beyond Latin-1 that are remembered. */
export const MAX_CHARACTERS = 4_096;

// What assertions ask of the characters on both sides; 0 is the edge of the text.
const SOME = 1;
const LINE = 2;
const WORD = 4;
const WORD_IGNORING_CASE = 8;

// What a step leads to that is no set.
const UNKNOWN = 0;
const ACCEPT = -1;
const REJECT = -2;

/** The class of the end of the text. */
const END = 0;
/** The set that every text begins with. */
const FIRST = 1;

const KINDS: readonly NfaState["kind"][] = ["match", "atom", "split", "assert"];
const MATCH = 0;
const ATOM = 1;
const SPLIT = 2;

/** Characters that are alike to the automaton. */
interface CharacterClass {
  /** Whether it is matched by each atom. */
  matched: readonly boolean[];
  context: number;
}

/** States that the automaton may be in, between two characters. */
interface StateSet {
  states: Uint16Array;
  /** What the character before is. */
  before: number;
}

/** An automaton, ready for texts. */
export class LazyDfa {
  readonly #nfa: Nfa;
  // The states of the automaton, by their index: what each is, its atom or assertion, and where it leads.
  readonly #kinds: Uint8Array;
  readonly #operands: Uint16Array;
  readonly #targets: Uint16Array;
  readonly #ways: (readonly number[])[];
  /** Whether a match can begin elsewhere than at the beginning of the text. */
  readonly #beginsAnywhere: boolean;
  readonly #classes: CharacterClass[] = [{ matched: [], context: 0 }];
  readonly #classNumbers: Map<string, number> = new Map();
  /** The class of each character of Latin-1; 0 if it has not come yet. */
  readonly #latin: Uint16Array = new Uint16Array(256);
  readonly #others: Map<number, number> = new Map();
  /** Numbered from 1; the entry at 0 is unused. */
  readonly #sets: StateSet[] = [];
  readonly #setNumbers: Map<string, number> = new Map();
  /** By set, then class: the next set, ACCEPT, REJECT or UNKNOWN. A set has room for `1 << #shift` classes. */
  #steps: Int16Array;
  #shift = 3;
  // What one step needs; it is over before the next begins.
  readonly #seen: Uint32Array;
  readonly #stack: number[] = [];
  readonly #reached: Uint16Array;
  #reachedCount = 0;
  readonly #behind: Uint16Array;
  readonly #bits: Uint16Array;
  #round = 0;

  constructor(nfa: Nfa) {
    const { states, start } = nfa;
    this.#nfa = nfa;
    this.#kinds = Uint8Array.from(states, ({ kind }) => KINDS.indexOf(kind));
    this.#operands = Uint16Array.from(states, (state) => state.kind === "atom" ? state.atom : 0);
    this.#targets = Uint16Array.from(states, (state) => "next" in state ? state.next : 0);
    this.#ways = states.map((state) => state.kind === "split" ? state.ways : []);
    this.#seen = new Uint32Array(states.length);
    this.#reached = new Uint16Array(states.length);
    this.#behind = new Uint16Array(states.length);
    this.#bits = new Uint16Array(Math.ceil(states.length / 16));
    this.#steps = new Int16Array((MAX_SETS + 1) << this.#shift);
    const canBegin = ({ kind, multiline }: Assertion) => kind !== "start" || multiline;
    this.#beginsAnywhere = this.#close([start], canBegin) || this.#reachedCount > 0;
    this.#forget();
  }

  /** Whether it is found in a text. */
  test(text: string): boolean {
    const { unicode } = this.#nfa;
    const latin = this.#latin;
    let steps = this.#steps;
    let shift = this.#shift;
    let set = FIRST;
    for (let index = 0; index < text.length; index++) {
      let character = text.charCodeAt(index);
      if (unicode && (character & 0xfc00) === 0xd800) {
        character = text.codePointAt(index)!;
        if (character > 0xffff) index++;
      }
      let number = character < 256 ? latin[character] : 0;
      if (number === 0) {
        number = this.#classOf(character);
        steps = this.#steps;
        shift = this.#shift;
      }
      const next = steps[(set << shift) | number] || this.#step(set, number);
      if (next < 0) return next === ACCEPT;
      set = next;
    }
    return (steps[set << shift] || this.#step(set, END)) === ACCEPT;
  }

  #classOf(character: number): number {
    const known = this.#others.get(character);
    if (known !== undefined) return known;
    const { atoms, words } = this.#nfa;
    const text = String.fromCodePoint(character);
    const matched = atoms.map((atom) => atom.test(text));
    const context = SOME | (isLineEnd(character) ? LINE : 0) | (words.exact.test(text) ? WORD : 0) |
      (words.ignoreCase.test(text) ? WORD_IGNORING_CASE : 0);
    const key = `${context} ${matched.map(Number).join("")}`;
    let number = this.#classNumbers.get(key);
    if (number === undefined) {
      number = this.#classes.push({ matched, context }) - 1;
      this.#classNumbers.set(key, number);
      if (number >> this.#shift !== 0) this.#widen();
    }
    if (character < 256) this.#latin[character] = number;
    else {
      if (this.#others.size >= MAX_CHARACTERS) this.#others.clear();
      this.#others.set(character, number);
    }
    return number;
  }

  /** Makes room for twice as many classes. */
  #widen(): void {
    const before = this.#steps;
    const width = 1 << this.#shift++;
    this.#steps = new Int16Array(before.length * 2);
    for (let from = 0; from < before.length; from += width) {
      this.#steps.set(before.subarray(from, from + width), from * 2);
    }
  }

  /** Finds what a character of a class leads to. */
  #step(from: number, number: number): number {
    const { matched, context } = this.#classes[number];
    const { states, before } = this.#sets[from];
    const isMatch = this.#close(states, (assertion) => holds(assertion, before, context));
    const next = isMatch ? ACCEPT : number === END ? REJECT : this.#advance(matched, context);
    // There may be no such set any more.
    if (this.#sets[from]?.states === states) this.#steps[(from << this.#shift) | number] = next;
    return next;
  }

  /** The set after a character, of which it is known which atoms match it. */
  #advance(matched: readonly boolean[], context: number): number {
    const operands = this.#operands;
    const targets = this.#targets;
    const reached = this.#reached;
    const behind = this.#behind;
    const bits = this.#bits.fill(0);
    let count = 0;
    if (this.#beginsAnywhere) {
      const { start } = this.#nfa;
      bits[start >> 4] = 1 << (start & 15);
      behind[count++] = start;
    }
    for (let at = 0; at < this.#reachedCount; at++) {
      const index = reached[at];
      if (!matched[operands[index]]) continue;
      const target = targets[index];
      const bit = 1 << (target & 15);
      if ((bits[target >> 4] & bit) !== 0) continue;
      bits[target >> 4] |= bit;
      behind[count++] = target;
    }
    if (count === 0) return REJECT;
    const key = String.fromCharCode(context) + String.fromCharCode.apply(null, bits as unknown as number[]);
    return this.#setNumbers.get(key) ??
      this.#remember(key, { states: behind.slice(0, count), before: context });
  }

  #remember(key: string, set: StateSet): number {
    if (this.#sets.length > MAX_SETS) this.#forget();
    const number = this.#sets.push(set) - 1;
    this.#setNumbers.set(key, number);
    return number;
  }

  /** Forgets all sets but the first. */
  #forget(): void {
    const first = { states: Uint16Array.of(this.#nfa.start), before: 0 };
    this.#sets.splice(0, this.#sets.length, first, first);
    this.#setNumbers.clear();
    this.#steps.fill(UNKNOWN);
  }

  #assertion(index: number): Assertion {
    const state = this.#nfa.states[index];
    if (state.kind !== "assert") throw new TypeError(`State ${index} is ${state.kind}, wanted assert`);
    return state.assertion;
  }

  /** Finds in `#reached` the states that take a character next; returns whether a match is reached. */
  #close(from: ArrayLike<number>, isTrue: (assertion: Assertion) => boolean): boolean {
    const kinds = this.#kinds;
    const seen = this.#seen;
    if (this.#round === 0xffffffff) {
      seen.fill(0);
      this.#round = 0;
    }
    const round = ++this.#round;
    const stack = this.#stack;
    const reached = this.#reached;
    let isMatch = false;
    let count = 0;
    for (let at = 0; at < from.length; at++) {
      const index = from[at];
      if (kinds[index] !== ATOM) stack.push(index);
      else if (seen[index] !== round) {
        seen[index] = round;
        reached[count++] = index;
      }
    }
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (seen[index] === round) continue;
      seen[index] = round;
      switch (kinds[index]) {
        case MATCH:
          isMatch = true;
          break;
        case ATOM:
          reached[count++] = index;
          break;
        case SPLIT:
          for (const way of this.#ways[index]) stack.push(way);
          break;
        default:
          if (isTrue(this.#assertion(index))) stack.push(this.#targets[index]);
      }
    }
    this.#reachedCount = count;
    return isMatch;
  }
}

function holds({ kind, negate, multiline, ignoreCase }: Assertion, before: number, behind: number): boolean {
  switch (kind) {
    case "start":
      return before === 0 || (multiline && (before & LINE) !== 0);
    case "end":
      return behind === 0 || (multiline && (behind & LINE) !== 0);
    case "word": {
      const bit = ignoreCase ? WORD_IGNORING_CASE : WORD;
      return ((before & bit) !== (behind & bit)) !== negate;
    }
    default:
      return kind satisfies never;
  }
}

/** LineTerminator of ECMA-262, section 12.3. */
function isLineEnd(character: number): boolean {
  return character === 10 || character === 13 || character === 0x2028 || character === 0x2029;
}
