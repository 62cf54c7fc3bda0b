// Passes a vendor's chat stream on byte for byte while watching it: what was delivered, the usage, errors and the end.
// Only two things are ever left out: `[DONE]`, which waits for the charge, and a usage chunk that the client did not ask
// for.
import type { RelayContext } from '../../core/answer-stream.ts';
import type { CallError } from '../../core/errors.ts';
import type { SseEvent } from '../../core/sse.ts';
import { sseData } from '../../core/sse.ts';
import { StreamRelay } from '../stream-relay.ts';
import { errorBody } from './errors.ts';
import { parseChunk } from './read-stream.ts';
import { readUsage } from './usage.ts';

const SHAPE = {
  start: 'data: {',
  /** Of `content`, `reasoning_content`, `reasoning`, `arguments`, `refusal`, and the name of a called tool, which may be all. */
  delivered: ['content":', 'reasoning":', 'arguments":', 'refusal":', '"name":'],
} as const;

export class ChatStreamRelay extends StreamRelay {
  constructor(context: RelayContext, maxEventChars: number) {
    super(SHAPE, context, maxEventChars);
  }

  end(): string {
    return sseData('[DONE]');
  }

  error(error: CallError): string {
    return sseData(JSON.stringify(errorBody(error)));
  }

  protected isPlain(text: string): boolean {
    return !hasUsage(text);
  }

  protected read(event: SseEvent, frame: string): string {
    if (event.data === '[DONE]') {
      this.complete();
      return '';
    }
    const chunk = parseChunk(event.data, event.event);
    this.count(frame);
    const usage = readUsage(chunk['usage']);
    if (usage === undefined) return frame;
    this.context.meter.setUsage(usage);
    const isUsageOnly = Array.isArray(chunk['choices']) && chunk['choices'].length === 0;
    return isUsageOnly && !this.context.call.includeUsage ? '' : frame;
  }
}

/** `"usage": null` stands in every chunk of a stream that will end with usage; only a value matters. */
function hasUsage(text: string): boolean {
  let at = text.indexOf('"usage"');
  while (at >= 0) {
    let next = at + 7;
    while (text[next] === ' ' || text[next] === ':') next += 1;
    if (text[next] !== 'n') return true;
    at = text.indexOf('"usage"', next);
  }
  return false;
}
