// How large a call can be for a provider, counted without its tokenizer: what holds and bounds are made from.
import type { ChatCall } from './call.ts';
import { IMAGE_TOKENS_MAX, MESSAGE_TOKENS_MAX, utf8Length } from './tokens.ts';

/** Everything that a vendor could count as input: text, pictures, templates, and what is carried uncut. */
export function inputTokensAtMost(call: ChatCall, uncut = uncutBytes(call)): number {
  let tokens = MESSAGE_TOKENS_MAX * (call.messages.length + 1) + uncut;
  for (const { parts } of call.messages) {
    for (const part of parts) {
      if (part.kind === 'text') tokens += utf8Length(part.text);
      if (part.kind === 'image') tokens += IMAGE_TOKENS_MAX;
    }
  }
  return tokens;
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
