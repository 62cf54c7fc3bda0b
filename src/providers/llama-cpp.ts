// A model's file in GGUF, answered by llama.cpp on this machine. The shell runs it in a process of its own
// (engines/llama-server.mjs), which speaks OpenAI's chat completions, and says at which address. What llama.cpp or that
// server would not honour is refused here by name, so that a model's other targets are tried.
import type { ChatCall } from '../core/call.ts';
import { isObject, unsupported } from '../core/fields.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { readWhole } from '../wire/openai/read-answer.ts';
import { ChatStreamReader } from '../wire/openai/read-stream.ts';
import { refuseUnsupported } from '../wire/openai/refuse-unsupported.ts';
import { ChatStreamRelay } from '../wire/openai/relay-stream.ts';
import { writeChat } from '../wire/openai/write-chat.ts';
import type { RemoteProvider, Target, UpstreamRequest } from './provider.ts';

const UNSUPPORTED = ['n', 'logprobs', 'logit_bias', 'tools'];

/** What its grammar keeps to. Other words of a schema it would leave out, and the answer might break them. */
const SCHEMA_WORDS = ['type', 'properties', 'required', 'additionalProperties', 'items', 'enum', 'const'];
/** Words that say nothing about what fits. */
const SCHEMA_NOTES = ['title', 'description', '$schema', 'default', 'examples'];

export const llamaCpp: RemoteProvider = {
  kind: 'remote',
  name: 'llama-cpp',
  options: [
    { name: 'file', accepts: /^.+$/, about: 'The GGUF file of the model, seen from the configuration file.' },
    {
      name: 'contextTokens',
      accepts: /^[1-9]\d{1,6}$/,
      fallback: '4096',
      about: 'Tokens of one conversation, its answer among them.',
    },
    {
      name: 'parallel',
      accepts: /^[1-9]\d?$/,
      fallback: '2',
      about: 'Conversations at once; each has memory for its whole context.',
    },
    {
      name: 'gpuLayers',
      accepts: /^(auto|\d{1,4})$/,
      fallback: 'auto',
      about: 'Layers on the graphics card: a number, or `auto` for as many as fit.',
    },
    {
      name: 'threads',
      accepts: /^(auto|[1-9]\d{0,2})$/,
      fallback: 'auto',
      about: 'Threads of the processor that it may use: a number, or `auto`.',
    },
  ],
  concurrency: ({ parallel }) => Number(parallel),
  keyHeaders,
  faultOfStatus,
  chat: {
    family: 'openai-chat',
    buildRequest(call, target) {
      refuseUnsupported(call, UNSUPPORTED);
      refuseMessages(call);
      refuseSchema(call);
      const body = writeChat(call, {
        model: target.upstreamModel,
        maxTokensField: 'max_tokens',
        takesCacheMarks: false,
      });
      return post(target, body, call.stream ? 'text/event-stream' : 'application/json');
    },
    readAnswer: readWhole,
    openEvents: (maxEventChars) => new ChatStreamReader(maxEventChars),
    openRelay: (context, maxEventChars) => new ChatStreamRelay(context, maxEventChars),
  },
};

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}

/** Only texts, and none of a conversation with tools. What another model thought before may be left out. */
function refuseMessages({ messages }: ChatCall): void {
  const parts = messages.flatMap((message) => message.parts);
  if (!parts.every((part) => part.kind === 'text' || (part.kind === 'opaque' && part.isOptional === true)))
    throw unsupported('messages', 'Only texts are supported by this model.');
  if (messages.some(({ role, toolCalls = [] }) => role === 'tool' || toolCalls.length > 0))
    throw unsupported('messages', 'Calls of tools are not supported by this model.');
}

function refuseSchema({ options: { responseFormat } }: ChatCall): void {
  if (responseFormat?.kind !== 'schema') return;
  const word = unknownWord(responseFormat.schema);
  if (word === undefined) return;
  throw unsupported('response_format', `"${word.slice(0, 40)}" in a schema is not supported by this model.`);
}

/** The first word of a schema that the grammar does not keep to. Every property that it names will be there. */
function unknownWord(schema: unknown): string | undefined {
  if (!isObject(schema)) return 'true or false';
  const unknown = Object.keys(schema).find((word) => !SCHEMA_WORDS.includes(word) && !SCHEMA_NOTES.includes(word));
  if (unknown !== undefined) return unknown;
  if ((schema['additionalProperties'] ?? false) !== false) return 'additionalProperties';
  const properties = isObject(schema['properties']) ? Object.values(schema['properties']) : [];
  const items = schema['items'] === undefined ? [] : [schema['items']];
  for (const inner of [...properties, ...items]) {
    const word = unknownWord(inner);
    if (word !== undefined) return word;
  }
  return undefined;
}

function post(target: Target, body: string, accept: string): UpstreamRequest {
  const headers = { 'content-type': 'application/json', accept, ...keyHeaders(target.apiKey) };
  return { method: 'POST', url: `${target.baseUrl}/chat/completions`, origin: target.origin, headers, body };
}
