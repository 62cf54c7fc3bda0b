// Finds the stems that a folded word begins with.
//
// A walk visits at most a few nodes for every letter of the longest stem, whatever the text: folding leaves no letter
// more than three times in a row, digits do not repeat, and a repeated letter may stand for fewer of them, never for more.

import { CLASS_OF, DIGIT } from './fold-text.ts';
import { ENDING_CHARS_MAX, isInflection } from './inflection.ts';
import type { Stem, StemKind } from './pattern.ts';

/** Matches any one letter in a masked word such as "ф*к". It is no letter, so that no stem contains it. */
export const WILDCARD = 0x2a;

type Terminal = { readonly symbol: number; readonly kind: StemKind; readonly tolerant: boolean };

/** What is looked at: the code units from `start` to `end` of one word. */
export type WordSpan = { readonly codes: Uint16Array; readonly start: number; readonly end: number };

/** Told of every stem found: its symbol, and where in `codes` it ends. */
export type StemFound = (symbol: number, stemEnd: number) => void;

/** Every letter and digit of a stem has a column in the table of nodes; 0 is for all other code units. */
const COLUMNS = 80;
const COLUMN_OF: Uint8Array = new Uint8Array(0x10000);
[...'abcdefghijklmnopqrstuvwxyz0123456789абвгдежзийклмнопрстуфхцчшщъыьэюяґієїў'].forEach((letter, i) => {
  COLUMN_OF[letter.charCodeAt(0)] = i + 1;
});

function endingOf(word: WordSpan, position: number): string | undefined {
  let ending = '';
  for (let i = position; i < word.end; i++) {
    const code = word.codes[i] as number;
    if (code === word.codes[i - 1] && code === word.codes[i - 2]) continue;
    if (ending.length === ENDING_CHARS_MAX) return undefined;
    ending += String.fromCharCode(code);
  }
  return ending;
}

function closes(terminal: Terminal, word: WordSpan, position: number, doubled: boolean): boolean {
  if (doubled && !terminal.tolerant) return false;
  if (terminal.kind === 'open') return true;
  if (terminal.kind === 'exact') return position === word.end;
  const ending = endingOf(word, position);
  return ending !== undefined && isInflection(ending);
}

/** Whether the code unit at `position` is one of three equal ones. */
function inLongRun(word: WordSpan, position: number): boolean {
  const { codes, start, end } = word;
  const code = codes[position];
  return (
    (position + 1 < end && codes[position + 1] === code) || (position - 2 >= start && codes[position - 2] === code)
  );
}

export class WordTrie {
  /** One row of columns for each node; a cell names the next node. Node 0 is the root, which no cell needs to name. */
  #table = new Uint16Array(COLUMNS * 64);
  readonly #terminals: (Terminal[] | undefined)[] = [undefined];

  /** A tolerant stem is found with a doubled letter as well; any stem is found with a tripled one. */
  add(stem: Stem, symbol: number, tolerant: boolean): void {
    let node = 0;
    for (let i = 0; i < stem.text.length; i++) {
      const cell = node * COLUMNS + (COLUMN_OF[stem.text.charCodeAt(i)] as number);
      const child = (this.#table[cell] as number) || this.#addNode();
      this.#table[cell] = child;
      node = child;
    }
    const terminals = this.#terminals[node] ?? [];
    this.#terminals[node] = terminals;
    terminals.push({ symbol, kind: stem.kind, tolerant });
  }

  /** Whether any stem begins with this code unit: the cheap question before `find`. */
  begins(code: number): boolean {
    return this.#table[COLUMN_OF[code] as number] !== 0;
  }

  /** Every stem at the start of the span. */
  find(word: WordSpan, found: StemFound): void {
    if (this.begins(word.codes[word.start] as number)) this.#visit(0, word, word.start, false, found);
  }

  #addNode(): number {
    const node = this.#terminals.push(undefined) - 1;
    if (node > 0xffff) throw new Error('the lexicon outgrew the table of its trie');
    if ((node + 1) * COLUMNS > this.#table.length) {
      const larger = new Uint16Array(this.#table.length * 2);
      larger.set(this.#table);
      this.#table = larger;
    }
    return node;
  }

  #visit(node: number, word: WordSpan, position: number, doubled: boolean, found: StemFound): void {
    const terminals = this.#terminals[node];
    if (terminals !== undefined) {
      for (const terminal of terminals) {
        if (closes(terminal, word, position, doubled)) found(terminal.symbol, position);
      }
    }
    if (position >= word.end) return;
    const code = word.codes[position] as number;
    if (code === WILDCARD) {
      this.#visitAll(node, word, position, found);
      return;
    }
    const column = COLUMN_OF[code] as number;
    const child = column === 0 ? 0 : (this.#table[node * COLUMNS + column] as number);
    if (child !== 0) this.#visit(child, word, position + 1, doubled, found);
    if (position > word.start && word.codes[position - 1] === code && CLASS_OF[code] !== DIGIT) {
      this.#visit(node, word, position + 1, doubled || !inLongRun(word, position), found);
    }
  }

  #visitAll(node: number, word: WordSpan, position: number, found: StemFound): void {
    for (let column = 1; column < COLUMNS; column++) {
      const child = this.#table[node * COLUMNS + column] as number;
      if (child !== 0) this.#visit(child, word, position + 1, false, found);
    }
  }
}
