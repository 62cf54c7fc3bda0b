// Any server that speaks OpenAI's chat completions and, where it draws, its image generations. What differs between vendors is data (vendors.ts).
import type { ChatCall, ImageCall } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { isStrict, parseAnswer, readAnswer } from '../wire/openai/read-answer.ts';
import { readPictures } from '../wire/openai/read-pictures.ts';
import { ChatStreamReader } from '../wire/openai/read-stream.ts';
import { ChatStreamRelay } from '../wire/openai/relay-stream.ts';
import { writeChat } from '../wire/openai/write-chat.ts';
import { writeImage } from '../wire/openai/write-image.ts';
import type { RemoteProvider, Target, UpstreamRequest } from './provider.ts';

export const openaiCompatible: RemoteProvider = {
  kind: 'remote',
  name: 'openai-compatible',
  endpoints: ['chat', 'image'],
  family: 'openai-chat',
  buildRequest,
  readAnswer(text, meter) {
    const body = parseAnswer(text);
    const answer = readAnswer(body, meter);
    return isStrict(body) ? { answer, body, text } : { answer };
  },
  openEvents: (maxEventChars) => new ChatStreamReader(maxEventChars),
  openRelay: (context, maxEventChars) => new ChatStreamRelay(context, maxEventChars),
  faultOfStatus,
  images: { buildRequest: buildImageRequest, readPictures },
};

function buildRequest(call: ChatCall, target: Target): UpstreamRequest {
  refuseUnsupported(call, target.quirks.unsupported);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: call.stream ? 'text/event-stream' : 'application/json',
  };
  if (target.apiKey !== undefined) headers['authorization'] = `Bearer ${target.apiKey}`;
  const body = writeChat(call, { model: target.upstreamModel, maxTokensField: target.quirks.maxTokensField });
  return { method: 'POST', url: `${target.baseUrl}/chat/completions`, origin: target.origin, headers, body };
}

function buildImageRequest(call: ImageCall, target: Target): UpstreamRequest {
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (target.apiKey !== undefined) headers['authorization'] = `Bearer ${target.apiKey}`;
  const body = writeImage(call, target.upstreamModel);
  return { method: 'POST', url: `${target.baseUrl}/images/generations`, origin: target.origin, headers, body };
}

/** The names in `unsupported` are those of the wire; each is asked of the neutral call. */
function refuseUnsupported(call: ChatCall, unsupported: readonly string[]): void {
  const o = call.options;
  const asked: Record<string, boolean> = {
    n: (o.n ?? 1) > 1,
    logprobs: o.logprobs === true,
    logit_bias: o.logitBias !== undefined,
    top_k: o.topK !== undefined,
    tool_choice: o.toolChoice !== undefined && o.toolChoice !== 'auto',
    tools: o.tools !== undefined,
    response_format: o.responseFormat?.kind === 'schema',
  };
  for (const name of unsupported) {
    if (asked[name] === true)
      throw new CallError('unsupported_parameter', {
        param: name,
        message: `"${name}" is not supported by this model.`,
      });
  }
}
