// Writes a whole answer as an OpenAI response: reasoning, then the message, then function calls.
import type { Answer, ChatCall, Choice } from '../../core/call.ts';
import type { AnswerContext, Rendered } from '../rendering.ts';
import type { Content, Item } from './response-object.ts';
import {
  functionItem,
  logprobsOf,
  messageItem,
  reasoningItem,
  refusalContent,
  responseObject,
  statusOf,
  textContent,
} from './response-object.ts';

export function renderResponse(answer: Answer, context: AnswerContext, call: ChatCall): Rendered {
  const choice = answer.choices[0];
  const reason = choice?.finishReason ?? 'stop';
  const output = choice === undefined ? [] : itemsOf(choice, context.callId);
  const body = responseObject(call, context, statusOf(reason), output, { reason, usage: answer.usage });
  return { status: 200, body };
}

function itemsOf(choice: Choice, callId: string): Item[] {
  const { text, refusal, reasoning, toolCalls } = choice;
  const status = statusOf(choice.finishReason) === 'incomplete' ? 'incomplete' : 'completed';
  const items: Item[] = [];
  const id = (prefix: string) => `${prefix}_${callId}_${items.length}`;
  if (reasoning !== null && reasoning !== '') items.push(reasoningItem(id('rs'), reasoning, 'completed'));
  const content: Content[] = [];
  if (text !== null && text !== '') content.push(textContent(text, logprobsOf(choice.logprobs)));
  if (refusal !== null && refusal !== '') content.push(refusalContent(refusal));
  if (content.length > 0) items.push(messageItem(id('msg'), content, status));
  for (const { id: toolCallId, name, argumentsJson } of toolCalls)
    items.push(functionItem(id('fc'), { callId: toolCallId, name, argumentsJson }, status));
  return items;
}
