// Looks at a vendor's stream as text, for relays that pass its frames on as they came.
import { ownCopy } from '../core/own-copy.ts';

/** So many characters of frames that were taken may lie in memory beside the beginning of the next one. */
const TAKEN_CHARS_MAX = 1_024;

/**
 * Gathers text and takes whole frames off it. What is gathered is only added to until a frame is whole: a text that
 * grows by pieces is put together when it is looked into, and that again for each piece.
 */
export class FrameCutter {
  #gathered = '';
  /** The end of what was added last, where the end of a frame may have begun. */
  #lastChars = '';
  /** From where on there may be a frame's end; -1 where there is none. */
  #searchFrom = -1;
  /** Of frames that were taken and are parts of the same text as what is gathered. */
  #takenChars = 0;

  /** Characters of the frame that is not whole yet, and of those that were not taken. */
  get length(): number {
    return this.#gathered.length;
  }

  add(text: string): void {
    const recent = this.#lastChars + text;
    this.#lastChars = ownCopy(recent.slice(-3));
    if (this.#searchFrom < 0 && frameEnd(recent, 0) >= 0) this.#searchFrom = Math.max(0, this.#gathered.length - 3);
    this.#gathered += text;
  }

  /** The next whole frame, with the blank line that ends it; `undefined` where there is none. */
  take(): string | undefined {
    if (this.#searchFrom < 0) return undefined;
    const end = frameEnd(this.#gathered, this.#searchFrom);
    this.#searchFrom = end < 0 ? -1 : 0;
    if (end < 0) {
      if (this.#takenChars > TAKEN_CHARS_MAX) this.#gathered = ownCopy(this.#gathered);
      this.#takenChars = 0;
      return undefined;
    }
    this.#takenChars += end;
    const frame = this.#gathered.slice(0, end);
    this.#gathered = this.#gathered.slice(end);
    return frame;
  }
}

/** The index after the first blank line from `from` on, in any of the three spellings of a line's end, or -1. */
function frameEnd(text: string, from: number): number {
  const blankLine = /\r\n\r\n|\n\n|\r\r|\n\r\n/g;
  blankLine.lastIndex = from;
  return blankLine.test(text) ? blankLine.lastIndex : -1;
}
