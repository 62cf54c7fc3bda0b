// Google's Gemini API in its own protocol, which tells thoughts and cached tokens apart. Source: the vendor's API
// reference and the types of its JavaScript client.
import type { ChatCall } from '../core/call.ts';
import { faultOfStatus } from '../wire/gemini/fault.ts';
import { ContentStreamReader, readContent } from '../wire/gemini/read-content.ts';
import { writeContent } from '../wire/gemini/write-content.ts';
import type { RemoteProvider, Target, UpstreamRequest } from './provider.ts';

export const gemini: RemoteProvider = {
  kind: 'remote',
  name: 'gemini',
  keyHeaders,
  faultOfStatus,
  chat: {
    buildRequest,
    readAnswer: (text, meter) => ({ answer: readContent(text, meter) }),
    openEvents: (maxEventChars) => new ContentStreamReader(maxEventChars),
  },
};

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { 'x-goog-api-key': apiKey };
}

function buildRequest(call: ChatCall, target: Target): UpstreamRequest {
  const { upstreamModel: model, baseUrl, origin, apiKey } = target;
  const method = call.stream ? 'streamGenerateContent?alt=sse' : 'generateContent';
  return {
    method: 'POST',
    url: `${baseUrl}/models/${encodeURIComponent(model)}:${method}`,
    origin,
    headers: {
      'content-type': 'application/json',
      accept: call.stream ? 'text/event-stream' : 'application/json',
      ...keyHeaders(apiKey),
    },
    body: writeContent(call, model),
  };
}
