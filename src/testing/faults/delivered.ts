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
