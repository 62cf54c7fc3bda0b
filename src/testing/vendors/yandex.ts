// Yandex AI Studio's API that is compatible with OpenAI: models by addresses, the folder in a header, one text in a
// request for a vector, and vectors as numbers alone.
import { embeddings, pictures } from '../fault-scripts.ts';
import { FakeVendor, jsonOf, refuse } from './fake-vendor.ts';
import { troubleOf, wordsOfTrouble } from './heard.ts';
import type { ChatBody } from './openai.ts';
import { answerChat, problemOfChat } from './openai.ts';

type Body = ChatBody & { readonly n?: number; readonly input?: unknown; readonly encoding_format?: unknown };

/** Tokens of each input that were cached. */
export const YANDEX_CACHED = 4;

export class FakeYandex extends FakeVendor {
  /** Which request, counted from 1, fails once for no reason. */
  stumblesAt: number | undefined;

  constructor(key: string, folder: string) {
    super(({ path, headers, text }) => {
      const authorization = headers.get('authorization');
      // Its own pages name the first, and clients of OpenAI can only do the second.
      if (authorization !== `Api-Key ${key}` && authorization !== `Bearer ${key}`)
        return refuse(401, { error: { message: 'Unknown api key', type: 'UNAUTHENTICATED', code: 16 } });
      if (path === '/v1/models')
        return Response.json({ object: 'list', data: [{ id: `gpt://${folder}/qwen3/latest` }] });
      if (this.asked.length === this.stumblesAt) return refuse(500, { error: { message: 'Internal', code: 13 } });
      const trouble = troubleOf(text);
      if (typeof trouble === 'number')
        return refuse(trouble, { error: { message: wordsOfTrouble(trouble), type: 'x', code: null } });
      const body = JSON.parse(text) as Body;
      const address = /^(gpt|art|emb):\/\/([\w-]+)\/([\w.-]+)\/[\w.-]*$/.exec(String(body.model));
      if (address === null) return refuse(400, { error: { message: 'Failed to parse model URI', type: 'invalid' } });
      if (address[2] !== folder)
        return refuse(403, { error: { message: 'Specified folder ID does not match', type: 'PERMISSION_DENIED' } });
      return answer(path, address[1] ?? '', body, trouble === 'cut');
    });
  }
}

function answer(path: string, scheme: string, body: Body, isCut: boolean): Response {
  if (path === '/v1/images/generations' && scheme === 'art') return Response.json(pictures(body.n ?? 1));
  if (path === '/v1/embeddings' && scheme === 'emb') return embed(body, isCut);
  if (path !== '/v1/chat/completions' || scheme !== 'gpt') return refuse(404, { error: { message: 'Not found' } });
  const problem = problemOfChat(body);
  return problem === undefined
    ? answerChat(body, isCut, YANDEX_CACHED)
    : refuse(400, { error: { message: problem, type: 'invalid_request_error' } });
}

function embed(body: Body, isCut: boolean): Response {
  const texts = [body.input].flat();
  const isOneText = texts.length === 1 && typeof texts[0] === 'string' && texts[0] !== '';
  if (!isOneText || (body.encoding_format ?? 'float') !== 'float')
    return refuse(400, {
      error: { message: 'input must be one text, encoding_format must be float', type: 'invalid' },
    });
  return jsonOf(embeddings({ ...body, encoding_format: 'float' } as never, 9), isCut);
}
