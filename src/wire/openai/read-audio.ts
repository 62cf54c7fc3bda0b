// Reads OpenAI's requests for speech and for transcripts, and writes their answers: bytes for the one, and for the other
// JSON or text, as it was asked for.
import { CallError } from '../../core/errors.ts';
import type { JsonObject } from '../../core/fields.ts';
import {
  invalid,
  isObject,
  optionalBoolean,
  optionalNumber,
  optionalString,
  present,
  unsupported,
} from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import { codePointsIn } from '../../core/truncate.ts';
import type {
  Sound,
  SpeechCall,
  SpeechFormat,
  Transcript,
  TranscriptFormat,
  TranscriptionCall,
} from '../../core/work.ts';
import { SPEECH_FORMATS, TRANSCRIPT_FORMATS } from '../../core/work.ts';
import type { AnswerContext, Rendered, RenderedFile, WireBody } from '../rendering.ts';
import { readUpload } from '../upload.ts';
import { readModelName } from './read-sampling.ts';

/** What the longest-winded of OpenAI's voices takes. */
const SPEECH_CHARS_MAX = 4_096;
const VOICE_CHARS_MAX = 100;

export function readSpeech(body: WireBody): SpeechCall {
  const { value } = parseObject(body.text);
  const text = optionalString(value, 'input');
  if (text === undefined || text === '') throw missing('input');
  if (codePointsIn(text) > SPEECH_CHARS_MAX)
    throw invalid('input', `"input" is longer than ${SPEECH_CHARS_MAX} characters.`);
  const streamFormat = optionalString(value, 'stream_format') ?? 'audio';
  if (streamFormat !== 'audio') throw unsupported('stream_format', '"stream_format" must be "audio".');
  return {
    endpoint: 'speech',
    model: readModelName(value),
    text,
    voice: readVoice(value),
    format: readSpeechFormat(value),
    ...present({
      speed: optionalNumber(value, 'speed', 0.25, 4),
      instructions: optionalString(value, 'instructions'),
    }),
  };
}

function readVoice(body: JsonObject): string {
  const { voice } = body;
  const name = isObject(voice) ? voice['id'] : voice;
  if (name === undefined || name === null || name === '') throw missing('voice');
  if (typeof name !== 'string' || name.length > VOICE_CHARS_MAX) throw invalid('voice', '"voice" must be a name.');
  return name;
}

function readSpeechFormat(body: JsonObject): SpeechFormat {
  const asked = optionalString(body, 'response_format') ?? 'mp3';
  const format = SPEECH_FORMATS.find((one) => one === asked);
  if (format === undefined)
    throw invalid('response_format', `"response_format" must be one of ${SPEECH_FORMATS.join(', ')}.`);
  return format;
}

export function renderSpeech({ bytes, contentType }: Sound): RenderedFile {
  return { status: 200, file: bytes, contentType };
}

export const readTranscription = (body: WireBody): TranscriptionCall => readSpoken(body, 'transcribe');
export const readTranslation = (body: WireBody): TranscriptionCall => readSpoken(body, 'translate');

function readSpoken(body: WireBody, task: TranscriptionCall['task']): TranscriptionCall {
  const { fields, lists, files } = readUpload(body);
  const file = files.find(({ field }) => field === 'file');
  if (file === undefined || file.bytes.length === 0) throw missing('file');
  if (optionalBoolean(fields, 'stream') === true) throw unsupported('stream', 'Transcripts cannot be streamed.');
  return {
    endpoint: 'transcription',
    model: readModelName(fields),
    task,
    file,
    format: readTranscriptFormat(fields),
    granularities: readGranularities(lists),
    ...present({
      language: optionalString(fields, 'language'),
      prompt: optionalString(fields, 'prompt'),
      temperature: optionalNumber(fields, 'temperature', 0, 1),
    }),
  };
}

function readTranscriptFormat(fields: JsonObject): TranscriptFormat {
  const asked = optionalString(fields, 'response_format') ?? 'json';
  const format = TRANSCRIPT_FORMATS.find((one) => one === asked);
  if (format === undefined)
    throw invalid('response_format', `"response_format" must be one of ${TRANSCRIPT_FORMATS.join(', ')}.`);
  return format;
}

function readGranularities(lists: ReadonlyMap<string, readonly string[]>): string[] {
  if ((lists.get('include') ?? []).length > 0) throw unsupported('include', '"include" is not supported here.');
  const asked = lists.get('timestamp_granularities') ?? [];
  for (const one of asked)
    if (one !== 'word' && one !== 'segment')
      throw invalid('timestamp_granularities', '"timestamp_granularities" must be "word" or "segment".');
  return [...asked];
}

export function renderTranscript(
  transcript: Transcript,
  _context: AnswerContext,
  call: TranscriptionCall,
): Rendered | RenderedFile {
  if (typeof transcript.body !== 'string') return { status: 200, body: transcript.body };
  const contentType = call.format === 'vtt' ? 'text/vtt; charset=utf-8' : 'text/plain; charset=utf-8';
  return { status: 200, file: transcript.body, contentType };
}

function missing(param: string): CallError {
  return new CallError('missing_field', { param, message: `Missing required parameter: '${param}'.` });
}
