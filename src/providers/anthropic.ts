// Any server that speaks Anthropic's Messages API. The version is pinned: an answer's shape must not change because a
// client asked for another one. Features that are not finished are the client's to ask for, in the vendor's own header.
import type { ChatCall } from '../core/call.ts';
import { faultOfStatus } from '../wire/anthropic/fault.ts';
import { parseMessage, readMessage } from '../wire/anthropic/read-message.ts';
import { MessageStreamReader } from '../wire/anthropic/read-stream.ts';
import { MessageStreamRelay } from '../wire/anthropic/relay-stream.ts';
import { writeMessages } from '../wire/anthropic/write-messages.ts';
import type { RemoteProvider, Target, UpstreamRequest } from './provider.ts';

const VERSION = '2023-06-01';

export const anthropic: RemoteProvider = {
  kind: 'remote',
  name: 'anthropic',
  keyHeaders,
  faultOfStatus,
  chat: {
    family: 'anthropic-messages',
    buildRequest,
    readAnswer(text, meter) {
      return { answer: readMessage(parseMessage(text), meter), text };
    },
    openEvents: (maxEventChars) => new MessageStreamReader(maxEventChars),
    openRelay: (context, maxEventChars) => new MessageStreamRelay(context, maxEventChars),
  },
};

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  const version = { 'anthropic-version': VERSION };
  return apiKey === undefined ? version : { ...version, 'x-api-key': apiKey };
}

function buildRequest(call: ChatCall, target: Target): UpstreamRequest {
  return {
    method: 'POST',
    url: `${target.baseUrl}/messages`,
    origin: target.origin,
    headers: {
      'content-type': 'application/json',
      accept: call.stream ? 'text/event-stream' : 'application/json',
      ...(call.family === 'anthropic-messages' ? call.extraHeaders : undefined),
      ...keyHeaders(target.apiKey),
    },
    body: writeMessages(call, { model: target.upstreamModel, maxOutputTokens: target.maxOutputTokens }),
  };
}
