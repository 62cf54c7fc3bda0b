// Writes answers in the shape of OpenAI's text completions. Whole and streamed objects have the same shape; a choice
// always has `text`, `index`, `logprobs` and `finish_reason`, because strict clients throw without them.
import type { Answer, ChatCall, Choice, FinishReason, Usage } from '../../core/call.ts';
import { sseData } from '../../core/sse.ts';
import { codePointsIn } from '../../core/truncate.ts';
import type { AnswerContext, Rendered, StreamRenderer } from '../rendering.ts';
import { charactersOfLogprobs, convertLogprobs } from './completion-logprobs.ts';
import { errorBody } from './errors.ts';
import { promptOf } from './read-completion.ts';
import { renderUsage } from './render-chat.ts';

export function renderCompletion(answer: Answer, context: AnswerContext, call: ChatCall): Rendered {
  const choices = answer.choices.map((choice) => renderChoice(choice, call));
  return { status: 200, body: { ...objectOf(context, choices), usage: renderUsage(answer.usage) } };
}

export function renderCompletionStream(call: ChatCall, context: AnswerContext): StreamRenderer {
  const promptCharacters = codePointsIn(promptOf(call));
  const offsets = new Map<number, number>();
  const frame = (choices: readonly unknown[], usage: unknown = null): string =>
    sseData(JSON.stringify({ ...objectOf(context, choices), ...(call.includeUsage ? { usage } : {}) }));
  const piece = (index: number, text: string, logprobs: unknown = null, reason: string | null = null): string =>
    frame([{ text, index, logprobs, finish_reason: reason }]);
  const convert = (index: number, value: unknown): unknown => {
    if (call.options.logprobs !== true) return null;
    const offset = offsets.get(index) ?? promptCharacters;
    offsets.set(index, offset + charactersOfLogprobs(value));
    return convertLogprobs(value, offset);
  };
  return {
    start: () =>
      call.echo === true
        ? Array.from({ length: call.options.n ?? 1 }, (_, index) => piece(index, promptOf(call))).join('')
        : '',
    event(event) {
      switch (event.kind) {
        case 'text':
          return piece(event.choice, event.text, convert(event.choice, event.logprobs));
        case 'refusal':
          return piece(event.choice, event.text);
        case 'finish':
          return piece(event.choice, '', null, finishReason(event.reason));
        default:
          return '';
      }
    },
    end: (usage: Usage) => (call.includeUsage ? frame([], renderUsage(usage)) : '') + sseData('[DONE]'),
    error: (error) => sseData(JSON.stringify(errorBody(error))),
  };
}

function objectOf(context: AnswerContext, choices: readonly unknown[]): Record<string, unknown> {
  return {
    id: `cmpl-${context.callId}`,
    object: 'text_completion',
    created: context.createdAtS,
    model: context.model,
    choices,
  };
}

function renderChoice(choice: Choice, call: ChatCall): unknown {
  const text = choice.text ?? choice.refusal ?? '';
  const wantsLogprobs = call.options.logprobs === true && text !== '';
  return {
    text: (call.echo === true ? promptOf(call) : '') + text,
    index: choice.index,
    logprobs: wantsLogprobs ? convertLogprobs(choice.logprobs, codePointsIn(promptOf(call))) : null,
    finish_reason: finishReason(choice.finishReason),
  };
}

/** Text completions know no tools. */
function finishReason(reason: FinishReason): string {
  return reason === 'tool_calls' ? 'stop' : reason;
}
