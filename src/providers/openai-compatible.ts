// Any server that speaks OpenAI's chat completions and, where it can do more, its pictures, moderations, embeddings and
// audio, or the rerank that Cohere and Jina have made common. What differs between vendors is data (vendors.ts).
import type { ChatCall } from '../core/call.ts';
import type { Transcript } from '../core/work.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { readWhole } from '../wire/openai/read-answer.ts';
import { readPictures } from '../wire/openai/read-pictures.ts';
import { ChatStreamReader } from '../wire/openai/read-stream.ts';
import { refuseUnsupported } from '../wire/openai/refuse-unsupported.ts';
import { ChatStreamRelay } from '../wire/openai/relay-stream.ts';
import { readSpeechAnswer, readTranscript, writeSpeech, writeTranscription } from '../wire/openai/vendor-audio.ts';
import { readVectors, writeEmbeddings } from '../wire/openai/vendor-embeddings.ts';
import { readVendorModeration, writeModeration } from '../wire/openai/vendor-moderation.ts';
import { writeChat } from '../wire/openai/write-chat.ts';
import { writeImage, writeImageEdit } from '../wire/openai/write-image.ts';
import { readRanking, writeRerank } from '../wire/rerank/vendor-rerank.ts';
import { textOfBody } from '../wire/vendor-json.ts';
import type { RemoteProvider, Target, UpstreamRequest } from './provider.ts';
import { oneStep } from './provider.ts';

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
    canChange: true,
    draw: (call, target) => ({
      request:
        call.sources === undefined
          ? post(target, 'images/generations', writeImage(call, target.upstreamModel))
          : postForm(target, 'images/edits', writeImageEdit(call, target.upstreamModel)),
      read: (body) => ({ result: readPictures(textOfBody(body)) }),
    }),
  },
  moderations: {
    buildRequest: (texts, target) => post(target, 'moderations', writeModeration(texts, target.upstreamModel)),
    readModeration: readVendorModeration,
  },
  works: {
    embedding: (call, target, meter) =>
      oneStep(post(target, 'embeddings', writeEmbeddings(call, target.upstreamModel)), (answer) =>
        readVectors(answer, call, meter),
      ),
    rerank: (call, target, meter) =>
      oneStep(post(target, 'rerank', writeRerank(call, target.upstreamModel)), (answer) =>
        readRanking(answer, call, meter),
      ),
    speech: (call, target) =>
      oneStep(post(target, 'audio/speech', writeSpeech(call, target.upstreamModel), '*/*'), (answer) =>
        readSpeechAnswer(answer, call),
      ),
    transcription(call, target, meter) {
      const path = call.task === 'translate' ? 'audio/translations' : 'audio/transcriptions';
      const form = postForm(target, path, writeTranscription(call, target.upstreamModel));
      return oneStep<Transcript>(form, (answer) => readTranscript(answer, call, meter));
    },
  },
};

function buildRequest(call: ChatCall, target: Target): UpstreamRequest {
  const { unsupported, maxTokensField, takesCacheMarks = false } = target.quirks;
  refuseUnsupported(call, unsupported);
  const body = writeChat(call, { model: target.upstreamModel, maxTokensField, takesCacheMarks });
  return post(target, 'chat/completions', body, call.stream ? 'text/event-stream' : 'application/json');
}

function post(target: Target, path: string, body: string, accept = 'application/json'): UpstreamRequest {
  const headers = { 'content-type': 'application/json', accept, ...keyHeaders(target.apiKey) };
  return { method: 'POST', url: `${target.baseUrl}/${path}`, origin: target.origin, headers, body };
}

function postForm(
  target: Target,
  path: string,
  { contentType, bytes }: { readonly contentType: string; readonly bytes: Uint8Array },
): UpstreamRequest<Uint8Array> {
  const headers = { 'content-type': contentType, accept: '*/*', ...keyHeaders(target.apiKey) };
  return { method: 'POST', url: `${target.baseUrl}/${path}`, origin: target.origin, headers, body: bytes };
}

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}
