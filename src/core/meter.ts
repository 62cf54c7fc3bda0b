// Counts what an answer delivered, as it is delivered, so that a call that ends early is charged for what it gave.
import type { CallEvent, Usage } from './call.ts';
import { NO_USAGE } from './call.ts';
import { estimateTokens } from './tokens.ts';
import type { Measures } from './work.ts';

/** Bounds on a vendor's word: usage beyond them is absurd and our own count is charged instead. */
const USAGE_TOKENS_MAX = 100_000_000;
const AUDIO_SECONDS_MAX = 1_000_000;
const ABSURD_FACTOR = 10;
const ABSURD_MARGIN_TOKENS = 1_000;

export class Meter {
  readonly #inputTokensAtMost: number;
  readonly #estimateInput: () => number;
  #outputTokens = 0;
  #hasResult = false;
  readonly #counted: Measures;
  #measures: Measures;
  #usage: Usage | undefined;
  #toldInput: Usage | undefined;
  #images = 0;

  /**
   * @param inputTokensAtMost an upper bound on the input, to know absurd usage by.
   * @param input gives the input's text, or how many tokens it is about; asked for only when an estimate is needed.
   * @param measures what is counted beside tokens.
   */
  constructor(inputTokensAtMost: number, input: () => string | number, measures: Measures = {}) {
    this.#counted = measures;
    this.#measures = measures;
    this.#inputTokensAtMost = inputTokensAtMost;
    this.#estimateInput = () => {
      const given = input();
      return typeof given === 'number' ? given : estimateTokens(given);
    };
  }

  /** Forgets what was counted: another attempt begins, and nothing of the last one went to the customer. */
  restart(): void {
    this.#outputTokens = 0;
    this.#usage = undefined;
    this.#toldInput = undefined;
    this.#images = 0;
    this.#hasResult = false;
    this.#measures = this.#counted;
  }

  /** Whether anything was produced that a customer could use. */
  get hasOutput(): boolean {
    return this.#outputTokens > 0 || this.#images > 0 || this.#hasResult;
  }

  /** Output tokens by our own count, for holding against the vendor's. */
  get countedTokens(): number {
    return this.#outputTokens;
  }

  /** Text as the model made it. */
  addText(text: string): void {
    if (text !== '') this.#outputTokens += estimateTokens(text);
  }

  addImages(count: number): void {
    this.#images += count;
  }

  /** Work that is answered whole by something else than text, such as vectors. */
  addResult(): void {
    this.#hasResult = true;
  }

  /** How long a vendor says that a recording is. What cannot be is not believed. */
  setAudioSeconds(seconds: number): void {
    if (seconds >= 0 && seconds <= AUDIO_SECONDS_MAX)
      this.#measures = { ...this.#measures, audioSeconds: Math.ceil(seconds) };
  }

  addEvent(event: CallEvent): void {
    switch (event.kind) {
      case 'text':
      case 'refusal':
      case 'reasoning':
        this.addText(event.text);
        return;
      case 'toolCall':
        this.addText((event.name ?? '') + event.argumentsJson);
        return;
      case 'usage':
        this.setUsage(event.usage);
        return;
      case 'finish':
        return;
    }
  }

  /** The answer is one that was given before, and so is its usage. */
  repeat(usage: Usage): void {
    this.#usage = usage;
    // It had output, even where its vendor counted none.
    this.#outputTokens = Math.max(1, usage.outputTokens);
    this.#images = usage.images;
  }

  /** What the vendor says it has read, for work without output of its own. */
  setInputTokens(inputTokens: number): void {
    this.setUsage({ ...NO_USAGE, source: 'exact', inputTokens });
  }

  /** What the vendor says at its answer's beginning that it has read. It counts where the answer breaks off before its usage. */
  setToldInput(usage: Usage): void {
    this.#toldInput = { ...usage, source: 'estimated', outputTokens: 0, reasoningTokens: 0 };
  }

  /** What the vendor says it used. The last word counts. */
  setUsage(usage: Usage): void {
    this.#usage = usage;
  }

  /** Whether the vendor's word was refused as absurd. Worth an alarm: its other numbers may be wrong as well. */
  get isUsageAbsurd(): boolean {
    return this.#usage !== undefined && !this.#isPlausible(this.#usage);
  }

  /** The vendor's usage if it is plausible, else our own count. */
  usage(): Usage {
    if (this.#usage !== undefined && this.#isPlausible(this.#usage)) return { ...this.#usage, ...this.#measures };
    if (!this.hasOutput) return NO_USAGE;
    return { ...this.#input(), outputTokens: this.#outputTokens, images: this.#images, ...this.#measures };
  }

  /** What was read, by the vendor's first word or else by our estimate. */
  #input(): Usage {
    if (this.#toldInput !== undefined && this.#isInputPlausible(this.#toldInput)) return this.#toldInput;
    return { ...NO_USAGE, inputTokens: Math.min(this.#estimateInput(), this.#inputTokensAtMost) };
  }

  #isPlausible(usage: Usage): boolean {
    const { outputTokens, reasoningTokens } = usage;
    if (!this.#isInputPlausible(usage) || ![outputTokens, reasoningTokens].every(isCount)) return false;
    // A vendor that tells of no output where there was some has not counted, and would make every answer free.
    if (outputTokens === 0 && this.#outputTokens > 0) return false;
    // Hidden reasoning is output that we never see, so only what is declared visible is held against our count.
    return outputTokens - reasoningTokens <= this.#outputTokens * ABSURD_FACTOR + ABSURD_MARGIN_TOKENS;
  }

  #isInputPlausible(usage: Usage): boolean {
    const { inputTokens, cachedInputTokens, cacheWriteTokens = 0, longCacheWriteTokens = 0 } = usage;
    if (![inputTokens, cachedInputTokens, cacheWriteTokens, longCacheWriteTokens].every(isCount)) return false;
    if (inputTokens === 0 && this.#inputTokensAtMost > 0) return false;
    // Vendors add tokens of their own for tools and templates, but never ten times the input.
    return inputTokens <= this.#inputTokensAtMost * ABSURD_FACTOR + ABSURD_MARGIN_TOKENS;
  }
}

function isCount(count: number): boolean {
  return Number.isSafeInteger(count) && count >= 0 && count <= USAGE_TOKENS_MAX;
}
