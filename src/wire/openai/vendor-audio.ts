// Writes OpenAI's requests for speech and transcripts for a vendor, and reads what comes. Transcripts are passed on in the
// vendor's own fields; how long the recording was is believed where the vendor says it.
import type { JsonObject } from '../../core/fields.ts';
import { isObject, present } from '../../core/fields.ts';
import type { Meter } from '../../core/meter.ts';
import type { Sound, SpeechCall, SpeechFormat, Transcript, TranscriptionCall } from '../../core/work.ts';
import { writeMultipart } from '../multipart.ts';
import { textOfBody, unreadable } from '../vendor-json.ts';
import { parseOpenaiObject } from './parse-vendor.ts';

type VendorAnswer = { readonly bytes: Uint8Array; readonly contentType: string };

const CONTENT_TYPES: Readonly<Record<SpeechFormat, string>> = {
  mp3: 'audio/mpeg',
  opus: 'audio/ogg',
  aac: 'audio/aac',
  flac: 'audio/flac',
  wav: 'audio/wav',
  pcm: 'audio/pcm',
};

export function writeSpeech({ text, voice, format, speed, instructions }: SpeechCall, model: string): string {
  return JSON.stringify({
    model,
    input: text.toWellFormed(),
    voice,
    response_format: format,
    ...present({ speed, instructions }),
  });
}

export function readSpeechAnswer({ bytes, contentType }: VendorAnswer, call: SpeechCall): Sound {
  // Vendors tell of failures in JSON, and some of them with a status of 200.
  if (/^\s*(application\/json|text\/)/i.test(contentType)) {
    parseOpenaiObject(textOfBody(bytes));
    throw unreadable('the answer is text instead of sound');
  }
  if (bytes.length === 0) throw unreadable('the sound is empty');
  const isSound = /^audio\/[\w.+-]+(;.*)?$/i.test(contentType);
  return { bytes, contentType: isSound ? contentType : CONTENT_TYPES[call.format] };
}

export function writeTranscription(call: TranscriptionCall, model: string) {
  const { language, prompt, temperature, format, granularities, file } = call;
  const fields: [string, string][] = [
    ['model', model],
    ['response_format', format],
    ...Object.entries(present({ language, prompt })),
    ...(temperature === undefined ? [] : [['temperature', String(temperature)] as [string, string]]),
    ...granularities.map((one): [string, string] => ['timestamp_granularities[]', one]),
  ];
  return writeMultipart(fields, [{ ...file, field: 'file' }]);
}

export function readTranscript(answer: VendorAnswer, call: TranscriptionCall, meter: Meter): Transcript {
  const text = textOfBody(answer.bytes);
  if (call.format !== 'json' && call.format !== 'verbose_json') {
    // A failure in JSON is not taken for what was said.
    if (/^\s*\{\s*"error"/.test(text)) parseOpenaiObject(text);
    meter.addText(text);
    return { body: text };
  }
  const body = parseOpenaiObject(text);
  if (typeof body['text'] !== 'string') throw unreadable('the answer has no text');
  meter.addText(body['text']);
  meterTranscript(body, meter);
  return { body };
}

/** Some models are counted by seconds and others by tokens. */
function meterTranscript({ usage, duration }: JsonObject, meter: Meter): void {
  const counted = isObject(usage) ? usage : {};
  const { input_tokens: inputTokens, output_tokens: outputTokens } = counted;
  if (typeof inputTokens === 'number' && typeof outputTokens === 'number')
    meter.setUsage({ source: 'exact', inputTokens, outputTokens, cachedInputTokens: 0, reasoningTokens: 0, images: 0 });
  const seconds = counted['seconds'] ?? duration;
  if (typeof seconds === 'number') meter.setAudioSeconds(seconds);
}
