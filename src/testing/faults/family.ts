// The protocol families that the fault tests drive: how a client of each asks, and what it makes of the answer.
import { SseReader } from '../../core/sse.ts';
import type { Customer, GatewayClient } from '../gateway-client.ts';
import type { FamilyShapes } from './family-shapes.ts';
import { OPENAI_SHAPES } from './family-shapes.ts';
import type { CallKind } from './fault-row.ts';

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
  readonly shapes: FamilyShapes;
  /** Fields of a provider that speaks it. */
  readonly provider: Readonly<Record<string, string>>;
  readonly draws: boolean;
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

export const FAMILIES: readonly Family[] = [
  {
    shapes: OPENAI_SHAPES,
    provider: { vendor: 'openai' },
    draws: true,
    ask(gateway, customer, { model, kind }, signal) {
      const chat = { model, messages: MESSAGES, max_completion_tokens: 1000 };
      if (kind === 'task') return askTask(gateway, customer, chat);
      if (kind === 'image')
        return askOpenai(gateway, customer, 'images/generations', { model, prompt: 'a cat' }, signal);
      const isStream = kind === 'stream';
      const streaming = isStream ? { stream: true, stream_options: { include_usage: true } } : {};
      return askOpenai(gateway, customer, 'chat/completions', { ...chat, ...streaming }, signal);
    },
  },
];

function post(gateway: GatewayClient, customer: Customer, path: string, body: unknown, signal?: AbortSignal) {
  const headers = { authorization: `Bearer ${customer.key}` };
  const init = { method: 'POST', headers, body: JSON.stringify(body), redirect: 'manual' } as const;
  return fetch(`${gateway.url}/v1/${path}`, signal === undefined ? init : { ...init, signal });
}

async function askOpenai(
  gateway: GatewayClient,
  customer: Customer,
  path: string,
  body: Json,
  signal?: AbortSignal,
): Promise<Seen> {
  const response = await post(gateway, customer, path, body, signal);
  const raw = await response.text();
  const { status, headers } = response;
  const isStream = headers.get('content-type')?.startsWith('text/event-stream') === true;
  return { status, headers, raw, ...(isStream ? readOpenaiStream(raw) : readOpenaiWhole(raw)) };
}

type Read = Pick<Seen, 'code' | 'isComplete' | 'isWellFormed'>;

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
