// Tells whether an answer to a bad request is one that a client of that address can read: the shape of its dialect, an
// error code of the catalogue, nothing of the program's inside, and never a failure of ours.
import { ERRORS } from '../../src/core/errors.ts';
import { isObject } from '../../src/core/fields.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import type { Outcome, RawAnswer } from './lane.ts';
import type { BadRequest } from './mutate-request.ts';

/** What an address answers errors in. `any` is where the address itself was changed, or the method decides. */
type Shape =
  | 'openai'
  | 'anthropic'
  | 'gemini'
  | 'cohere'
  | 'ollama'
  | 'chatinfo'
  | 'textbot'
  | 'sydney'
  | 'admin'
  | 'plain'
  | 'any';

/** The runtime refuses some heads before our code sees them, without a body. */
const WORDLESS = [400, 405, 408, 413, 414, 417, 426, 431, 501, 505];
/** What only the program's inside could have put into an answer. */
const INSIDE = /\bat \S+ \(|\.ts:\d|node_modules|TypeError|RangeError|SyntaxError|SQLITE|\/src\//;

/** What is wrong with the outcome, or `undefined`. */
export function judge(request: BadRequest, outcome: Outcome): string | undefined {
  const { answers, end } = outcome;
  if (end === 'unreadable') return 'the answer is no proper HTTP, or there were two';
  if (request.isFramed) {
    if (end === 'silent') return 'no answer';
    if (answers.length === 0 && request.isHeadSound) return 'closed without an answer';
  }
  for (const answer of answers) {
    const problem = judgeAnswer(request, answer);
    if (problem !== undefined) return `${answer.status}: ${problem}`;
  }
  return undefined;
}

function judgeAnswer(request: BadRequest, answer: RawAnswer): string | undefined {
  const { status, headers, body } = answer;
  const isWordless = body.length === 0 && headers.get('x-request-id') === undefined;
  if (isWordless && WORDLESS.includes(status)) return request.isHeadSound ? 'refused without a word' : undefined;
  if (status >= 500) return `a failure of ours: ${body.toString().slice(0, 300)}`;
  if (request.method === 'HEAD') return undefined;
  const shape = request.isHeadSound ? shapeOf(request.target) : 'any';
  const type = headers.get('content-type') ?? '';
  const text = body.toString();
  if (headers.get('x-request-id') === undefined) return 'no request id';
  if (status >= 400 && INSIDE.test(text)) return `tells of the inside: ${text.slice(0, 300)}`;
  if (type.startsWith('text/event-stream')) return judgeStream(text);
  if (type.startsWith('application/x-ndjson')) return judgeLines(text);
  if (type.startsWith('application/json')) return judgeJson(shape, status, text);
  if (status === 204 || (shape === 'plain' && status === 200) || (shape === 'any' && type.startsWith('text/plain')))
    return undefined;
  return status === 200 && isOfWork(type) ? undefined : `neither JSON nor a stream: ${type}`;
}

/** What a good answer may be beside JSON: speech, and transcripts in the formats that are text. */
function isOfWork(type: string): boolean {
  return /^(?:audio\/|text\/(?:plain|vtt)\b)/.test(type);
}

function judgeJson(shape: Shape, status: number, text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return `unreadable JSON: ${text.slice(0, 200)}`;
  }
  if (status < 400) return undefined;
  const shapes = shape === 'any' ? (Object.keys(IS_ERROR) as Exclude<Shape, 'any'>[]) : [shape];
  return shapes.some((one) => IS_ERROR[one](value)) ? undefined : `not the error of ${shape}: ${text.slice(0, 300)}`;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isCode = (value: unknown): boolean => typeof value === 'string' && Object.hasOwn(ERRORS, value);

const IS_ERROR: Readonly<Record<Exclude<Shape, 'any'>, (value: unknown) => boolean>> = {
  openai: (value) => isOpenaiError(isObject(value) ? value['error'] : undefined),
  anthropic: (value) =>
    isObject(value) &&
    value['type'] === 'error' &&
    isObject(value['error']) &&
    isText(value['error']['type']) &&
    isText(value['error']['message']) &&
    isCode(value['error']['code']),
  gemini: (value) => isGoogleError(isObject(value) ? value['error'] : undefined),
  cohere: (value) => isObject(value) && isText(value['message']) && isCode(value['code']),
  ollama: (value) => isObject(value) && isText(value['error']) && isCode(value['code']),
  chatinfo: (value) => isObject(value) && value['success'] === false && isText(value['error']),
  textbot: (value) => isObject(value) && isText(value['error_message']),
  sydney: (value) => isObject(value) && isText(value['error']),
  admin: (value) =>
    isObject(value) && isObject(value['error']) && isCode(value['error']['code']) && isText(value['error']['message']),
  plain: (value) => isOpenaiError(isObject(value) ? value['error'] : undefined),
};

function isOpenaiError(error: unknown): boolean {
  if (!isObject(error)) return false;
  const { message, type, code, param } = error;
  return isText(message) && isText(type) && isCode(code) && (param === null || typeof param === 'string');
}

function isGoogleError(error: unknown): boolean {
  if (!isObject(error) || !Array.isArray(error['details'])) return false;
  const [info] = error['details'] as unknown[];
  return (
    typeof error['code'] === 'number' &&
    isText(error['message']) &&
    isText(error['status']) &&
    isObject(info) &&
    isCode(info['reason'])
  );
}

/** Every line is one of the format's, all data are JSON, and the last of them is an ending. */
function judgeStream(text: string): string | undefined {
  const frames = text.split('\n\n').filter((frame) => frame !== '' && !frame.startsWith(':'));
  for (const line of text.split('\n'))
    if (!/^(data: |event: |:|$)/.test(line)) return `not a line of a stream: ${line.slice(0, 100)}`;
  const data = frames.map((frame) => frame.replace(/^event: .*\n/, '').slice('data: '.length));
  for (const one of data) {
    if (one === '[DONE]') continue;
    try {
      JSON.parse(one);
    } catch {
      return `unreadable data in a stream: ${one.slice(0, 100)}`;
    }
  }
  const last = data.at(-1) ?? '';
  return last === '[DONE]' ||
    /"error":|"stop_reason":"|message_stop|"finishReason":|response\.(completed|incomplete)/.test(last)
    ? undefined
    : 'a stream without an end';
}

/** Every line is JSON, and the last of them an ending. */
function judgeLines(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    try {
      JSON.parse(line);
    } catch {
      return `unreadable line of a stream: ${line.slice(0, 100)}`;
    }
  }
  return /"done":true|"error":/.test(lines.at(-1) ?? '') ? undefined : 'a stream without an end';
}

const PATHS = DIALECTS.flatMap((dialect) => dialect.routes.map(({ path }) => ({ path, name: dialect.name })));

/** Whether an address is one of a route's, whose path may have a name in it. */
export function isOf(path: string, target: string): boolean {
  const [prefix = '', suffix] = path.split('{name}');
  const asked = target.split('?')[0] ?? '';
  if (suffix === undefined && !prefix.endsWith('/')) return asked === path;
  return (
    asked.startsWith(prefix) && asked.endsWith(suffix ?? '') && asked.length > prefix.length + (suffix ?? '').length
  );
}

function shapeOf(target: string): Shape {
  const path = target.split('?')[0] ?? '';
  if (path.startsWith('/admin/v1/')) return 'admin';
  const found = new Set(PATHS.filter((known) => isOf(known.path, path)).map(({ name }) => name));
  const [name] = found;
  if (name === undefined) return 'plain';
  if (found.size > 1) return 'any';
  return name in IS_ERROR ? (name as Shape) : 'openai';
}
