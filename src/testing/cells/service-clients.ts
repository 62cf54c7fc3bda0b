// Clients of the services' own routes: Sydney's replies, and the requests of ChatInfo and TextBot that are made and then
// asked for. They know no codes, so that their errors are told apart by their texts.
import type { CellClient, Got } from './cell-client.ts';
import { brokenOf, post } from './cell-client.ts';

const POLL_MS = 5;
const POLLS_MAX = 2_000;

function sydney(path: string, fields: (prompt: string) => object): CellClient {
  return {
    errors: 'ru',
    // The document knows 400 and 500 alone for what becomes of a call.
    statusOf: (status) => (status >= 500 ? 500 : 400),
    async ask(gateway, key, { prompt }) {
      const { status, raw } = await post(gateway, path, { authorization: key }, fields(prompt));
      const { reply, error } = JSON.parse(raw) as { reply?: string; error?: string };
      if (error !== undefined) return { status, raw, error: { message: error }, wrong: [] };
      return { status, raw, answer: { text: reply ?? '', calls: [], finish: 'stop' }, wrong: [] };
    },
  };
}

export const sydneyChatClient = sydney('/v1/chat', (content) => ({
  model: 'gpt-4',
  messages: [{ role: 'user', content }],
}));
export const sydneyPromptClient = sydney('/v1/prompt', (prompt) => ({ model: 'claude-2-100k', prompt }));

/** Asks for the end of a request until it is there. */
async function poll(ask: () => Promise<{ status: number; raw: string }>, isOpen: (body: Answer) => boolean) {
  for (let polls = 0; polls < POLLS_MAX; polls++) {
    const { status, raw } = await ask();
    const body = JSON.parse(raw) as Answer;
    if (!isOpen(body)) return { status, raw, body };
    await Bun.sleep(POLL_MS);
  }
  throw new Error('the request did not end');
}

type Answer = {
  readonly success?: boolean;
  readonly solving?: boolean;
  readonly status?: string;
  readonly result?: string;
  readonly error?: string;
  readonly error_message?: string;
};

function ended(head: Pick<Got, 'status' | 'raw'>, text: string | undefined, message = '', claims = {}): Got {
  const wrong = brokenOf(claims);
  if (text === undefined) return { ...head, error: { message }, wrong };
  return { ...head, answer: { text, calls: [], finish: 'stop' }, wrong };
}

export const chatinfoClient: CellClient = {
  errors: 'catalogue ru',
  statusOf: () => 200,
  async ask(gateway, key, { prompt }) {
    const created = await post(gateway, '/api/gpt/create_request', {}, { key, content: prompt });
    const { id } = JSON.parse(created.raw) as { id?: number };
    const { body, ...head } = await poll(
      () => post(gateway, '/api/gpt/get_response', {}, { key, id }),
      ({ solving }) => solving === true,
    );
    const isTold = body.success === (body.result !== undefined) && body.solving === false;
    return ended(head, body.result, body.error, { 'success says whether there is a result': isTold });
  },
};

export const textbotClient: CellClient = {
  errors: 'catalogue ru',
  statusOf: () => 200,
  async ask(gateway, key, { prompt }) {
    const created = await post(gateway, '/api/generate_response', {}, { key, input_text: prompt });
    const { request_id: id } = JSON.parse(created.raw) as { request_id?: number };
    const { body, ...head } = await poll(
      () => post(gateway, '/api/status', {}, { key, request_id: id }),
      ({ status }) => status === 'processing',
    );
    const isTold = body.status === (body.result === undefined ? 'failed' : 'completed');
    return ended(head, body.result, body.error_message, { 'the status says whether there is a result': isTold });
  },
};
