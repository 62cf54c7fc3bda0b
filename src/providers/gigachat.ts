// Sber's GigaChat. Requests carry a key of half an hour that the lasting authorization key is exchanged for; an account
// takes one call at once, a company's ten; pictures are drawn by a chat that answers with the id of a file, and looked at
// by one that names files which were brought before. Sources: the vendor's API reference and its own Python client. Its
// certificates come from an authority that no browser has: the operator names it by `ca`, and verification is never
// switched off.
import type { ChatCall, ImageCall, Picture } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import { unsupported } from '../core/fields.ts';
import { Meter } from '../core/meter.ts';
import type { UploadedFile } from '../core/work.ts';
import { asOpenai } from '../wire/gigachat/normalize.ts';
import { readPictures } from '../wire/gigachat/read-pictures.ts';
import { readEmbed, writeEmbed } from '../wire/gigachat/vendor-embed.ts';
import { writeGigaChat } from '../wire/gigachat/write-chat.ts';
import { writeMultipart } from '../wire/multipart.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { checkAnswer, readAnswer } from '../wire/openai/read-answer.ts';
import { ChatStreamReader } from '../wire/openai/read-stream.ts';
import { pictureOfBytes } from '../wire/picture-file.ts';
import { parseVendorObject, textOfBody, unreadable } from '../wire/vendor-json.ts';
import type { FetchedKey, RemoteProvider, Step, Target, UpstreamRequest, WholeAnswer } from './provider.ts';
import { oneStep } from './provider.ts';

const SCOPE_OF_PERSONS = 'GIGACHAT_API_PERS';
const JSON_TYPE = { 'content-type': 'application/json' };
const FILE_ID = /^[\w-]{1,100}$/;
/** A file can be seen only by the client for whom it was drawn, or who brought it. */
const OF_CLIENT = { 'x-client-id': 'tolmach' };

export const gigachat: RemoteProvider = {
  kind: 'remote',
  name: 'gigachat',
  options: [
    {
      name: 'scope',
      env: 'GIGACHAT_SCOPE',
      fallback: SCOPE_OF_PERSONS,
      about: 'Whose the key is: `GIGACHAT_API_PERS`, `GIGACHAT_API_B2B` or `GIGACHAT_API_CORP`.',
    },
    {
      name: 'authUrl',
      env: 'GIGACHAT_AUTH_URL',
      fallback: 'https://ngw.devices.sberbank.ru:9443/api/v2/oauth',
      about: 'Where keys are exchanged.',
    },
  ],
  concurrency: ({ scope }) => (scope === SCOPE_OF_PERSONS ? 1 : 10),
  keyExchange: { buildRequest: exchangeKey, readKey },
  keyHeaders,
  faultOfStatus,
  chat: {
    buildRequest(call, target, fileIds = []) {
      const body = writeGigaChat(call, target.upstreamModel, fileIds);
      const more = fileIds.length === 0 ? {} : OF_CLIENT;
      return post(target, body, call.stream ? 'text/event-stream' : 'application/json', more);
    },
    files: {
      of: picturesOf,
      keep: keepFile,
      drop: (id, target) => postTo(target, `files/${id}/delete`, '', OF_CLIENT),
    },
    readAnswer: readWhole,
    openEvents: (maxEventChars) => new ChatStreamReader(maxEventChars, asOpenai),
  },
  images: { draw },
  works: {
    embedding: (call, target, meter) =>
      oneStep(postTo(target, 'embeddings', writeEmbed(call, target.upstreamModel), JSON_TYPE), (answer) =>
        readEmbed(answer, call, meter),
      ),
  },
};

function exchangeKey(target: Target, nonce: string): UpstreamRequest {
  const url = target.options['authUrl'] ?? '';
  return {
    method: 'POST',
    url,
    origin: new URL(url).origin,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      rquid: nonce,
      authorization: `Basic ${target.apiKey ?? ''}`,
    },
    body: new URLSearchParams({ scope: target.options['scope'] ?? '' }).toString(),
  };
}

/** Two ways of exchange exist; the older one names its fields otherwise and tells its time in seconds. */
function readKey(text: string): FetchedKey {
  const body = parseVendorObject(text);
  const apiKey = body['access_token'] ?? body['tok'];
  const endsAt = body['expires_at'] ?? body['exp'];
  if (typeof apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(apiKey) || typeof endsAt !== 'number')
    throw unreadable('the exchange of keys answered none');
  return { apiKey, expiresAtMs: endsAt < 100_000_000_000 ? endsAt * 1000 : endsAt };
}

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}

function post(target: Target, body: string, accept = 'application/json', more = {}): UpstreamRequest {
  return postTo(target, 'chat/completions', body, { ...JSON_TYPE, accept, ...more });
}

/** Dry, so that whatever the chat would be refused for is known before anything is brought. */
function picturesOf(call: ChatCall, { upstreamModel }: Target): readonly UploadedFile[] {
  const pictures = readPictures(call.messages, upstreamModel);
  writeGigaChat(
    call,
    upstreamModel,
    pictures.map(({ name }) => name),
  );
  return pictures;
}

function keepFile(file: UploadedFile, target: Target): Step<string> {
  const { contentType, bytes } = writeMultipart([['purpose', 'general']], [file]);
  return {
    request: postTo(target, 'files', bytes, { 'content-type': contentType, ...OF_CLIENT }),
    read(body) {
      const { id } = parseVendorObject(textOfBody(body));
      if (typeof id !== 'string' || !FILE_ID.test(id)) throw unreadable('a file was kept without an id');
      return { result: id };
    },
  };
}

/** A request that is answered by JSON. */
function postTo<B extends string | Uint8Array>(
  target: Target,
  path: string,
  body: B,
  more: object,
): UpstreamRequest<B> {
  const headers = { accept: 'application/json', ...more, ...keyHeaders(target.apiKey) };
  return { method: 'POST', url: `${target.baseUrl}/${path}`, origin: target.origin, headers, body };
}

function readWhole(text: string, meter: Meter): WholeAnswer {
  return { answer: readAnswer(checkAnswer(asOpenai(parseVendorObject(text))), meter) };
}

/** A picture is asked for in words, and the vendor alone decides on its size. */
function draw(call: ImageCall, target: Target): Step<Picture[]> {
  if (call.n > 1) throw unsupported('n', '"n" greater than 1 is not supported by this model.');
  if (call.negativePrompt !== undefined)
    throw unsupported('negative_prompt', 'A negative prompt is not supported by this model.');
  if (call.aspectRatio !== '1:1')
    throw unsupported('aspect_ratio', 'Pictures of this model are square: other ratios are not supported.');
  const content = `Нарисуй: ${call.prompt}${call.style === undefined ? '' : `\n\n${call.style}`}`;
  const body = { model: target.upstreamModel, messages: [{ role: 'user', content }], function_call: 'auto' };
  return {
    request: post(target, JSON.stringify(body), 'application/json', OF_CLIENT),
    isSlow: true,
    read: (answer) => ({ next: fetchFile(target, fileIdOf(textOfBody(answer))) }),
  };
}

function fileIdOf(text: string): string {
  const choice = readWhole(text, new Meter(0, () => '')).answer.choices[0];
  const id = /<img\s[^>]*?\bsrc="([\w-]{1,100})"/.exec(choice?.text ?? '')?.[1];
  if (id !== undefined) return id;
  // The vendor says in words why it does not draw.
  throw new CallError('content_refused', { detail: 'the answer has words in place of a picture' });
}

function fetchFile(target: Target, id: string): Step<Picture[]> {
  return {
    request: {
      method: 'GET',
      url: `${target.baseUrl}/files/${id}/content`,
      origin: target.origin,
      headers: { accept: 'application/jpg', ...OF_CLIENT, ...keyHeaders(target.apiKey) },
      body: '',
    },
    isRepeatable: true,
    read: (body) => ({ result: [pictureOfBytes(body)] }),
  };
}
