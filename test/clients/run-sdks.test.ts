// The official SDKs, current and of older majors, against a running gateway whose demonstration answers: each calls every
// endpoint of its API that the gateway claims.
import { afterAll, beforeAll, describe, expect } from 'bun:test';
import type { GatewayProcess } from './gateway-process.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { testEachSdk } from './sdk-sets.ts';

let gateway: GatewayProcess;
let key: string;

beforeAll(async () => {
  gateway = await startGatewayProcess('a-public-key-that-nobody-uses');
  const { id } = await gateway.tolmach('account', 'create', '--email', 'sdks@example.com', '--plan', 'prestige');
  await gateway.tolmach('grant', '--account', String(id), '--requests', '10000');
  key = String((await gateway.tolmach('key', 'create', '--account', String(id))).key);
});
afterAll(() => gateway.stop());

const DEMO = expect.stringMatching(/^This is a demonstration answer from Tolmach: .*You wrote: "Hi"/);
/** Where the client writes a conversation into one prompt. */
const DEMO_OF_PROMPT = expect.stringMatching(/^This is a demonstration answer from Tolmach: .*You wrote: "user:\nHi/);
const UNHEARD = 'This is a demonstration from T';
/** The beginning of every PNG. */
const PNG = 'iVBORw0KGgo';

const OPENAI = {
  chat: DEMO,
  chatStream: DEMO,
  completion: DEMO,
  response: DEMO,
  responseStream: DEMO,
  responseHelper: DEMO,
  responseWithState: { status: 400, code: 'unsupported_parameter', param: 'previous_response_id' },
  embedding: [
    [4, 'number'],
    [4, 'number'],
  ],
  moderation: false,
  image: true,
  imageInline: PNG,
  imageEdit: { status: 400, code: 'unsupported_parameter', param: 'image' },
  speech: true,
  transcript: UNHEARD,
  subtitles: 'WEBVTT',
  translation: UNHEARD,
  models: true,
  absentModel: { status: 404, code: 'model_not_found', param: 'model' },
};

const NOT_FOUND = { status: 404, type: 'not_found_error', isTyped: true, hasRequestId: true };
const ANTHROPIC = {
  message: DEMO,
  events: [
    DEMO,
    [
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ],
  ],
  helper: DEMO,
  helperText: DEMO,
  call: 'weather',
  streamedCall: 'weather',
  tokens: true,
  models: true,
  model: 'claude-sonnet-4-6',
  completion: DEMO,
  completionStream: DEMO,
  requestId: 'string',
  absentModel: NOT_FOUND,
  absentModelStream: NOT_FOUND,
  retrievedAbsent: NOT_FOUND,
  wrongKey: { status: 401, type: 'authentication_error', isTyped: true, hasRequestId: true },
};

const GENAI_VERSION = {
  content: DEMO,
  stream: DEMO,
  chat: DEMO,
  call: 'weather',
  json: 'object',
  tokens: true,
  embedding: [4, 4],
  models: true,
  absentModel: { status: 404 },
};
const GENAI = { v1: GENAI_VERSION, v1beta: GENAI_VERSION };
const OLLAMA = {
  chat: DEMO,
  chatStream: DEMO,
  done: 'stop',
  counted: true,
  tools: 'assistant',
  generate: DEMO,
  generateStream: DEMO,
  json: true,
  bound: 'length',
  embed: [4, 4],
  embeddings: true,
  models: true,
  show: true,
  absentShow: { status: 404, told: true },
  absentModel: { status: 404, told: true },
};
const RANKED = { best: [1], absentModel: { status: 404 } };

/** Chat models of each library, for whom the demonstration answers. */
const told = (names: readonly string[], result: unknown) => Object.fromEntries(names.map((name) => [name, result]));
const AI_CHATS = ['openaiChat', 'openaiResponses', 'compatible', 'anthropic', 'google'];
const AI_TEXTS = {
  ...told(AI_CHATS, DEMO),
  ...told(['openaiCompletion', 'compatibleCompletion'], DEMO_OF_PROMPT),
};
const AI_ABSENT = told(AI_CHATS, { status: 404, isTyped: true, retryable: false });
const AI_SDK = {
  text: AI_TEXTS,
  stream: AI_TEXTS,
  embedding: told(['openai', 'compatible', 'google'], true),
  embeddings: told(['openai', 'compatible', 'google'], 2),
  picture: told(['openai', 'inline', 'compatible'], PNG),
  speech: { openai: true },
  transcript: { openai: UNHEARD },
  absentModel: AI_ABSENT,
  absentModelStream: AI_ABSENT,
};
const LANGCHAIN_MODELS = ['chat', 'responses', 'completion', 'anthropic', 'google'];
const LANGCHAIN = {
  text: told(LANGCHAIN_MODELS, DEMO),
  stream: told(LANGCHAIN_MODELS, DEMO),
  batch: told(LANGCHAIN_MODELS, [DEMO, DEMO]),
  absentModel: told(LANGCHAIN_MODELS, { status: 404 }),
  embedding: told(['openai', 'google'], true),
  embeddings: told(['openai', 'google'], 2),
};

describe('every endpoint that is claimed answers as documented', () => {
  const calls = (program: string, expected: unknown) =>
    testEachSdk(program, async (run) => {
      expect(await run(gateway.url, key)).toEqual(expected);
    });
  calls('call-openai', OPENAI);
  testEachSdk('call-anthropic', async (run, { folder }) => {
    // Clients since 1.0 have lost text completions.
    const isNew = ['anthropic-1', 'python-current', 'python-middle'].includes(folder);
    const lost = isNew ? { completion: null, completionStream: null } : {};
    expect(await run(gateway.url, key)).toEqual({ ...ANTHROPIC, ...lost });
  });
  calls('call-genai', GENAI);
  calls('call-ai', AI_SDK);
  calls('call-langchain', LANGCHAIN);
  calls('call-ollama', OLLAMA);
  calls('call-cohere', { v1: RANKED, v2: RANKED });
});
