// The Anthropic dialect: messages, the count of their tokens, and the text completions that came before them. Source:
// Anthropic's public API reference; what strict clients depend on is in the tests. Models are listed by the route that
// OpenAI's clients use as well.
import { estimateInputTokens } from '../core/input-size.ts';
import { renderError } from '../wire/anthropic/errors.ts';
import { readTextCompletion } from '../wire/anthropic/read-completion.ts';
import { readCountedCall, readMessagesCall } from '../wire/anthropic/read-messages.ts';
import { renderTextCompletion, renderTextCompletionStream } from '../wire/anthropic/render-completion.ts';
import { renderMessage } from '../wire/anthropic/render-message.ts';
import { renderMessageStream } from '../wire/anthropic/render-stream.ts';
import type { Rendered, WireBody } from '../wire/rendering.ts';
import type { Dialect } from './dialect.ts';

export const anthropic: Dialect = {
  name: 'anthropic',
  language: 'en',
  requestIdHeader: 'request-id',
  routes: [
    {
      action: 'call',
      method: 'POST',
      path: '/v1/messages',
      endpoint: 'chat',
      read: readMessagesCall,
      answer: renderMessage,
      stream: renderMessageStream,
    },
    {
      action: 'tokenize',
      method: 'POST',
      path: '/v1/messages/count_tokens',
      endpoint: 'tokenizer',
      answer: countTokens,
    },
    {
      action: 'call',
      method: 'POST',
      path: '/v1/complete',
      endpoint: 'completion',
      read: readTextCompletion,
      answer: renderTextCompletion,
      stream: renderTextCompletionStream,
    },
  ],
  error: renderError,
};

/** An estimate, as the vendor calls its own count: the models behind one name may have different vocabularies. */
async function countTokens(body: WireBody): Promise<Rendered> {
  return { status: 200, body: { input_tokens: estimateInputTokens(readCountedCall(body)) } };
}
