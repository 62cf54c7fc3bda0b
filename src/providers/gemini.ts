// Google's Gemini API in its own protocol, which tells thoughts and cached tokens apart. Source: the vendor's API
// reference and the types of its JavaScript client.
import type { ChatCall } from '../core/call.ts';
import type { Meter } from '../core/meter.ts';
import type { EmbeddingCall, Vectors } from '../core/work.ts';
import { faultOfStatus } from '../wire/gemini/fault.ts';
import { ContentStreamReader, readContent } from '../wire/gemini/read-content.ts';
import { joinBatches, readBatch, writeBatches } from '../wire/gemini/vendor-embed.ts';
import { writeContent } from '../wire/gemini/write-content.ts';
import type { RemoteProvider, Step, Target, UpstreamRequest } from './provider.ts';
import { stepByStep, thenMake } from './provider.ts';

export const gemini: RemoteProvider = {
  kind: 'remote',
  name: 'gemini',
  keyHeaders,
  faultOfStatus,
  chat: {
    buildRequest,
    readAnswer: (text, meter, call) => ({ answer: readContent(text, meter, callsMax(call)) }),
    openEvents: (maxEventChars, call) => new ContentStreamReader(maxEventChars, callsMax(call)),
  },
  works: { embedding: embed },
};

/** The protocol cannot ask for one call of a function at a time, so that the first one is taken. */
function callsMax(call: ChatCall | undefined): number {
  return call?.options.parallelToolCalls === false ? 1 : Number.POSITIVE_INFINITY;
}

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { 'x-goog-api-key': apiKey };
}

function buildRequest(call: ChatCall, target: Target): UpstreamRequest {
  const body = writeContent(call, target.upstreamModel);
  return call.stream
    ? post(target, 'streamGenerateContent?alt=sse', body, 'text/event-stream')
    : post(target, 'generateContent', body);
}

/** The vendor takes so many texts at once. */
function embed(call: EmbeddingCall, target: Target, meter: Meter): Step<Vectors> {
  const batches = writeBatches(call, target.upstreamModel);
  const requests = batches.map(({ body }) => post(target, 'batchEmbedContents', body));
  const parts = stepByStep(requests, (answer, i) => readBatch(answer, batches[i]?.texts ?? 0));
  return thenMake(parts, (read) => joinBatches(read, call, meter));
}

function post(target: Target, method: string, body: string, accept = 'application/json'): UpstreamRequest {
  const { upstreamModel: model, baseUrl, origin, apiKey } = target;
  return {
    method: 'POST',
    url: `${baseUrl}/models/${encodeURIComponent(model)}:${method}`,
    origin,
    headers: { 'content-type': 'application/json', accept, ...keyHeaders(apiKey) },
    body,
  };
}
