// What a fault upstream answers to callers of Anthropic's Messages API: the shapes alone, which any script can send.

export const MESSAGE_USAGE = {
  input_tokens: 9,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 7,
};

/** A whole message of one text. */
export function message(text: string, fields: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: 'msg_upstream',
    type: 'message',
    role: 'assistant',
    model: 'upstream-model',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: MESSAGE_USAGE,
    ...fields,
  };
}

/** An error as the vendor tells it, whole or in a stream. */
export function messageError(type: string, text = 'x'): Record<string, unknown> {
  return { type: 'error', error: { type, message: text }, request_id: 'req_upstream' };
}

/** One named event of a stream. */
export function messageEvent(data: Readonly<Record<string, unknown>>): string {
  return `event: ${String(data['type'])}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** The beginning of a streamed message, as the vendor sends it: with a ping. */
export function messageStart(usage: unknown = { ...MESSAGE_USAGE, output_tokens: 1 }): string {
  const begun = { ...message(''), content: [], stop_reason: null, usage };
  return messageEvent({ type: 'message_start', message: begun }) + messageEvent({ type: 'ping' });
}

/** The frames of one block: its beginning, a frame for each delta, its end. */
export function blockFrames(index: number, block: unknown, deltas: readonly unknown[]): string[] {
  return [
    messageEvent({ type: 'content_block_start', index, content_block: block }),
    ...deltas.map((delta) => messageEvent({ type: 'content_block_delta', index, delta })),
    messageEvent({ type: 'content_block_stop', index }),
  ];
}

/** A block of text, one delta for each word. */
export function textFrames(index: number, text: string): string[] {
  const words = text.match(/\S+\s*/g) ?? [];
  return blockFrames(
    index,
    { type: 'text', text: '' },
    words.map((word) => ({ type: 'text_delta', text: word })),
  );
}

/** The end of a streamed message; `null` is no usage. */
export function messageEnd(stopReason = 'end_turn', usage: unknown = { output_tokens: 7 }): string[] {
  const delta = { stop_reason: stopReason, stop_sequence: null };
  return [
    messageEvent({ type: 'message_delta', delta, ...(usage === null ? {} : { usage }) }),
    messageEvent({ type: 'message_stop' }),
  ];
}

/** The frames of a whole streamed message of one text; `null` is no usage. */
export function messageFrames(text: string, usage?: unknown): string[] {
  return [messageStart(usage === null ? null : undefined), ...textFrames(0, text), ...messageEnd('end_turn', usage)];
}
