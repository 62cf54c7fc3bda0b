// Writes a picture's call as the body of an OpenAI image generation request.
import type { AspectRatio, ImageCall } from '../../core/call.ts';
import { unsupported } from '../../core/fields.ts';
import { writeMultipart } from '../multipart.ts';

/** The sizes of each family of models that come nearest to the ratios. Source: OpenAI's API reference. */
const SIZES: readonly (readonly [model: RegExp, sizes: Readonly<Record<AspectRatio, string>>])[] = [
  [/^(chat)?gpt-image-/, sizesOf('1536x1024', '1536x1024', '1024x1024', '1024x1536', '1024x1536')],
  [/^dall-e-3/, sizesOf('1792x1024', '1792x1024', '1024x1024', '1024x1792', '1024x1792')],
  [/^dall-e-2/, sizesOf('1024x1024', '1024x1024', '1024x1024', '1024x1024', '1024x1024')],
];

/** Those that SDXL was trained on, which its relatives know as well. */
const SIZES_OF_OTHERS = sizesOf('1344x768', '1216x832', '1024x1024', '832x1216', '768x1344');

export function writeImage(call: ImageCall, model: string): string {
  return JSON.stringify(fieldsOf(call, model));
}

/** A form: the pictures that the call begins with, and the same fields as a drawing's. */
export function writeImageEdit(call: ImageCall, model: string) {
  const sources = call.sources ?? [];
  const pictures = sources.filter(({ field }) => field === 'image').length;
  const files = sources.map((file) => ({
    ...file,
    field: file.field === 'image' && pictures > 1 ? 'image[]' : file.field,
  }));
  return writeMultipart(
    Object.entries(fieldsOf(call, model)).map(([name, value]) => [name, String(value)]),
    files,
  );
}

function fieldsOf(call: ImageCall, model: string): Record<string, string | number> {
  const isOpenai = /^((chat)?gpt-image-|dall-e-)/.test(model);
  if (isOpenai && call.negativePrompt !== undefined)
    throw unsupported('negative_prompt', 'A negative prompt is not supported by this model.');
  if (model.startsWith('dall-e-3') && call.n > 1)
    throw unsupported('n', '"n" greater than 1 is not supported by this model.');
  const sizes = SIZES.find(([pattern]) => pattern.test(model))?.[1] ?? SIZES_OF_OTHERS;
  return {
    model,
    prompt: call.style === undefined ? call.prompt : `${call.prompt}\n\n${call.style}`,
    n: call.n,
    size: sizes[call.aspectRatio],
    // The gpt-image models always answer with the bytes and refuse the field that asks for them.
    ...(/^(chat)?gpt-image-/.test(model) ? {} : { response_format: 'b64_json' }),
    ...(call.negativePrompt === undefined ? {} : { negative_prompt: call.negativePrompt }),
  };
}

function sizesOf(wide: string, landscape: string, square: string, portrait: string, tall: string) {
  return { '16:9': wide, '3:2': landscape, '1:1': square, '2:3': portrait, '9:16': tall };
}
