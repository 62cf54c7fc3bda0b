// Reads the `usage` of Anthropic's answers. Its input tokens leave out those that were read from or written to a cache,
// so that all three are added; a stream tells them in two events, of which the later one counts. A count that is
// missing or is no number makes the whole unusable: the meter then counts by itself.
import type { Usage } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';

export class UsageReader {
  #told: JsonObject = {};
  #hasThought = false;

  /** A block of thinking was there, of which the customer may see a summary or nothing. */
  sawThinking(): void {
    this.#hasThought = true;
  }

  /** Takes what an event tells; `null` is what it does not tell. */
  add(usage: unknown): void {
    if (!isObject(usage)) return;
    this.#told = {
      ...this.#told,
      ...Object.fromEntries(Object.entries(usage).filter(([, count]) => count !== null && count !== undefined)),
    };
  }

  usage(): Usage | undefined {
    const told = this.#told;
    const inputTokens = told['input_tokens'];
    const outputTokens = told['output_tokens'];
    if (typeof inputTokens !== 'number' || typeof outputTokens !== 'number') return undefined;
    const cachedInputTokens = countOf(told['cache_read_input_tokens']);
    const details = isObject(told['output_tokens_details']) ? told['output_tokens_details'] : {};
    const thinkingTokens = details['thinking_tokens'];
    return {
      source: 'exact',
      inputTokens: inputTokens + cachedInputTokens + countOf(told['cache_creation_input_tokens']),
      cachedInputTokens,
      outputTokens,
      // Older versions do not say how much of the output was thinking, which can be nearly all of it. Taking it for
      // visible text would make an honest count look absurd.
      reasoningTokens: typeof thinkingTokens === 'number' ? thinkingTokens : this.#hasThought ? outputTokens : 0,
      images: 0,
    };
  }
}

function countOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
