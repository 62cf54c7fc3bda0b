// Writes answers as Ollama's: one JSON object, or a line of JSON for each piece, the last of which is `done`. A call of a
// tool is told whole, in a line before that one. Source: `docs/api.md` of Ollama.
import { AnswerBuilder } from '../../core/answer-builder.ts';
import type { Answer, CallEvent, ChatCall, Choice, FinishReason, ToolCall, Usage } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject } from '../../core/fields.ts';
import type { AnswerContext, Rendered, StreamRenderer } from '../rendering.ts';
import { errorBody } from './errors.ts';
import type { OllamaNotes } from './read-options.ts';

const LINES = 'application/x-ndjson';

const REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'stop',
  content_filter: 'stop',
};

/** What is said, in the words of one of the two routes. */
type Shape = (said: {
  readonly text: string;
  readonly thinking?: string;
  readonly calls?: readonly ToolCall[];
}) => JsonObject;

const asMessage: Shape = ({ text, thinking, calls = [] }) => ({
  message: {
    role: 'assistant',
    content: text,
    ...(thinking === undefined ? {} : { thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCall) }),
  },
});
const asResponse: Shape = ({ text, thinking }) => ({ response: text, ...(thinking === undefined ? {} : { thinking }) });

export const renderChat = wholeOf(asMessage);
export const renderGenerate = wholeOf(asResponse);
export const renderChatStream = streamOf(asMessage);
export const renderGenerateStream = streamOf(asResponse);

function wholeOf(shape: Shape) {
  return ({ choices, usage }: Answer, context: AnswerContext, call: ChatCall): Rendered => {
    const choice = choices[0] as Choice;
    const thinking = showsThoughts(call) && choice.reasoning !== null ? { thinking: choice.reasoning } : {};
    const text = `${choice.text ?? ''}${choice.refusal ?? ''}`;
    const said = shape({ text, calls: choice.toolCalls, ...thinking });
    const body = {
      ...headOf(context),
      ...said,
      ...logprobsOf(choice.logprobs),
      ...closing(choice.finishReason, usage),
    };
    return { status: 200, body };
  };
}

function streamOf(shape: Shape) {
  return (call: ChatCall, context: AnswerContext): StreamRenderer => {
    const gathered = new AnswerBuilder(1);
    const line = (value: JsonObject) => `${JSON.stringify({ ...headOf(context), ...value })}\n`;
    return {
      contentType: LINES,
      // Some clients take every line for JSON, an empty one as well; a blank before the first one is nothing to them.
      keepAlive: ' ',
      start: () => '',
      event(event) {
        if (event.kind === 'toolCall' || event.kind === 'finish') gathered.add(event);
        const said = pieceOf(event, call);
        return said === undefined ? '' : line({ ...shape(said), ...logprobsOf(said.logprobs), done: false });
      },
      end(usage) {
        const { toolCalls: calls, finishReason } = gathered.build()[0] as Choice;
        const called = calls.length === 0 ? '' : line({ ...shape({ text: '', calls }), done: false });
        return called + line({ ...shape({ text: '' }), ...closing(finishReason, usage) });
      },
      error: (error) => `${JSON.stringify(errorBody(error))}\n`,
    };
  };
}

type Piece = { readonly text: string; readonly thinking?: string; readonly logprobs?: unknown };

function pieceOf(event: CallEvent, call: ChatCall): Piece | undefined {
  if (event.kind === 'text') return { text: event.text, logprobs: event.logprobs };
  if (event.kind === 'refusal') return { text: event.text };
  return event.kind === 'reasoning' && showsThoughts(call) ? { text: '', thinking: event.text } : undefined;
}

function showsThoughts(call: ChatCall): boolean {
  return (call.notes as OllamaNotes | undefined)?.showsThoughts === true;
}

function headOf({ model, createdAtS }: AnswerContext): JsonObject {
  return { model, created_at: new Date(createdAtS * 1000).toISOString() };
}

/** The times that Ollama tells as well are those of its own machine. */
function closing(reason: FinishReason, { inputTokens, outputTokens }: Usage): JsonObject {
  return { done: true, done_reason: REASONS[reason], prompt_eval_count: inputTokens, eval_count: outputTokens };
}

/** Its clients take arguments as an object alone; what is none is shown as what it is. */
function toolCall({ id, name, argumentsJson }: ToolCall): JsonObject {
  return { id, function: { name, arguments: parseArguments(argumentsJson) } };
}

function parseArguments(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    return isObject(value) ? value : { arguments: value };
  } catch {
    return { arguments: text };
  }
}

/** The log probabilities of chat completions are in its words already. */
function logprobsOf(value: unknown): JsonObject {
  const content = isObject(value) && Array.isArray(value['content']) ? value['content'] : [];
  return content.length === 0 ? {} : { logprobs: content };
}
