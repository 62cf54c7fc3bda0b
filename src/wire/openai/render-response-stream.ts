// Writes an answer as the event stream of an OpenAI response. Each event has its name twice, in the frame and in the
// data, and a number of its own, counted from 0 without a gap. Items are opened as their first piece comes; there is
// exactly one terminal event.
import type { CallEvent, ChatCall, FinishReason } from '../../core/call.ts';
import type { CallError } from '../../core/errors.ts';
import type { AnswerContext, StreamRenderer } from '../rendering.ts';
import { errorBody } from './errors.ts';
import type { ItemEvent, OpenItem } from './response-items.ts';
import { OpenFunctionCall, OpenMessage, OpenReasoning } from './response-items.ts';
import type { Item, ItemStatus } from './response-object.ts';
import { responseObject, statusOf } from './response-object.ts';

export function renderResponseStream(call: ChatCall, context: AnswerContext): StreamRenderer {
  const stream = new ResponseStream(context.callId);
  return {
    start: () => stream.start({ response: responseObject(call, context, 'in_progress', []) }),
    event: (event) => stream.event(event),
    end(usage) {
      const closing = stream.closeAll();
      const { reason } = stream;
      const status = statusOf(reason);
      const response = responseObject(call, context, status, stream.items, { reason, usage });
      return closing + stream.frame(`response.${status}`, { response });
    },
    error: (error) => stream.error(error),
  };
}

const BEGINNING = ['response.created', 'response.in_progress'] as const;

function frame(type: string, sequence: number, fields: Readonly<Record<string, unknown>>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence, ...fields })}\n\n`;
}

class ResponseStream {
  /** The items that are finished, in the order in which they were begun. */
  readonly items: Item[] = [];
  reason: FinishReason = 'stop';
  readonly #callId: string;
  /** The beginning has the first numbers, although it is asked for after the first events. */
  #sequence = BEGINNING.length;
  #hasBegun = false;
  #begun = 0;
  #open: OpenItem[] = [];

  constructor(callId: string) {
    this.#callId = callId;
  }

  start(fields: Readonly<Record<string, unknown>>): string {
    this.#hasBegun = true;
    return BEGINNING.map((type, sequence) => frame(type, sequence, fields)).join('');
  }

  frame(type: string, fields: Readonly<Record<string, unknown>>): string {
    return frame(type, this.#sequence++, fields);
  }

  event(event: CallEvent): string {
    // A response has one answer; a provider that gives more has them left out.
    if (event.kind === 'usage' || event.choice !== 0) return '';
    switch (event.kind) {
      case 'text':
        return this.#inMessage((message) => message.addText(event.text, event.logprobs));
      case 'refusal':
        return this.#inMessage((message) => message.addRefusal(event.text));
      case 'reasoning': {
        const [opening, item] = this.#use(OpenReasoning, (id, at) => new OpenReasoning(id, at));
        return opening + this.#write(item.add(event.text));
      }
      case 'toolCall':
        return this.#addToToolCall(event);
      case 'finish':
        this.reason = event.reason;
        return this.closeAll();
    }
  }

  closeAll(): string {
    const status = statusOf(this.reason) === 'incomplete' ? 'incomplete' : 'completed';
    return this.#close(this.#open, status);
  }

  /** Told flat, as the documents have it, and as an error object, which the official clients throw. */
  error(error: CallError): string {
    const { error: object } = errorBody(error) as { readonly error: Readonly<Record<string, unknown>> };
    const { code, message, param } = object;
    return frame('error', this.#hasBegun ? this.#sequence++ : 0, { code, message, param, error: object });
  }

  #inMessage(add: (message: OpenMessage) => readonly ItemEvent[]): string {
    const [opening, item] = this.#use(OpenMessage, (id, at) => new OpenMessage(id, at));
    return opening + this.#write(add(item));
  }

  /** Pieces of parallel calls may come in any order, so that all of them stay open until the end. */
  #addToToolCall(event: CallEvent & { readonly kind: 'toolCall' }): string {
    const known = this.#open.find((item) => item instanceof OpenFunctionCall && item.index === event.index);
    if (known instanceof OpenFunctionCall) return this.#write(known.add(event.argumentsJson));
    const others = this.#open.filter((item) => !(item instanceof OpenFunctionCall));
    const closing = this.#close(others, 'completed');
    const item = new OpenFunctionCall(this.#newId('fc'), this.#begun, event);
    return closing + this.#begin(item) + this.#write(item.add(event.argumentsJson));
  }

  /** The open item of a kind, with what it took to open it: text and reasoning end whatever came before them. */
  #use<T extends OpenItem>(kind: ItemKind<T>, make: (id: string, at: number) => T): [opening: string, item: T] {
    const known = this.#open.find((item) => item instanceof kind);
    if (known !== undefined) return ['', known as T];
    const closing = this.#close(this.#open, 'completed');
    const item = make(this.#newId(kind.prefix), this.#begun);
    return [closing + this.#begin(item), item];
  }

  #newId(prefix: string): string {
    return `${prefix}_${this.#callId}_${this.#begun}`;
  }

  #begin(item: OpenItem): string {
    this.#begun += 1;
    this.#open.push(item);
    return this.frame('response.output_item.added', { output_index: item.outputIndex, item: item.started() });
  }

  #close(items: readonly OpenItem[], status: ItemStatus): string {
    let out = '';
    for (const item of items) {
      const done = item.finished(status);
      this.items[item.outputIndex] = done;
      out += this.#write(item.end());
      out += this.frame('response.output_item.done', { output_index: item.outputIndex, item: done });
    }
    this.#open = this.#open.filter((item) => !items.includes(item));
    return out;
  }

  #write(events: readonly ItemEvent[]): string {
    return events.map(([type, fields]) => this.frame(type, fields)).join('');
  }
}

type ItemKind<T extends OpenItem> = (abstract new (...args: never[]) => T) & { readonly prefix: string };
