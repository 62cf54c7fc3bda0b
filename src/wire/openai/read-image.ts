// Reads the body of an OpenAI image generation into a Call, and writes its answer.
import type { AspectRatio, ImageCall } from '../../core/call.ts';
import { ASPECT_RATIOS } from '../../core/call.ts';
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, optionalBoolean, optionalInteger, optionalString, unsupported } from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import { codePointsIn } from '../../core/truncate.ts';
import { contentTypeOf } from '../picture-file.ts';
import type { AnswerContext, Rendered, WireBody } from '../rendering.ts';
import { readUpload } from '../upload.ts';

/** What the longest-winded of OpenAI's picture models takes. */
const PROMPT_CHARS_MAX = 32_000;
const MODEL_DEFAULT = 'dall-e-3';
const SOURCES_MAX = 17;

export function readImage(body: WireBody): ImageCall {
  return readFields(parseObject(body.text).value);
}

/** A form with one picture or several, and perhaps with a mask. */
export function readImageEdit(body: WireBody): ImageCall {
  const { fields, files } = readUpload(body);
  const sources = files.filter(({ field, bytes }) => (field === 'image' || field === 'mask') && bytes.length > 0);
  if (sources.every(({ field }) => field === 'mask'))
    throw new CallError('missing_field', { param: 'image', message: "Missing required parameter: 'image'." });
  if (sources.length > SOURCES_MAX) throw invalid('image', `At most ${SOURCES_MAX} pictures can be sent.`);
  for (const { field, bytes } of sources)
    if (contentTypeOf(bytes) === undefined) throw invalid(field, `"${field}" must be a PNG, JPEG or WebP file.`);
  return { ...readFields(fields), sources };
}

function readFields(value: JsonObject): ImageCall {
  const model = optionalString(value, 'model') ?? MODEL_DEFAULT;
  if (optionalBoolean(value, 'stream') === true) throw unsupported('stream', 'Pictures cannot be streamed.');
  const style = optionalString(value, 'style');
  return {
    endpoint: 'image',
    model,
    prompt: readImagePrompt(value, PROMPT_CHARS_MAX),
    ...(style === undefined ? {} : { style }),
    aspectRatio: readSize(optionalString(value, 'size') ?? 'auto'),
    n: optionalInteger(value, 'n', 1, 10) ?? 1,
    ...(isInline(value, model) ? { isInline: true } : {}),
  };
}

/** OpenAI's newer models always answer with the pictures themselves, and so their clients look nowhere else. */
function isInline(body: JsonObject, model: string): boolean {
  const format = optionalString(body, 'response_format') ?? (/^(chat)?gpt-image-/.test(model) ? 'b64_json' : 'url');
  if (format !== 'url' && format !== 'b64_json')
    throw invalid('response_format', '"response_format" must be "url" or "b64_json".');
  return format === 'b64_json';
}

export function readImagePrompt(body: JsonObject, charsMax: number): string {
  const prompt = optionalString(body, 'prompt');
  if (prompt === undefined || prompt.trim() === '')
    throw new CallError('missing_field', { param: 'prompt', message: "Missing required parameter: 'prompt'." });
  if (codePointsIn(prompt) > charsMax) throw invalid('prompt', `"prompt" is longer than ${charsMax} characters.`);
  return prompt;
}

export function renderImages(urls: readonly string[], context: AnswerContext): Rendered {
  const data = urls.map((url) => (url.startsWith('data:') ? { b64_json: url.slice(url.indexOf(',') + 1) } : { url }));
  return { status: 200, body: { created: context.createdAtS, data } };
}

/** Models draw in few ratios, so that the nearest one is asked for: by how many times it is wider, not by how much. */
function readSize(size: string): AspectRatio {
  if (size === 'auto') return '1:1';
  const [, width, height] = /^([1-9]\d{1,4})x([1-9]\d{1,4})$/.exec(size) ?? [];
  if (width === undefined || height === undefined)
    throw invalid('size', '"size" must be "auto" or a width and a height, such as "1024x1024".');
  const wanted = Math.log(Number(width) / Number(height));
  const distance = (ratio: AspectRatio): number => {
    const [across = 1, down = 1] = ratio.split(':').map(Number);
    return Math.abs(Math.log(across / down) - wanted);
  };
  return [...ASPECT_RATIOS].sort((a, b) => distance(a) - distance(b))[0] ?? '1:1';
}
