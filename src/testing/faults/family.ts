// The protocol families that the fault tests drive: how a client of each asks, and what it makes of the answer.
import { SseReader } from '../../core/sse.ts';
import type { Customer, GatewayClient } from '../gateway-client.ts';
import type { FamilyShapes } from './family-shapes.ts';
import { ANTHROPIC_SHAPES, OPENAI_SHAPES } from './family-shapes.ts';
import type { CallKind } from './fault-row.ts';
import { COMFYUI_SHAPES, FUSIONBRAIN_SHAPES } from './job-shapes.ts';

/** What a client saw. */
export type Seen = {
  readonly status: number;
  readonly headers: Headers;
  readonly raw: string;
  /** The error that the client was told of, in whatever way. */
  readonly code: string | null;
  /** Whether the client would take the answer for whole. */
  readonly isComplete: boolean;
  /** Whether answer or error has the family's shape, to the last byte. */
  readonly isWellFormed: boolean;
};

export type Family = {
  readonly name: string;
  /** What its provider speaks. */
  readonly shapes: FamilyShapes;
  /** Fields of such a provider in the configuration. */
  readonly provider: Readonly<Record<string, unknown>>;
  readonly kinds: readonly CallKind[];
  /** Whether client and provider are of two families, so that streams are told anew. */
  readonly isTranslated: boolean;
  ask(
    gateway: GatewayClient,
    customer: Customer,
    call: { readonly model: string; readonly kind: CallKind },
    signal?: AbortSignal,
  ): Promise<Seen>;
};

type Json = Record<string, unknown> & {
  readonly error?: { readonly code?: string; readonly message?: string; readonly type?: string } | null;
};

const MESSAGES = [{ role: 'user', content: 'Hello' }];
const POLL_MS = 10;
const POLLS_MAX = 1_500;

const OPENAI_PROVIDER = { shapes: OPENAI_SHAPES, provider: { vendor: 'openai' } };
const ANTHROPIC_PROVIDER = { shapes: ANTHROPIC_SHAPES, provider: { vendor: 'anthropic' } };

/** Both families, and each one's clients in front of the other one's providers. */
export const FAMILIES: readonly Family[] = [
  {
    name: 'OpenAI',
    ...OPENAI_PROVIDER,
    kinds: ['whole', 'stream', 'task', 'image'],
    isTranslated: false,
    ask: askOpenai,
  },
  {
    name: 'Anthropic',
    ...ANTHROPIC_PROVIDER,
    kinds: ['whole', 'stream', 'task'],
    isTranslated: false,
    ask: askAnthropic,
  },
  {
    name: 'OpenAI before Anthropic',
    ...ANTHROPIC_PROVIDER,
    kinds: ['whole', 'stream'],
    isTranslated: true,
    ask: askOpenai,
  },
  {
    name: 'Anthropic before OpenAI',
    ...OPENAI_PROVIDER,
    kinds: ['whole', 'stream'],
    isTranslated: true,
    ask: askAnthropic,
  },
];

/** Vendors that make pictures as jobs. */
export const JOB_FAMILIES: readonly Family[] = [
  {
    name: 'FusionBrain',
    shapes: FUSIONBRAIN_SHAPES,
    provider: { vendor: 'fusionbrain', options: { secret: 'second-key' } },
    kinds: ['job'],
    isTranslated: false,
    ask: askOpenai,
  },
  {
    name: 'ComfyUI',
    shapes: COMFYUI_SHAPES,
    provider: { vendor: 'comfyui', concurrency: 100 },
    kinds: ['job'],
    isTranslated: false,
    ask: askOpenai,
  },
];

function askOpenai(...[gateway, customer, { model, kind }, signal]: Parameters<Family['ask']>): Promise<Seen> {
  const chat = { model, messages: MESSAGES, max_completion_tokens: 1000 };
  if (kind === 'task') return askTask(gateway, customer, chat);
  if (kind === 'image' || kind === 'job')
    return see(gateway, customer, 'images/generations', { model, prompt: 'a cat' }, OPENAI, signal);
  const streaming = kind === 'stream' ? { stream: true, stream_options: { include_usage: true } } : {};
  return see(gateway, customer, 'chat/completions', { ...chat, ...streaming }, OPENAI, signal);
}

function askAnthropic(...[gateway, customer, { model, kind }, signal]: Parameters<Family['ask']>): Promise<Seen> {
  if (kind === 'task') return askTask(gateway, customer, { model, messages: MESSAGES, max_completion_tokens: 1000 });
  const body = { model, messages: MESSAGES, max_tokens: 1000, stream: kind === 'stream' };
  return see(gateway, customer, 'messages', body, ANTHROPIC, signal);
}

type Read = Pick<Seen, 'code' | 'isComplete' | 'isWellFormed'>;
/** How a client reads what it gets. */
type Reader = { whole(raw: string): Read; stream(raw: string): Read };
const OPENAI: Reader = { whole: readOpenaiWhole, stream: readOpenaiStream };
const ANTHROPIC: Reader = { whole: readAnthropicWhole, stream: readAnthropicStream };

function post(gateway: GatewayClient, customer: Customer, path: string, body: unknown, signal?: AbortSignal) {
  const headers = { authorization: `Bearer ${customer.key}` };
  const init = { method: 'POST', headers, body: JSON.stringify(body), redirect: 'manual' } as const;
  return fetch(`${gateway.url}/v1/${path}`, signal === undefined ? init : { ...init, signal });
}

async function see(
  gateway: GatewayClient,
  customer: Customer,
  path: string,
  body: Json,
  reader: Reader,
  signal?: AbortSignal,
): Promise<Seen> {
  const response = await post(gateway, customer, path, body, signal);
  const raw = await response.text();
  const { status, headers } = response;
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
  return { status, headers, raw, ...(isStream ? reader.stream(raw) : reader.whole(raw)) };
}

function readOpenaiWhole(raw: string): Read {
  const { error, choices, data } = JSON.parse(raw) as Json;
  if (error !== undefined) return { code: error?.code ?? null, isComplete: false, isWellFormed: isOpenaiError(error) };
  const isWhole = Array.isArray(choices ?? data);
  return { code: null, isComplete: isWhole, isWellFormed: isWhole };
}

function readOpenaiStream(raw: string): Read {
  const events = new SseReader(10_000_000).push(Buffer.from(raw)).map((event) => event.data);
  const last = events.at(-1) ?? '';
  const parsed = events.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data) as Json);
  const errors = parsed.flatMap(({ error }) => (error === undefined ? [] : [error]));
  const isLastError = last !== '[DONE]' && parsed.at(-1)?.error !== undefined;
  return {
    code: errors[0]?.code ?? null,
    isComplete: events.includes('[DONE]'),
    // Either the end or one error comes last, once, and the last frame is whole.
    isWellFormed:
      raw.endsWith('\n\n') &&
      (last === '[DONE]' ? errors.length === 0 : isLastError && errors.length === 1 && isOpenaiError(errors[0])),
  };
}

function isOpenaiError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { message, type, param, code } = error as Record<string, unknown>;
  return [message, type, code].every((field) => typeof field === 'string' && field !== '') && param !== undefined;
}

function readAnthropicWhole(raw: string): Read {
  const body = JSON.parse(raw) as Json;
  const { type, error, content, stop_reason } = body;
  if (type === 'error') return { code: error?.code ?? null, isComplete: false, isWellFormed: isAnthropicError(body) };
  const isWhole = type === 'message' && Array.isArray(content) && typeof stop_reason === 'string';
  return { code: null, isComplete: isWhole, isWellFormed: isWhole };
}

function readAnthropicStream(raw: string): Read {
  const events = new SseReader(10_000_000).push(Buffer.from(raw));
  const parsed = events.map(({ data }) => JSON.parse(data) as Json);
  const types = parsed.map(({ type }) => type);
  const errors = parsed.filter(({ type }) => type === 'error');
  const last = types.at(-1);
  return {
    code: errors[0]?.error?.code ?? null,
    isComplete: types.includes('message_stop'),
    // Each event is named as its type says, and either the end or one error comes last, once.
    isWellFormed:
      raw.endsWith('\n\n') &&
      events.every(({ event }, i) => event === types[i]) &&
      (last === 'message_stop'
        ? errors.length === 0
        : last === 'error' && errors.length === 1 && isAnthropicError(errors[0])),
  };
}

function isAnthropicError(body: Json | undefined): boolean {
  const { type, message, code } = body?.error ?? {};
  return body?.['type'] === 'error' && [type, message, code].every((field) => typeof field === 'string');
}

/** Submits a task and polls until it has ended. */
async function askTask(gateway: GatewayClient, customer: Customer, body: Json): Promise<Seen> {
  const accepted = await post(gateway, customer, 'tasks', body);
  const { status, headers } = accepted;
  const { id } = (await accepted.json()) as Json;
  for (let polls = 0; polls < POLLS_MAX; polls++) {
    await Bun.sleep(POLL_MS);
    const response = await fetch(`${gateway.url}/v1/tasks/${id}`, {
      headers: { authorization: `Bearer ${customer.key}` },
    });
    const raw = await response.text();
    const task = JSON.parse(raw) as Json;
    if (task['status'] === 'queued') continue;
    const isComplete = task['status'] === 'completed' && typeof task['result'] === 'string';
    const isWellFormed = isComplete ? task.error === null : task['status'] === 'failed' && isTaskError(task.error);
    return { status, headers, raw, code: task.error?.code ?? null, isComplete, isWellFormed };
  }
  throw new Error(`task ${id} did not end`);
}

function isTaskError(error: Json['error']): boolean {
  return typeof error?.code === 'string' && typeof error.message === 'string';
}
