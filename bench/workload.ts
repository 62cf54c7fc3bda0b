// What the bench sends and what the upstream answers: one chat call, one answer, and streams of separate frames.
// Both ends import this file, so that every answer which a target relays can be compared with what was sent.
//
// A request tells the upstream how to stream in fields that every gateway passes on: `max_tokens` is the number of
// text frames, `seed` the milliseconds between them. Anthropic's API has no `seed`, so that its gap is always the same.

export const PUBLIC_MODEL = 'bench-model';
export const UPSTREAM_MODEL = 'gpt-4o-mini';
/** What the upstream answers in Anthropic's shape for. */
export const CLAUDE_MODEL = 'bench-claude';
export const UPSTREAM_CLAUDE = 'claude-sonnet-4-5';
export const CLAUDE_GAP_MS = 10;
export const UPSTREAM_KEY = 'sk-bench-upstream';

const ID = 'chatcmpl-CJz3Q8t5yqD0Vh2mXn7bLkRw4sTfA';
const WORDS = ['Вода', ' кипит', ' при', ' более', ' низкой', ' температуре', ',', ' потому', ' что', ' давление'];

export const ANSWER_TEXT =
  'В горах атмосферное давление ниже, поэтому вода закипает при меньшей температуре: на высоте трёх километров ' +
  'примерно при девяноста градусах. Пища в такой воде варится дольше, и в скороварке давление поднимают нарочно.';

export const ANSWER_JSON = JSON.stringify({
  id: ID,
  object: 'chat.completion',
  created: 1_763_700_000,
  model: 'gpt-4o-mini-2024-07-18',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: ANSWER_TEXT, refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 61,
    completion_tokens: 58,
    total_tokens: 119,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
  },
  service_tier: 'default',
  system_fingerprint: 'fp_560af6e559',
});

/** `model` is the first field on purpose: that is where SDKs put it. */
export function callBody(model: string): string {
  return JSON.stringify({ model, messages: messages(), temperature: 0.7, max_tokens: 300 });
}

export function streamBody(model: string, frames: number, gapMs: number): string {
  return JSON.stringify({ model, messages: messages(), max_tokens: frames, seed: gapMs, stream: true });
}

/** The same in Anthropic's dialect. */
export function messageStreamBody(model: string, frames: number): string {
  const [system, ...rest] = messages();
  return JSON.stringify({ model, system: system?.content, messages: rest, max_tokens: frames, stream: true });
}

function messages(): { role: string; content: string }[] {
  return [
    { role: 'system', content: 'You explain physics to pupils of the eighth grade. Answer in two sentences.' },
    { role: 'user', content: 'Почему в горах вода закипает быстрее, а еда варится дольше? Приведи один пример.' },
  ];
}

/** The text of frame `i` of a stream. */
export function frameWord(i: number): string {
  return WORDS[i % WORDS.length] as string;
}

/** One chunk as OpenAI sends it, about 250 bytes. With `include_usage` every chunk but the last says `usage: null`. */
export function frameJson(delta: object, finish: string | null, includeUsage: boolean): string {
  const usage = includeUsage ? { usage: null } : {};
  const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
  return JSON.stringify({ ...chunkHead(), choices, ...usage });
}

export function usageFrameJson(frames: number): string {
  const usage = { prompt_tokens: 61, completion_tokens: frames, total_tokens: 61 + frames };
  return JSON.stringify({ ...chunkHead(), choices: [], usage });
}

/** One event of a message as Anthropic sends it, about 130 bytes. */
export function claudeEvent(type: string, fields: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

export function claudeStart(): string {
  const usage = { input_tokens: 61, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 };
  const begun = { id: 'msg_01XFDUDYJgAACzvnptvVoYEL', type: 'message', role: 'assistant', model: UPSTREAM_CLAUDE };
  const message = { ...begun, content: [], stop_reason: null, stop_sequence: null, usage };
  const block = { index: 0, content_block: { type: 'text', text: '' } };
  return claudeEvent('message_start', { message }) + claudeEvent('content_block_start', block);
}

export function claudeWord(text: string): string {
  return claudeEvent('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
}

export function claudeEnd(frames: number): string {
  const delta = { stop_reason: 'end_turn', stop_sequence: null };
  return (
    claudeEvent('content_block_stop', { index: 0 }) +
    claudeEvent('message_delta', { delta, usage: { output_tokens: frames } }) +
    claudeEvent('message_stop', {})
  );
}

function chunkHead(): Record<string, unknown> {
  return {
    id: ID,
    object: 'chat.completion.chunk',
    created: 1_763_700_000,
    model: 'gpt-4o-mini-2024-07-18',
    service_tier: 'default',
    system_fingerprint: 'fp_560af6e559',
  };
}

/** All text of a stream of `frames` frames. */
export function streamText(frames: number): string {
  return Array.from({ length: frames }, (_, i) => frameWord(i)).join('');
}
