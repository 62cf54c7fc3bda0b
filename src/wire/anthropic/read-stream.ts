// Reads a vendor's stream of a message into neutral events, for callers who speak another dialect.
import type { CallEvent } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import type { SseEvent } from '../../core/sse.ts';
import { EventStreamReader } from '../event-stream-reader.ts';
import { objectOf, parseVendorObject } from '../vendor-json.ts';
import { faultOfErrorObject } from './fault.ts';
import { isThinking, readStopReason } from './read-message.ts';
import { UsageReader } from './usage.ts';

type OpenTool = { readonly index: number; hasArguments: boolean };

export class MessageStreamReader extends EventStreamReader {
  readonly #usage = new UsageReader();
  /** The tool calls by the index of their block. */
  readonly #tools = new Map<unknown, OpenTool>();

  /** Kinds that this program does not know are passed over, as the vendor asks of its clients. */
  protected read(found: SseEvent): readonly CallEvent[] {
    const event = parseEvent(found.data, found.event);
    switch (event['type']) {
      case 'message_start':
        this.#usage.add(isObject(event['message']) ? event['message']['usage'] : undefined);
        return [];
      case 'content_block_start':
        return this.#start(event['index'], objectOf(event['content_block']));
      case 'content_block_delta':
        return this.#delta(event['index'], objectOf(event['delta']));
      case 'content_block_stop':
        return this.#stop(event['index']);
      case 'message_delta':
        return this.#end(event);
      case 'message_stop':
        this.complete();
        return [];
      default:
        return [];
    }
  }

  #start(block: unknown, content: JsonObject): readonly CallEvent[] {
    if (isThinking(content['type'])) this.#usage.sawThinking();
    if (content['type'] === 'text') return said('text', content['text']);
    if (content['type'] === 'thinking') return said('reasoning', content['thinking']);
    if (content['type'] !== 'tool_use') return [];
    const { id, name, input } = content;
    // Some vendors of this family send the whole input at once.
    const isWhole = isObject(input) && Object.keys(input).length > 0;
    const tool: OpenTool = { index: this.#tools.size, hasArguments: isWhole };
    this.#tools.set(block, tool);
    return [
      {
        kind: 'toolCall',
        choice: 0,
        index: tool.index,
        ...(typeof id === 'string' && id !== '' ? { id } : {}),
        name: String(name ?? ''),
        argumentsJson: isWhole ? JSON.stringify(input) : '',
      },
    ];
  }

  #delta(block: unknown, delta: JsonObject): readonly CallEvent[] {
    switch (delta['type']) {
      case 'text_delta':
        return said('text', delta['text']);
      case 'thinking_delta':
        return said('reasoning', delta['thinking']);
      case 'input_json_delta': {
        const tool = this.#tools.get(block);
        const json = delta['partial_json'];
        if (tool === undefined || typeof json !== 'string' || json === '') return [];
        tool.hasArguments = true;
        return [{ kind: 'toolCall', choice: 0, index: tool.index, argumentsJson: json }];
      }
      default:
        return [];
    }
  }

  /** A call without arguments has an empty input here; elsewhere its arguments must be JSON. */
  #stop(block: unknown): readonly CallEvent[] {
    const tool = this.#tools.get(block);
    if (tool === undefined || tool.hasArguments) return [];
    tool.hasArguments = true;
    return [{ kind: 'toolCall', choice: 0, index: tool.index, argumentsJson: '{}' }];
  }

  #end(event: JsonObject): readonly CallEvent[] {
    const reason = objectOf(event['delta'])['stop_reason'];
    this.#usage.add(event['usage']);
    const usage = this.#usage.usage();
    return [
      ...(typeof reason === 'string' ? [{ kind: 'finish' as const, choice: 0, reason: readStopReason(reason) }] : []),
      ...(usage === undefined ? [] : [{ kind: 'usage' as const, usage }]),
    ];
  }
}

/**
 * Parses one event's data. Throws what an error event means, or `upstream_bad_response`. Servers in between may tell of
 * an error in another family's shape, which no event of this one has.
 */
export function parseEvent(data: string, name: string): JsonObject {
  const event = parseVendorObject(data, 'a stream event');
  if (name === 'error' || event['type'] === 'error' || isObject(event['error']))
    throw faultOfErrorObject(event['error']);
  return event;
}

function said(kind: 'text' | 'reasoning', text: unknown): readonly CallEvent[] {
  return typeof text === 'string' && text !== '' ? [{ kind, choice: 0, text }] : [];
}
