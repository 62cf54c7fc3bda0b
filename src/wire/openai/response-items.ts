// Items of a response's stream while they are open: each tells its pieces as events and gathers them for its end.
import type { CallEvent } from '../../core/call.ts';
import type { Content, Item, ItemStatus } from './response-object.ts';
import {
  functionItem,
  logprobsOf,
  messageItem,
  reasoningContent,
  reasoningItem,
  refusalContent,
  textContent,
} from './response-object.ts';

export type ItemEvent = readonly [type: string, fields: Readonly<Record<string, unknown>>];

export interface OpenItem {
  readonly outputIndex: number;
  /** The item as it is when nothing of it has come. */
  started(): Item;
  /** What ends its parts. */
  end(): readonly ItemEvent[];
  finished(status: ItemStatus): Item;
}

export class OpenReasoning implements OpenItem {
  static readonly prefix = 'rs';
  readonly outputIndex: number;
  readonly #id: string;
  #text = '';

  constructor(id: string, outputIndex: number) {
    this.#id = id;
    this.outputIndex = outputIndex;
  }

  started(): Item {
    return reasoningItem(this.#id, '', 'in_progress');
  }

  add(delta: string): ItemEvent[] {
    const part = { ...this.#where(), part: reasoningContent('') };
    const opening: ItemEvent[] = this.#text === '' ? [['response.content_part.added', part]] : [];
    this.#text += delta;
    return [...opening, ['response.reasoning_text.delta', { ...this.#where(), delta }]];
  }

  end(): ItemEvent[] {
    const text = this.#text;
    return [
      ['response.reasoning_text.done', { ...this.#where(), text }],
      ['response.content_part.done', { ...this.#where(), part: reasoningContent(text) }],
    ];
  }

  finished(status: ItemStatus): Item {
    return reasoningItem(this.#id, this.#text, status);
  }

  #where() {
    return { item_id: this.#id, output_index: this.outputIndex, content_index: 0 };
  }
}

/** A part of a message while it grows: text, or why the model refuses. */
type OpenPart = { readonly kind: 'text' | 'refusal'; text: string; logprobs: unknown[] };

export class OpenMessage implements OpenItem {
  static readonly prefix = 'msg';
  readonly outputIndex: number;
  readonly #id: string;
  readonly #parts: OpenPart[] = [];

  constructor(id: string, outputIndex: number) {
    this.#id = id;
    this.outputIndex = outputIndex;
  }

  started(): Item {
    return messageItem(this.#id, [], 'in_progress');
  }

  addText(delta: string, logprobs: unknown): ItemEvent[] {
    const opening = this.#use('text');
    const rated = logprobsOf(logprobs);
    const part = this.#parts.at(-1) as OpenPart;
    part.text += delta;
    part.logprobs.push(...rated);
    return [...opening, ['response.output_text.delta', { ...this.#where(), delta, logprobs: rated }]];
  }

  addRefusal(delta: string): ItemEvent[] {
    const opening = this.#use('refusal');
    (this.#parts.at(-1) as OpenPart).text += delta;
    return [...opening, ['response.refusal.delta', { ...this.#where(), delta }]];
  }

  end(): ItemEvent[] {
    const part = this.#parts.at(-1);
    if (part === undefined) return [];
    const { text, logprobs } = part;
    const done: ItemEvent =
      part.kind === 'text'
        ? ['response.output_text.done', { ...this.#where(), text, logprobs }]
        : ['response.refusal.done', { ...this.#where(), refusal: text }];
    return [done, ['response.content_part.done', { ...this.#where(), part: contentOf(part) }]];
  }

  finished(status: ItemStatus): Item {
    return messageItem(this.#id, this.#parts.map(contentOf), status);
  }

  /** Opens a part of the kind unless the last one is of it; a part that is left ends. */
  #use(kind: OpenPart['kind']): ItemEvent[] {
    if (this.#parts.at(-1)?.kind === kind) return [];
    const closing = this.end();
    const part: OpenPart = { kind, text: '', logprobs: [] };
    this.#parts.push(part);
    return [...closing, ['response.content_part.added', { ...this.#where(), part: contentOf(part) }]];
  }

  #where() {
    return { item_id: this.#id, output_index: this.outputIndex, content_index: this.#parts.length - 1 };
  }
}

function contentOf({ kind, text, logprobs }: OpenPart): Content {
  return kind === 'text' ? textContent(text, [...logprobs]) : refusalContent(text);
}

export class OpenFunctionCall implements OpenItem {
  readonly outputIndex: number;
  /** Which of the model's calls this is. */
  readonly index: number;
  readonly #id: string;
  readonly #callId: string;
  readonly #name: string;
  #arguments = '';

  constructor(id: string, outputIndex: number, event: CallEvent & { readonly kind: 'toolCall' }) {
    this.#id = id;
    this.outputIndex = outputIndex;
    this.index = event.index;
    this.#callId = event.id ?? `call_${event.index}`;
    this.#name = event.name ?? '';
  }

  started(): Item {
    return functionItem(this.#id, { callId: this.#callId, name: this.#name, argumentsJson: '' }, 'in_progress');
  }

  add(delta: string): ItemEvent[] {
    if (delta === '') return [];
    this.#arguments += delta;
    return [['response.function_call_arguments.delta', { ...this.#where(), delta }]];
  }

  end(): ItemEvent[] {
    const done = { ...this.#where(), name: this.#name, arguments: this.#arguments };
    return [['response.function_call_arguments.done', done]];
  }

  finished(status: ItemStatus): Item {
    const call = { callId: this.#callId, name: this.#name, argumentsJson: this.#arguments };
    return functionItem(this.#id, call, status);
  }

  #where() {
    return { item_id: this.#id, output_index: this.outputIndex };
  }
}
