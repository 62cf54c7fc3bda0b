// Yandex AI Studio: YandexGPT and the open models beside it. It speaks OpenAI's protocol, but its models are named by
// addresses that hold the operator's folder, and the folder goes along in a header. Sources: the vendor's pages on
// compatibility with OpenAI and on embeddings (createEmbedding).
import type { Meter } from '../core/meter.ts';
import type { EmbeddingCall, Vectors } from '../core/work.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { joinVectors, oneByOne, readOneVector } from '../wire/openai/one-by-one.ts';
import { readWhole } from '../wire/openai/read-answer.ts';
import { readPictures } from '../wire/openai/read-pictures.ts';
import { ChatStreamReader } from '../wire/openai/read-stream.ts';
import { refuseUnsupported } from '../wire/openai/refuse-unsupported.ts';
import { ChatStreamRelay } from '../wire/openai/relay-stream.ts';
import { writeEmbeddings } from '../wire/openai/vendor-embeddings.ts';
import { writeChat } from '../wire/openai/write-chat.ts';
import { writeImage } from '../wire/openai/write-image.ts';
import { textOfBody } from '../wire/vendor-json.ts';
import type { RemoteProvider, Step, Target, UpstreamRequest } from './provider.ts';
import { stepByStep, thenMake } from './provider.ts';

/** Each text is a request of its own, and a call must come to an end. */
const EMBEDDED_MAX = 100;

export const yandexgpt: RemoteProvider = {
  kind: 'remote',
  name: 'yandexgpt',
  options: [
    { name: 'folder', env: 'YANDEX_FOLDER_ID', about: 'Id of the folder in Yandex Cloud that the key belongs to.' },
  ],
  keyHeaders,
  faultOfStatus,
  chat: {
    family: 'openai-chat',
    buildRequest(call, target) {
      refuseUnsupported(call, target.quirks.unsupported);
      const model = addressOf(target, 'gpt');
      const body = writeChat(call, { model, maxTokensField: target.quirks.maxTokensField, takesCacheMarks: false });
      return post(target, 'chat/completions', body, call.stream ? 'text/event-stream' : 'application/json');
    },
    readAnswer: readWhole,
    openEvents: (maxEventChars) => new ChatStreamReader(maxEventChars),
    openRelay: (context, maxEventChars) => new ChatStreamRelay(context, maxEventChars),
  },
  images: {
    draw: (call, target) => ({
      request: post(target, 'images/generations', writeImage(call, addressOf(target, 'art'))),
      isSlow: true,
      read: (body) => ({ result: readPictures(textOfBody(body)) }),
    }),
  },
  works: { embedding: embed },
};

/** The vendor takes one text at once, and answers with numbers alone. */
function embed(call: EmbeddingCall, target: Target, meter: Meter): Step<Vectors> {
  const calls = oneByOne(call, EMBEDDED_MAX);
  const model = addressOf(target, 'emb');
  const requests = calls.map((one) => post(target, 'embeddings', writeEmbeddings(one, model)));
  const parts = stepByStep(requests, (answer, i) => readOneVector(answer, calls[i] ?? call));
  return thenMake(parts, (counted) => joinVectors(counted, call, meter));
}

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Api-Key ${apiKey}` };
}

/** `yandexgpt` is the latest one, `yandexgpt/rc` another, and a whole address stays as it is. */
function addressOf({ upstreamModel, options }: Target, scheme: 'gpt' | 'art' | 'emb'): string {
  if (upstreamModel.includes('://')) return upstreamModel;
  const name = upstreamModel.includes('/') ? upstreamModel : `${upstreamModel}/latest`;
  return `${scheme}://${options['folder'] ?? ''}/${name}`;
}

function post(target: Target, path: string, body: string, accept = 'application/json'): UpstreamRequest {
  const headers = {
    'content-type': 'application/json',
    accept,
    'openai-project': target.options['folder'] ?? '',
    ...keyHeaders(target.apiKey),
  };
  return { method: 'POST', url: `${target.baseUrl}/${path}`, origin: target.origin, headers, body };
}
