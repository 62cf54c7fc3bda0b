// Writes a stream in the shape of Anthropic's Messages API: a message begins, its blocks follow one after another, and
// its stop reason and usage are told only at the end, because clients take a stop reason for completeness.
import type { CallEvent, ChatCall, FinishReason, Usage } from '../../core/call.ts';
import { NO_USAGE, textsOf } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import { sseData } from '../../core/sse.ts';
import { estimateTokens } from '../../core/tokens.ts';
import type { AnswerContext, StreamRenderer } from '../rendering.ts';
import { errorBody } from './errors.ts';
import { emptyMessage, renderUsage, stopReason, wantsThinking } from './render-message.ts';

export function namedEvent(name: string, data: unknown): string {
  return `event: ${name}\n${sseData(JSON.stringify(data))}`;
}

export function renderMessageStream(call: ChatCall, context: AnswerContext): StreamRenderer {
  const blocks = new Blocks();
  const showsThinking = wantsThinking(call);
  let reason: FinishReason = 'stop';
  let hasRefusal = false;
  return {
    start() {
      // Older clients read the input here alone; nobody has counted it yet. The end has the vendor's own count.
      const usage = { ...NO_USAGE, inputTokens: estimateTokens(textsOf(call).join('\n')) };
      return namedEvent('message_start', { type: 'message_start', message: emptyMessage(context, usage) });
    },
    event(event) {
      if (event.kind === 'finish') reason = event.reason;
      if (event.kind === 'refusal') hasRefusal = true;
      return event.kind === 'reasoning' && !showsThinking ? '' : renderEvent(event, blocks);
    },
    end: (usage) => blocks.close() + renderEnd(stopReason(reason, { hasRefusal, hasTools: blocks.hasTools }), usage),
    error: (error) => namedEvent('error', errorBody(error, context.callId)),
  };
}

function renderEvent(event: CallEvent, blocks: Blocks): string {
  switch (event.kind) {
    case 'text':
    case 'refusal':
      return blocks.text('text', event.text);
    case 'reasoning':
      return blocks.text('thinking', event.text);
    case 'toolCall':
      return blocks.tool(event);
    case 'finish':
    case 'usage':
      return '';
  }
}

function renderEnd(reason: string, usage: Usage): string {
  const delta = { container: null, stop_details: null, stop_reason: reason, stop_sequence: null };
  return (
    namedEvent('message_delta', { type: 'message_delta', delta, usage: renderUsage(usage) }) +
    namedEvent('message_stop', { type: 'message_stop' })
  );
}

/** The blocks of one message. One is open at a time; its index counts from 0. */
class Blocks {
  #index = -1;
  #open: string | undefined;
  readonly #tools = new Set<number>();

  get hasTools(): boolean {
    return this.#tools.size > 0;
  }

  text(kind: 'text' | 'thinking', text: string): string {
    const begin = this.#open === kind ? '' : this.#begin(kind, kind === 'text' ? { type: kind, text: '' } : THINKING);
    return begin + this.#delta({ type: `${kind}_delta`, [kind]: text });
  }

  /** Throws where the provider goes back to a call that has ended: this shape cannot say that, and cannot leave it out. */
  tool({ index, id, name, argumentsJson }: CallEvent & { readonly kind: 'toolCall' }): string {
    const key = `tool ${index}`;
    let out = '';
    if (this.#open !== key) {
      if (this.#tools.has(index))
        throw new CallError('upstream_bad_response', { detail: 'pieces of several tool calls are mixed' });
      this.#tools.add(index);
      const block = { type: 'tool_use', id: id ?? `toolu_${index}`, name: name ?? '', input: {} };
      out = this.#begin(key, { ...block, caller: { type: 'direct' } });
    }
    return argumentsJson === '' ? out : out + this.#delta({ type: 'input_json_delta', partial_json: argumentsJson });
  }

  close(): string {
    if (this.#open === undefined) return '';
    this.#open = undefined;
    return namedEvent('content_block_stop', { type: 'content_block_stop', index: this.#index });
  }

  #begin(key: string, block: unknown): string {
    const closed = this.close();
    this.#open = key;
    this.#index += 1;
    const begun = { type: 'content_block_start', index: this.#index, content_block: block };
    return closed + namedEvent('content_block_start', begun);
  }

  #delta(delta: unknown): string {
    return namedEvent('content_block_delta', { type: 'content_block_delta', index: this.#index, delta });
  }
}

const THINKING = { type: 'thinking', thinking: '', signature: '' };
