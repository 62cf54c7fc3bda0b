// Any server that speaks OpenAI's chat completions and, where it draws or moderates, its image generations and
// moderations. What differs between vendors is data (vendors.ts).
import type { ChatCall } from '../core/call.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { readWhole } from '../wire/openai/read-answer.ts';
import { readPictures } from '../wire/openai/read-pictures.ts';
import { ChatStreamReader } from '../wire/openai/read-stream.ts';
import { refuseUnsupported } from '../wire/openai/refuse-unsupported.ts';
import { ChatStreamRelay } from '../wire/openai/relay-stream.ts';
import { readVendorModeration, writeModeration } from '../wire/openai/vendor-moderation.ts';
import { writeChat } from '../wire/openai/write-chat.ts';
import { writeImage } from '../wire/openai/write-image.ts';
import { textOfBody } from '../wire/vendor-json.ts';
import type { RemoteProvider, Target, UpstreamRequest } from './provider.ts';

export const openaiCompatible: RemoteProvider = {
  kind: 'remote',
  name: 'openai-compatible',
  keyHeaders,
  faultOfStatus,
  chat: {
    family: 'openai-chat',
    buildRequest,
    readAnswer: readWhole,
    openEvents: (maxEventChars) => new ChatStreamReader(maxEventChars),
    openRelay: (context, maxEventChars) => new ChatStreamRelay(context, maxEventChars),
  },
  images: {
    draw: (call, target) => ({
      request: post(target, 'images/generations', writeImage(call, target.upstreamModel)),
      read: (body) => ({ result: readPictures(textOfBody(body)) }),
    }),
  },
  moderations: {
    buildRequest: (texts, target) => post(target, 'moderations', writeModeration(texts, target.upstreamModel)),
    readModeration: readVendorModeration,
  },
};

function buildRequest(call: ChatCall, target: Target): UpstreamRequest {
  refuseUnsupported(call, target.quirks.unsupported);
  const body = writeChat(call, { model: target.upstreamModel, maxTokensField: target.quirks.maxTokensField });
  return post(target, 'chat/completions', body, call.stream ? 'text/event-stream' : 'application/json');
}

function post(target: Target, path: string, body: string, accept = 'application/json'): UpstreamRequest {
  const headers = { 'content-type': 'application/json', accept, ...keyHeaders(target.apiKey) };
  return { method: 'POST', url: `${target.baseUrl}/${path}`, origin: target.origin, headers, body };
}

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}
