// Gathers the events of a streamed answer into whole choices.
import type { CallEvent, Choice, ToolCall } from './call.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export class AnswerBuilder {
  readonly #choices: Mutable<Choice>[];
  readonly #toolCalls: Map<number, Mutable<ToolCall>>[];

  constructor(choices: number) {
    this.#choices = Array.from({ length: choices }, (_, index) => ({
      index,
      text: null,
      refusal: null,
      reasoning: null,
      toolCalls: [],
      logprobs: null,
      finishReason: 'stop' as const,
    }));
    this.#toolCalls = this.#choices.map(() => new Map());
  }

  /** Adds one event; events of choices that were not asked for are left out. */
  add(event: CallEvent): void {
    if (event.kind === 'usage') return;
    const choice = this.#choices[event.choice];
    if (choice === undefined) return;
    switch (event.kind) {
      case 'text':
        choice.text = (choice.text ?? '') + event.text;
        return;
      case 'refusal':
        choice.refusal = (choice.refusal ?? '') + event.text;
        return;
      case 'reasoning':
        choice.reasoning = (choice.reasoning ?? '') + event.text;
        return;
      case 'finish':
        choice.finishReason = event.reason;
        return;
      case 'toolCall':
        this.#addToolCall(event);
    }
  }

  build(): Choice[] {
    return this.#choices.map((choice, i) => ({ ...choice, toolCalls: [...(this.#toolCalls[i]?.values() ?? [])] }));
  }

  #addToolCall(event: CallEvent & { kind: 'toolCall' }): void {
    const calls = this.#toolCalls[event.choice] as Map<number, Mutable<ToolCall>>;
    const known = calls.get(event.index);
    if (known === undefined) {
      calls.set(event.index, {
        id: event.id ?? `call_${event.choice}_${event.index}`,
        name: event.name ?? '',
        argumentsJson: event.argumentsJson,
      });
    } else known.argumentsJson += event.argumentsJson;
  }
}
