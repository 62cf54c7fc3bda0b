// What a fault upstream does with a call: answers in order, in part, wrongly or never.
import { message, messageFrames } from './anthropic-fault-shapes.ts';
import type { ReceivedCall, Wire } from './fault-upstream.ts';

export type Script = (wire: Wire, call: ReceivedCall) => Promise<void> | void;

/** How an answer that is cut short ends. */
export type Ending =
  /** The HTTP message ends as if it were whole. */
  | 'clean'
  /** The connection ends in order in the middle of the HTTP message. */
  | 'fin'
  /** The connection breaks. */
  | 'reset';

const READ_MS = 25;

export const USAGE = { prompt_tokens: 9, completion_tokens: 7, total_tokens: 16 };

/** A whole chat completion with all that strict clients ask for. */
export function completion(text: string, fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: 'chatcmpl-upstream',
    object: 'chat.completion',
    created: 1_790_000_000,
    model: 'upstream-model',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: USAGE,
    ...fields,
  };
}

export function frame(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

/** One chunk of a streamed chat completion. */
export function chunk(delta: unknown, finish: string | null = null, fields: Readonly<Record<string, unknown>> = {}) {
  return {
    id: 'chatcmpl-upstream',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'upstream-model',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
    ...fields,
  };
}

/** The frames of a whole streamed answer, one for each word, as OpenAI sends them when usage is asked for; `null` is no usage. */
export function streamFrames(text: string, usage: unknown = USAGE): string[] {
  const words = text.match(/\S+\s*/g) ?? [];
  return [
    frame(chunk({ role: 'assistant', content: '', refusal: null }, null, { usage: null })),
    ...words.map((word) => frame(chunk({ content: word }, null, { usage: null }))),
    frame(chunk({}, 'stop', { usage: null })),
    ...(usage === null ? [] : [frame({ ...chunk({}), choices: [], usage })]),
    frame('[DONE]'),
  ];
}

/** A PNG of one pixel. */
export const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

/** A whole image generation of so many pictures. */
export function pictures(count: number, bytes: Uint8Array = PIXEL): Record<string, unknown> {
  const one = { b64_json: Buffer.from(bytes).toString('base64') };
  return { created: 1_790_000_000, data: Array.from({ length: count }, () => one) };
}

/** A whole moderation: the same scores for each input, flagged from a half on. */
export function moderation(inputs: number, scores: Readonly<Record<string, number>>): Record<string, unknown> {
  const categories = Object.fromEntries(Object.entries(scores).map(([name, score]) => [name, score >= 0.5]));
  const result = { flagged: Object.values(categories).includes(true), categories, category_scores: scores };
  return { id: 'modr-upstream', model: 'upstream-moderation', results: Array.from({ length: inputs }, () => result) };
}

/** A whole embedding: a short vector for each input, as numbers or as base64. */
export function embeddings({ input, encoding_format }: ReceivedCall['body'], tokens = 5): Record<string, unknown> {
  const isOne = typeof input === 'string' || (Array.isArray(input) && typeof input[0] === 'number');
  const data = (isOne ? [input] : (input as unknown[])).map((_, index) => {
    const vector = [0.25, -0.5, index];
    const bytes = Buffer.from(Float32Array.from(vector).buffer).toString('base64');
    return { object: 'embedding', index, embedding: encoding_format === 'base64' ? bytes : vector };
  });
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  return { object: 'list', data, model: 'upstream-model', usage };
}

/** A whole ranking: the last document is the best. */
export function ranking({ documents, top_n }: ReceivedCall['body'], tokens = 7): Record<string, unknown> {
  const all = (documents as unknown[]).map((_, index) => ({ index, relevance_score: (index + 1) / 100 })).reverse();
  return { results: all.slice(0, Number(top_n ?? all.length)), usage: { total_tokens: tokens } };
}

/** Answers each call in the shape it asked for: the default of a fault upstream. */
export function healthy(text = 'Hello from upstream.'): Script {
  return (wire, call) => wholeOrStream(text, call)(wire, call);
}

function wholeOrStream(text: string, { path, body }: ReceivedCall): Script {
  if (path.endsWith('/images/generations')) return json(pictures(Number(body['n'] ?? 1)));
  if (path.endsWith('/embeddings')) return json(embeddings(body));
  if (path.endsWith('/speech')) return sound(Buffer.from('ID3 sound'));
  if (/\/audio\/trans\w+$/.test(path)) return json({ text, usage: { type: 'duration', seconds: 7 } });
  if (path.endsWith('/images/edits')) return json(pictures(1));
  if (path.endsWith('/rerank')) return json(ranking(body));
  if (path.endsWith('/moderations')) return json(moderation([body['input']].flat().length, { violence: 0.1 }));
  if (path.endsWith('/messages')) return body.stream === true ? stream(messageFrames(text)) : json(message(text));
  return body.stream === true ? stream(streamFrames(text)) : json(completion(text));
}

/** A whole answer that is sound. */
export function sound(bytes: Uint8Array, contentType = 'audio/mpeg'): Script {
  return async (wire) => {
    await wire.send(head(200, { 'content-type': contentType, 'content-length': String(bytes.length) }));
    await wire.send(bytes);
  };
}

/** A whole JSON answer. */
export function json(body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Script {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const length = String(Buffer.byteLength(text));
  return async (wire) => {
    await wire.send(head(status, { 'content-type': 'application/json', ...headers, 'content-length': length }) + text);
  };
}

export type StreamOptions = {
  /** Waits so long before each frame. */
  readonly paceMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
};

/** A whole stream: each frame is sent for itself. */
export function stream(frames: readonly (string | Uint8Array)[], options: StreamOptions = {}): Script {
  return async (wire) => {
    await wire.send(streamHead(options.headers));
    for (const one of frames) {
      if (options.paceMs !== undefined) await Bun.sleep(options.paceMs);
      if (wire.isClosed) return;
      await wire.send(httpChunk(one));
    }
    await wire.send('0\r\n\r\n');
  };
}

/** Sends the first `bytes` of a stream in one write, then ends. */
export function cutStream(whole: Uint8Array, bytes: number, ending: Ending): Script {
  return async (wire) => {
    await wire.send(streamHead());
    if (bytes > 0) await wire.send(httpChunk(whole.subarray(0, bytes)));
    if (ending === 'clean') await wire.send('0\r\n\r\n');
    else await breakSoon(wire, ending);
  };
}

/** Breaks off when the other side has had time to read: the end of a connection overtakes bytes that it has not read. */
async function breakSoon(wire: Wire, ending: 'fin' | 'reset'): Promise<void> {
  await Bun.sleep(READ_MS);
  if (ending === 'fin') wire.end();
  else wire.reset();
}

/** Reads the request and breaks the connection before a byte of the answer. */
export const resetAtOnce: Script = (wire) => wire.reset();

/** Reads the request and never says anything. */
export const hang: Script = (wire) => wire.closed;

/** Sends headers and some frames, then falls silent. */
export function stall(frames: readonly string[]): Script {
  return async (wire) => {
    await wire.send(streamHead());
    for (const one of frames) await wire.send(httpChunk(one));
    await wire.closed;
  };
}

/** Declares a length, sends less, and ends as told. */
export function cutJson(body: unknown, bytes: number, ending: 'fin' | 'reset'): Script {
  const text = JSON.stringify(body);
  return async (wire) => {
    await wire.send(
      head(200, { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
    );
    await wire.send(text.slice(0, bytes));
    await breakSoon(wire, ending);
  };
}

/** Sends the same bytes again and again until the other side has had enough. */
export function endless(contentType: string, piece: string): Script {
  return async (wire) => {
    await wire.send(head(200, { 'content-type': contentType, 'transfer-encoding': 'chunked' }));
    const block = httpChunk(piece.repeat(Math.ceil(65_536 / piece.length)));
    while (!wire.isClosed) await wire.send(block);
  };
}

/** Exact bytes, for what no other script can say. */
export function bytes(...pieces: readonly (string | Uint8Array)[]): Script {
  return async (wire) => {
    for (const piece of pieces) await wire.send(piece);
  };
}

export function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Answer\r\n${lines.join('')}\r\n`;
}

export function streamHead(headers: Readonly<Record<string, string>> = {}): string {
  return head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked', ...headers });
}

export function httpChunk(data: string | Uint8Array): Buffer {
  const payload = Buffer.from(data);
  return Buffer.concat([Buffer.from(`${payload.length.toString(16)}\r\n`), payload, Buffer.from('\r\n')]);
}
