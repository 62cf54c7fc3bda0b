// How large a call can be for a provider, counted without its tokenizer: what holds and bounds are made from.
import type { ChatCall } from './call.ts';
import { textsOf } from './call.ts';
import { estimateTokens, IMAGE_TOKENS, MESSAGE_TOKENS_MAX, utf8Length } from './tokens.ts';

/** What a message costs beside its text, and how many bytes of tools or schemas make a token, about. */
const MESSAGE_TOKENS = 4;
const BYTES_A_TOKEN = 4;

/** Everything that a vendor could count as input: text, pictures, templates, and what is carried uncut. */
export function inputTokensAtMost(call: ChatCall, imageTokensMax: number, uncut = uncutBytes(call)): number {
  let tokens = MESSAGE_TOKENS_MAX * (call.messages.length + 1) + uncut;
  for (const { parts } of call.messages) {
    for (const part of parts) {
      if (part.kind === 'text') tokens += utf8Length(part.text);
      if (part.kind === 'image') tokens += imageTokensMax;
    }
  }
  return tokens;
}

/** About how many tokens a vendor would count as input, for those who ask before they pay. */
export function estimateInputTokens(call: ChatCall): number {
  const around = call.messages.length * MESSAGE_TOKENS + Math.ceil(uncutBytes(call) / BYTES_A_TOKEN);
  return estimateContentTokens(call) + around;
}

/**
 * About how many tokens the input is: what is charged for it where no count of a vendor came, as in a stream whose client
 * leaves just before it. How many a recording or a document has nobody can tell from here: each is taken for an ordinary
 * picture at the most.
 */
export function estimateChargedTokens(call: ChatCall): number {
  const { messages, options } = call;
  let tokens = estimateContentTokens(call);
  const sizeOf = (value: unknown) => (value === undefined ? 0 : estimateTokens(JSON.stringify(value)));
  for (const { parts, toolCalls } of messages) {
    for (const part of parts) if (part.kind === 'opaque') tokens += Math.min(sizeOf(part.value), IMAGE_TOKENS);
    for (const { name, argumentsJson } of toolCalls ?? []) tokens += estimateTokens(name + argumentsJson);
  }
  return tokens + sizeOf(options.tools) + sizeOf(options.responseFormat);
}

/** About how many tokens text and pictures alone are. */
function estimateContentTokens(call: ChatCall): number {
  const images = call.messages.flatMap(({ parts }) => parts.filter(({ kind }) => kind === 'image')).length;
  return estimateTokens(textsOf(call).join('\n')) + images * IMAGE_TOKENS;
}

/** What goes to the provider beside the text and cannot be cut: tools, schemas, names, and fields only carried. */
export function uncutBytes({ messages, options, extra }: ChatCall): number {
  let bytes = 0;
  const add = (value: unknown) => {
    if (value !== undefined) bytes += utf8Length(typeof value === 'string' ? value : JSON.stringify(value));
  };
  for (const message of messages) {
    for (const part of message.parts) if (part.kind === 'opaque') add(part.value);
    add(message.name);
    add(message.extra);
    for (const made of message.toolCalls ?? []) bytes += utf8Length(made.name) + utf8Length(made.argumentsJson);
  }
  add(options.tools);
  add(options.responseFormat);
  if (Object.keys(extra).length > 0) add(extra);
  return bytes;
}
