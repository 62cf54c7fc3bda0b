// Passes a vendor's stream of a message on byte for byte while watching it: what was delivered, the usage, errors and
// the end. Only `message_stop` is held back, which waits for the charge.
import type { RelayContext } from '../../core/answer-stream.ts';
import type { CallError } from '../../core/errors.ts';
import { isObject } from '../../core/fields.ts';
import type { SseEvent } from '../../core/sse.ts';
import { StreamRelay } from '../stream-relay.ts';
import { errorBody } from './errors.ts';
import { isThinking } from './read-message.ts';
import { parseEvent } from './read-stream.ts';
import { namedEvent } from './render-stream.ts';
import { UsageReader } from './usage.ts';

/** Deltas of content are the ordinary frames; nothing of the money or the ending is in them. */
const SHAPE = {
  start: 'event: content_block_delta\ndata: {',
  delivered: ['"text":', '"thinking":', '"partial_json":'],
} as const;

export class MessageStreamRelay extends StreamRelay {
  readonly #usage = new UsageReader();

  constructor(context: RelayContext, maxEventChars: number) {
    super(SHAPE, context, maxEventChars);
  }

  end(): string {
    return namedEvent('message_stop', { type: 'message_stop' });
  }

  error(error: CallError): string {
    return namedEvent('error', errorBody(error, this.context.callId));
  }

  protected isPlain(): boolean {
    return true;
  }

  protected read(found: SseEvent, frame: string): string {
    const event = parseEvent(found.data, found.event);
    switch (event['type']) {
      case 'message_start':
        this.#begin(event['message']);
        return frame;
      case 'content_block_start':
        this.#start(event['content_block']);
        return frame;
      case 'content_block_delta':
        this.count(found.data);
        return frame;
      case 'message_delta':
        this.#end(event['usage']);
        return frame;
      case 'message_stop':
        this.complete();
        return '';
      default:
        return frame;
    }
  }

  #begin(message: unknown): void {
    this.#usage.add(isObject(message) ? message['usage'] : undefined);
    const usage = this.#usage.usage();
    if (usage !== undefined) this.context.meter.setToldInput(usage);
  }

  #start(block: unknown): void {
    if (!isObject(block)) return;
    if (isThinking(block['type'])) this.#usage.sawThinking();
    for (const text of [block['text'], block['thinking'], block['name']])
      if (typeof text === 'string') this.context.meter.addText(text);
  }

  #end(told: unknown): void {
    this.#usage.add(told);
    const usage = this.#usage.usage();
    if (usage !== undefined) this.context.meter.setUsage(usage);
  }
}
