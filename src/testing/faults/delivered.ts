// What a stream delivered, read in the plainest way there is: the reference by which the gateway is judged. It shares no
// code with the gateway's own readers.

/** What was delivered, by choice and kind of text, with the ends and the counts that were told. */
export type Delivered = {
  readonly texts: Map<string, string>;
  /** Each piece of text as it came, for counting as the gateway does. */
  readonly pieces: string[];
  /** Names of called tools, which are output only where a stream is translated. */
  readonly names: string[];
  readonly finishes: string[];
  readonly usages: Usage[];
  readonly errors: string[];
  isDone: boolean;
};

export type Usage = { readonly input: number; readonly cached: number; readonly output: number };

type Json = Record<string, unknown>;

/** The data of the whole events in the bytes: those with their blank line. */
export function wholeEvents(bytes: Uint8Array): string[] {
  const text = Buffer.from(bytes).toString('utf8').replaceAll('\r\n', '\n');
  const blocks = text.split('\n\n');
  // What comes after the last blank line has no end.
  return blocks.slice(0, -1).flatMap((block) => {
    const data = block.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []));
    return data.length === 0 ? [] : [data.join('\n')];
  });
}

export function nothingYet(): Delivered {
  return { texts: new Map(), pieces: [], names: [], finishes: [], usages: [], errors: [], isDone: false };
}

export function addText(delivered: Delivered, key: string, text: unknown): void {
  if (typeof text !== 'string' || text === '') return;
  delivered.texts.set(key, (delivered.texts.get(key) ?? '') + text);
  delivered.pieces.push(text);
}

/** What the events of an OpenAI chat stream deliver. */
export function readOpenaiEvents(events: readonly string[]): Delivered {
  const delivered = nothingYet();
  for (const data of events) {
    if (data === '[DONE]') delivered.isDone = true;
    if (delivered.isDone) break;
    const chunk = JSON.parse(data) as { choices?: Json[]; usage?: Json | null; error?: { code: string } };
    if (chunk.error !== undefined) delivered.errors.push(chunk.error.code);
    for (const choice of chunk.choices ?? []) readOpenaiChoice(choice, delivered);
    if (chunk.usage !== undefined && chunk.usage !== null) delivered.usages.push(readOpenaiUsage(chunk.usage));
  }
  return delivered;
}

function readOpenaiChoice({ index, delta, finish_reason }: Json, delivered: Delivered): void {
  const { reasoning_content, reasoning, content, refusal, tool_calls, function_call } = (delta ?? {}) as Json;
  addText(delivered, `${index} reasoning`, reasoning_content ?? reasoning);
  addText(delivered, `${index} text`, content);
  addText(delivered, `${index} refusal`, refusal);
  const legacy = function_call === undefined ? [] : [{ index: 0, function: function_call }];
  for (const call of (tool_calls ?? legacy) as { index: number; function?: { name?: string; arguments?: string } }[]) {
    if (call.function?.name) delivered.names.push(call.function.name);
    addText(delivered, `${index} tool ${call.index}`, call.function?.arguments);
  }
  // The older name of the same end.
  const reason = finish_reason === 'function_call' ? 'tool_calls' : finish_reason;
  if (typeof reason === 'string') delivered.finishes.push(`${index} ${reason}`);
}

function readOpenaiUsage({ prompt_tokens, completion_tokens, prompt_tokens_details }: Json): Usage {
  const cached = Number((prompt_tokens_details as Json | undefined)?.['cached_tokens'] ?? 0);
  return { input: Number(prompt_tokens), cached, output: Number(completion_tokens) };
}

const STOP_REASONS: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** What the events of an Anthropic message deliver, in the words of the other family. */
export function readAnthropicEvents(events: readonly string[]): Delivered {
  const delivered = nothingYet();
  const tools: unknown[] = [];
  let told: Json = {};
  for (const data of events) {
    const event = JSON.parse(data) as { type: string; index?: number } & Record<string, Json | undefined>;
    const { message, content_block, delta, usage, error } = event;
    if (event.type === 'message_stop') delivered.isDone = true;
    if (delivered.isDone) break;
    if (event.type === 'error') delivered.errors.push(String(error?.['code']));
    if (event.type === 'message_start') told = { ...(message?.['usage'] as Json | undefined) };
    if (content_block?.['type'] === 'tool_use') {
      tools.push(event.index);
      delivered.names.push(String(content_block['name']));
    }
    if (event.type === 'content_block_delta') readAnthropicDelta(delta ?? {}, tools.indexOf(event.index), delivered);
    if (event.type !== 'message_delta') continue;
    delivered.finishes.push(`0 ${STOP_REASONS[String(delta?.['stop_reason'])]}`);
    told = { ...told, ...usage };
    delivered.usages.push(readAnthropicUsage(told));
  }
  return delivered;
}

function readAnthropicDelta({ text, thinking, partial_json }: Json, tool: number, delivered: Delivered): void {
  addText(delivered, '0 reasoning', thinking);
  addText(delivered, '0 text', text);
  addText(delivered, `0 tool ${tool}`, partial_json);
}

function readAnthropicUsage(told: Json): Usage {
  const cached = Number(told['cache_read_input_tokens'] ?? 0);
  const fresh = Number(told['input_tokens']) + Number(told['cache_creation_input_tokens'] ?? 0);
  return { input: fresh + cached, cached, output: Number(told['output_tokens']) };
}
