// Writes answers in the shape of Anthropic's text completions. The `anthropic-version` header of the request decides
// how a stream looks: since 2023-06-01 named events with the text piece by piece; before that, and without the header,
// data alone with all of the text so far in each. Clients of either kind lose text when given the other.
import type { Answer, ChatCall, FinishReason } from '../../core/call.ts';
import { sseData } from '../../core/sse.ts';
import type { AnswerContext, Rendered, RequestHead, StreamRenderer } from '../rendering.ts';
import { errorBody } from './errors.ts';
import { BUILT_IN_STOP } from './read-completion.ts';

const NAMED_EVENTS_SINCE = '2023-06-01';

export function renderTextCompletion(answer: Answer, context: AnswerContext, call: ChatCall): Rendered {
  const choice = answer.choices[0];
  const text = choice?.text ?? choice?.refusal ?? '';
  return { status: 200, body: completion(context, text, ending(choice?.finishReason ?? 'stop', call)) };
}

export function renderTextCompletionStream(
  call: ChatCall,
  context: AnswerContext,
  { headers }: RequestHead,
): StreamRenderer {
  const version = headers.get('anthropic-version') ?? '';
  const isNew = /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= NAMED_EVENTS_SINCE;
  return isNew ? namedEvents(call, context) : cumulativeData(call, context);
}

/** The end is told by `end` and not by the model's own finish, since a client takes a stop reason for completeness. */
function namedEvents(call: ChatCall, context: AnswerContext): StreamRenderer {
  let reason: FinishReason = 'stop';
  const event = (name: string, data: unknown): string => `event: ${name}\n${sseData(JSON.stringify(data))}`;
  return {
    start: () => event('ping', { type: 'ping' }),
    event(made) {
      if (made.kind === 'finish') reason = made.reason;
      if (made.kind !== 'text' && made.kind !== 'refusal') return '';
      return event('completion', completion(context, made.text, UNFINISHED));
    },
    end: () => event('completion', completion(context, '', ending(reason, call))),
    error: (error) => event('error', errorBody(error)),
  };
}

/** Old clients take a frame whose `stop_reason` is not literally null, or is not there, for the last one. */
function cumulativeData(call: ChatCall, context: AnswerContext): StreamRenderer {
  let text = '';
  let reason: FinishReason = 'stop';
  const frame = (end: Ending, exception: string | null = null, more: object = {}): string =>
    sseData(JSON.stringify({ ...completion(context, text, end), truncated: false, exception, ...more }));
  return {
    start: () => '',
    event(made) {
      if (made.kind === 'finish') reason = made.reason;
      if (made.kind !== 'text' && made.kind !== 'refusal') return '';
      text += made.text;
      return frame(UNFINISHED);
    },
    end: () => frame(ending(reason, call)) + sseData('[DONE]'),
    error: (error) => frame(UNFINISHED, error.text('en'), { error: errorBody(error).error }),
  };
}

type Ending = { readonly stop_reason: string | null; readonly stop: string | null };

const UNFINISHED: Ending = { stop_reason: null, stop: null };

/**
 * Chat models do not say which sequence stopped them. Where only the built-in one could, it was that one or the end of
 * the model's turn, which is the same; otherwise `stop` is null rather than a guess.
 */
function ending(reason: FinishReason, call: ChatCall): Ending {
  if (reason === 'length') return { stop_reason: 'max_tokens', stop: null };
  if (reason === 'content_filter') return { stop_reason: 'refusal', stop: null };
  const isBuiltIn = (call.options.stop ?? []).every((stop) => stop === BUILT_IN_STOP);
  return { stop_reason: 'stop_sequence', stop: isBuiltIn ? BUILT_IN_STOP : null };
}

function completion(context: AnswerContext, text: string, { stop_reason, stop }: Ending): Record<string, unknown> {
  return {
    type: 'completion',
    id: `compl_${context.callId}`,
    completion: text,
    stop_reason,
    stop,
    model: context.model,
    log_id: context.callId,
  };
}
