// The fields that OpenAI's chat and text completions have in common. Ranges are those of the published specification.
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import { invalid, optionalBoolean, optionalObject, optionalString } from '../../core/fields.ts';
import { refuseSteering } from '../steering.ts';

export const MAX_TOKENS_MAX = 10_000_000;

/** The asked model. Throws where there is none, and on fields that are not the caller's to set. */
export function readModelName(body: JsonObject): string {
  refuseSteering(body);
  const model = optionalString(body, 'model');
  if (model === undefined || model === '')
    throw new CallError('missing_field', { param: 'model', message: 'you must provide a model parameter' });
  return model;
}

export function readStreaming(body: JsonObject): { readonly stream: boolean; readonly includeUsage: boolean } {
  const stream = optionalBoolean(body, 'stream') ?? false;
  const options = optionalObject(body, 'stream_options');
  if (options === undefined) return { stream, includeUsage: false };
  if (!stream) throw invalid('stream_options', '"stream_options" is only allowed when "stream" is true.');
  return { stream, includeUsage: optionalBoolean(options, 'include_usage') ?? false };
}

export function readStop(body: JsonObject): readonly string[] | undefined {
  const stop = body['stop'];
  if (stop === undefined || stop === null) return undefined;
  const list = typeof stop === 'string' ? [stop] : stop;
  if (!Array.isArray(list) || list.length > 16 || !list.every((item) => typeof item === 'string')) {
    throw invalid('stop', '"stop" must be a string or an array of strings.');
  }
  return list;
}

export function readLogitBias(body: JsonObject): Record<string, number> | undefined {
  const bias = optionalObject(body, 'logit_bias');
  if (bias === undefined) return undefined;
  for (const value of Object.values(bias)) {
    if (typeof value !== 'number' || !(value >= -100 && value <= 100))
      throw invalid('logit_bias', '"logit_bias" values must be numbers from -100 to 100.');
  }
  return bias as Record<string, number>;
}
