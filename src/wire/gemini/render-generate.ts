// Writes answers as Gemini's, whole and streamed. A function call is told whole, since Google's clients know no pieces of
// one; the reason why a candidate ended comes last, with the usage, because it is what makes an answer complete.

import { AnswerBuilder } from '../../core/answer-builder.ts';
import type { Answer, CallEvent, ChatCall, FinishReason, ToolCall, Usage } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import { sseData } from '../../core/sse.ts';
import type { AnswerContext, Rendered, RequestHead, StreamRenderer } from '../rendering.ts';
import { errorBody } from './errors.ts';
import type { GeminiNotes } from './read-generate.ts';

const REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  content_filter: 'SAFETY',
};

export function renderGenerate(answer: Answer, context: AnswerContext, call: ChatCall): Rendered {
  const candidates = answer.choices.map(({ index, reasoning, text, refusal, toolCalls, finishReason, logprobs }) => {
    const { parts, isMalformed } = callParts(toolCalls);
    const said = [
      ...textParts(showsThoughts(call) ? reasoning : null, true),
      ...textParts(text),
      ...textParts(refusal),
    ];
    const finish = isMalformed ? 'MALFORMED_FUNCTION_CALL' : REASONS[finishReason];
    return { ...candidate(index, [...said, ...parts]), finishReason: finish, ...logprobsResult(logprobs) };
  });
  return { status: 200, body: { candidates, ...closing(context, answer.usage) } };
}

/** Events where the address says `alt=sse`, else one JSON array that grows. */
export function renderGenerateStream(call: ChatCall, context: AnswerContext, { query }: RequestHead): StreamRenderer {
  const isSse = query.get('alt') === 'sse';
  const n = call.options.n ?? 1;
  const gathered = new AnswerBuilder(n);
  let written = 0;
  const write = (response: unknown): string => {
    const text = JSON.stringify(response);
    written += 1;
    return isSse ? sseData(text) : `${written === 1 ? '' : ',\r\n'}${text}`;
  };
  const about = { modelVersion: context.model, responseId: context.callId };
  return {
    ...(isSse ? {} : { contentType: 'application/json; charset=utf-8', keepAlive: ' ' }),
    start: () => (isSse ? '' : '['),
    event(event) {
      if (event.kind === 'toolCall' || event.kind === 'finish') gathered.add(event);
      const said = partOf(event, call);
      if (said === undefined) return '';
      const { index, part, logprobs } = said;
      return write({ candidates: [{ ...candidate(index, [part]), ...logprobsResult(logprobs) }], ...about });
    },
    end(usage) {
      const candidates = gathered.build().map(({ index, toolCalls, finishReason }) => {
        const { parts, isMalformed } = callParts(toolCalls);
        const last = parts.length === 0 ? [{ text: '' }] : parts;
        return {
          ...candidate(index, last),
          finishReason: isMalformed ? 'MALFORMED_FUNCTION_CALL' : REASONS[finishReason],
        };
      });
      return write({ candidates, ...closing(context, usage) }) + (isSse ? '' : ']');
    },
    error: (error) => (isSse || written > 0 ? '' : '[') + write(errorBody(error)) + (isSse ? '' : ']'),
  };
}

type Said = { readonly index: number; readonly part: JsonObject; readonly logprobs?: unknown };

/** What an event gives a client at once. */
function partOf(event: CallEvent, call: ChatCall): Said | undefined {
  switch (event.kind) {
    case 'text':
      return { index: event.choice, part: { text: event.text }, logprobs: event.logprobs };
    case 'refusal':
      return { index: event.choice, part: { text: event.text } };
    case 'reasoning':
      return showsThoughts(call) ? { index: event.choice, part: { text: event.text, thought: true } } : undefined;
    default:
      return undefined;
  }
}

function showsThoughts(call: ChatCall): boolean {
  return (call.notes as GeminiNotes | undefined)?.includeThoughts === true;
}

function candidate(index: number, parts: readonly JsonObject[]): JsonObject {
  return { content: { role: 'model', parts }, index };
}

function textParts(text: string | null, isThought = false): JsonObject[] {
  return text === null || text === '' ? [] : [isThought ? { text, thought: true } : { text }];
}

/** Arguments that are no object cannot be told; the reason then says so. */
function callParts(calls: readonly ToolCall[]): { readonly parts: JsonObject[]; readonly isMalformed: boolean } {
  const parts: JsonObject[] = [];
  for (const { id, name, argumentsJson } of calls) {
    const args = parseArguments(argumentsJson);
    if (args !== undefined) parts.push({ functionCall: { id, name, args } });
  }
  return { parts, isMalformed: parts.length < calls.length };
}

function parseArguments(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function closing({ model, callId }: AnswerContext, usage: Usage): JsonObject {
  const { inputTokens, outputTokens, reasoningTokens, cachedInputTokens } = usage;
  return {
    usageMetadata: {
      promptTokenCount: inputTokens,
      candidatesTokenCount: Math.max(0, outputTokens - reasoningTokens),
      totalTokenCount: inputTokens + outputTokens,
      ...(reasoningTokens === 0 ? {} : { thoughtsTokenCount: reasoningTokens }),
      ...(cachedInputTokens === 0 ? {} : { cachedContentTokenCount: cachedInputTokens }),
    },
    modelVersion: model,
    responseId: callId,
  };
}

/** The log probabilities of chat completions, in Google's words. */
function logprobsResult(value: unknown): JsonObject {
  const content = isObject(value) && Array.isArray(value['content']) ? value['content'].filter(isObject) : [];
  if (content.length === 0) return {};
  const rate = ({ token, logprob }: JsonObject) => ({ token, logProbability: logprob });
  const topOf = ({ top_logprobs: top }: JsonObject) => (Array.isArray(top) ? top.filter(isObject).map(rate) : []);
  const topCandidates = content.map((entry) => ({ candidates: topOf(entry) }));
  return { logprobsResult: { chosenCandidates: content.map(rate), topCandidates } };
}
