// Stability AI. Its older API draws with the engines of the SDXL generation, by JSON; the newer one with the models
// `core`, `ultra` and `sd3…`, by forms. Source: the vendor's API reference.
import type { ImageCall, Picture } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import { unsupported } from '../core/fields.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { pictureOfBase64 } from '../wire/picture-file.ts';
import { SDXL_SIZES } from '../wire/sdxl-sizes.ts';
import { objectsOf, parseVendorObject, textOfBody, unreadable } from '../wire/vendor-json.ts';
import type { AnswerHeaders, RemoteProvider, Step, Target, UpstreamRequest } from './provider.ts';

/** The form's fields are told apart by it; a prompt that holds it is refused rather than taken for other fields. */
const BOUNDARY = 'tolmach-c1a7e05d93';

export const stability: RemoteProvider = {
  kind: 'remote',
  name: 'stability',
  keyHeaders,
  faultOfStatus: faultOf,
  images: {
    draw: (call, target) =>
      /^stable-diffusion-/.test(target.upstreamModel) ? byEngine(call, target) : byForm(call, target),
  },
};

function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
}

/** A 403 is about our key, unless it is the answer of the vendor's moderation. */
function faultOf(status: number, headers: AnswerHeaders, text: string): CallError {
  if (status === 403 && /"name"\s*:\s*"content_moderation"/.test(text))
    return new CallError('content_refused', { detail: 'the moderation of the provider refused the content' });
  return faultOfStatus(status, headers, text);
}

function byEngine(call: ImageCall, target: Target): Step<Picture[]> {
  const [width, height] = SDXL_SIZES[call.aspectRatio];
  const negative = call.negativePrompt === undefined ? [] : [{ text: call.negativePrompt, weight: -1 }];
  const body = { text_prompts: [{ text: promptOf(call), weight: 1 }, ...negative], width, height, samples: call.n };
  const path = `v1/generation/${encodeURIComponent(target.upstreamModel)}/text-to-image`;
  return {
    request: post(target, path, 'application/json', JSON.stringify(body)),
    isSlow: true,
    read(answer) {
      const artifacts = objectsOf(parseVendorObject(textOfBody(answer))['artifacts']);
      return { result: picturesOf(artifacts.map(({ base64, finishReason }) => [base64, finishReason])) };
    },
  };
}

function byForm(call: ImageCall, target: Target): Step<Picture[]> {
  if (call.n > 1) throw unsupported('n', '"n" greater than 1 is not supported by this model.');
  const name = target.upstreamModel;
  const isService = name === 'core' || name === 'ultra';
  const fields: Readonly<Record<string, string | undefined>> = {
    prompt: promptOf(call),
    negative_prompt: call.negativePrompt,
    aspect_ratio: call.aspectRatio,
    output_format: 'png',
    model: isService ? undefined : name,
  };
  const path = `v2beta/stable-image/generate/${isService ? name : 'sd3'}`;
  return {
    request: post(target, path, `multipart/form-data; boundary=${BOUNDARY}`, formOf(fields)),
    isSlow: true,
    read(answer) {
      const { image, finish_reason: reason } = parseVendorObject(textOfBody(answer));
      return { result: picturesOf([[image, reason]]) };
    },
  };
}

/** A filtered picture comes with a good status, and blurred. */
function picturesOf(artifacts: readonly (readonly [base64: unknown, reason: unknown])[]): Picture[] {
  if (artifacts.some(([, reason]) => reason === 'CONTENT_FILTERED'))
    throw new CallError('content_refused', { detail: 'the picture was filtered' });
  const texts = artifacts.flatMap(([base64]) => (typeof base64 === 'string' && base64 !== '' ? [base64] : []));
  if (texts.length === 0) throw unreadable('the answer has no pictures');
  return texts.map(pictureOfBase64);
}

function promptOf({ prompt, style }: ImageCall): string {
  return style === undefined ? prompt : `${prompt}\n\n${style}`;
}

function formOf(fields: Readonly<Record<string, string | undefined>>): string {
  let body = '';
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    if (value.includes(BOUNDARY)) throw unsupported(name, 'The text cannot be sent to this model.');
    body += `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  }
  return `${body}--${BOUNDARY}--\r\n`;
}

function post(target: Target, path: string, contentType: string, body: string): UpstreamRequest {
  const headers = { 'content-type': contentType, accept: 'application/json', ...keyHeaders(target.apiKey) };
  return { method: 'POST', url: `${target.baseUrl}/${path}`, origin: target.origin, headers, body };
}
