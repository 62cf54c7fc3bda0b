// Keeps what a stream says while it passes, for calls whose client named them and may ask for the answer again. The
// memory for it is bounded, for one answer and for all: an answer that does not fit is not kept, and its call goes on.
import type { Client, Piece } from './reply.ts';

export type RecorderBounds = {
  /** Characters of one answer. */
  readonly replayChars: number;
  /** Characters of all answers that are being recorded. */
  readonly recordingChars: number;
};

export class AnswerRecorder {
  readonly #bounds: RecorderBounds;
  #chars = 0;

  constructor(bounds: RecorderBounds) {
    this.#bounds = bounds;
  }

  begin(): Recording {
    return new Recording(this);
  }

  /** Whether an answer of so many characters may be kept at all. */
  fits(chars: number): boolean {
    return chars <= this.#bounds.replayChars;
  }

  /** Whether so many more characters may be kept now; they are counted until they are given back. */
  take(chars: number): boolean {
    if (this.#chars + chars > this.#bounds.recordingChars) return false;
    this.#chars += chars;
    return true;
  }

  giveBack(chars: number): void {
    this.#chars -= chars;
  }
}

export class Recording {
  readonly #recorder: AnswerRecorder;
  readonly #decoder = new TextDecoder();
  #pieces: string[] | undefined = [];
  #chars = 0;

  constructor(recorder: AnswerRecorder) {
    this.#recorder = recorder;
  }

  /** A client that gets all that is written to it, and is overheard. */
  listen(client: Client): Client {
    return {
      write: (piece) => {
        this.add(piece);
        return client.write(piece);
      },
      get hasLeft() {
        return client.hasLeft;
      },
    };
  }

  /** Copies the piece, whose bytes may be overwritten afterwards. */
  add(piece: Piece): void {
    if (this.#pieces === undefined) return;
    const text = typeof piece === 'string' ? piece : this.#decoder.decode(piece, { stream: true });
    if (!this.#recorder.fits(this.#chars + text.length) || !this.#recorder.take(text.length)) {
      this.end();
      return;
    }
    this.#chars += text.length;
    this.#pieces.push(text);
  }

  /** All that was added; `undefined` if it was too much. */
  text(): string | undefined {
    return this.#pieces?.join('');
  }

  /** Forgets what was added. It may be called more than once. */
  end(): void {
    this.#pieces = undefined;
    this.#recorder.giveBack(this.#chars);
    this.#chars = 0;
  }
}
