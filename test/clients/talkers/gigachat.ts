// GigaChat's chats as its API reference and its own Python client have them: keys of half an hour, one function call in an
// answer, arguments as objects.
import { FakeVendor, refuse, streamOf } from '../../../src/testing/vendors/fake-vendor.ts';
import type { GigaChatBody } from '../../../src/testing/vendors/gigachat.ts';
import {
  gigachatAnswerOf,
  gigachatFrames,
  gigachatFramesOf,
  problemOfChat,
  STATE_ID,
} from '../../../src/testing/vendors/gigachat.ts';
import { GigaChatKeys } from '../../../src/testing/vendors/gigachat-keys.ts';
import { ARGUMENTS, REFUSED_WORD, say } from './model-script.ts';

const TEXT = 'Привет из Сбера.';

type Body = GigaChatBody & {
  readonly function_call?: 'auto' | 'none' | { readonly name: string };
  readonly max_tokens?: number;
};

export class TalkingGigaChat extends FakeVendor {
  /** @param credentials the lasting key; the short-lived ones are kept until they end. */
  constructor(credentials: string) {
    const keys = new GigaChatKeys({ credentials, scope: 'GIGACHAT_API_PERS', nowMs: Date.now });
    super((asked) => {
      const refusal = keys.answer(asked);
      if (refusal !== undefined) return refusal;
      if (asked.path !== '/api/v1/chat/completions') return refuse(404, { status: 404, message: 'no such route' });
      const body = JSON.parse(asked.text) as Body;
      const problem = problemOfChat(body);
      return problem === undefined ? answer(body) : refuse(422, { status: 422, message: problem });
    });
  }
}

function answer(body: Body): Response {
  const said = say(hear(body));
  if (said.ending === 'calls') {
    const made = { name: said.calls[0], arguments: ARGUMENTS };
    const message = { role: 'assistant', content: '', function_call: made, functions_state_id: STATE_ID };
    if (body.stream !== true) return Response.json(gigachatAnswerOf(message, 'function_call'));
    return streamOf(gigachatFramesOf([{ delta: message, finish_reason: 'function_call' }]));
  }
  const isRefused = body.messages.at(-1)?.content.includes(REFUSED_WORD) === true;
  const reason = isRefused ? 'blacklist' : said.ending === 'cut' ? 'length' : 'stop';
  const text = said.ending === 'whole' && body.response_format === undefined ? TEXT : said.text;
  if (body.stream === true) return streamOf(gigachatFrames(text, reason));
  return Response.json(gigachatAnswerOf({ role: 'assistant', content: text }, reason));
}

/** This vendor calls no function unless it is told that it may. */
function hear({ messages, functions = [], function_call: choice, ...body }: Body) {
  const names = functions.map(({ name }) => name);
  const chosen = typeof choice === 'object' ? names.filter((name) => name === choice.name) : names;
  const mayCall = choice !== undefined && choice !== 'none' && messages.at(-1)?.role !== 'function';
  return {
    callable: mayCall ? chosen : [],
    wantsJson: body.response_format?.type === 'json_schema',
    hasPicture: false,
    outputTokensMax: body.max_tokens ?? Number.POSITIVE_INFINITY,
  };
}
