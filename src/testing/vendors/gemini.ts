// Gemini's API as its JavaScript client's types have it.
import { FakeVendor, refuse, streamOf } from './fake-vendor.ts';

export const GEMINI_USAGE = {
  promptTokenCount: 9,
  cachedContentTokenCount: 3,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 2,
  totalTokenCount: 16,
};

export function geminiAnswer(text: string): Record<string, unknown> {
  return chunkOf([{ text }], { finishReason: 'STOP' }, GEMINI_USAGE);
}

/** Each chunk counts anew, and the last one has the reason for the end. */
export function geminiFrames(text: string): string[] {
  const words = text.match(/\S+\s*/g) ?? [];
  const chunks = words.map((word, i) =>
    i === words.length - 1
      ? chunkOf([{ text: word }], { finishReason: 'STOP' }, GEMINI_USAGE)
      : chunkOf([{ text: word }], {}, { promptTokenCount: 9, totalTokenCount: 9 }),
  );
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
}

function chunkOf(parts: unknown, ending: object, usageMetadata: object): Record<string, unknown> {
  const candidates = [{ content: { role: 'model', parts }, index: 0, ...ending }];
  return { candidates, usageMetadata, modelVersion: 'gemini-2.5-flash', responseId: 'response-upstream' };
}

type Content = { readonly role: string; readonly parts: readonly Record<string, unknown>[] };
type Body = { readonly contents: readonly Content[]; readonly tools?: readonly unknown[] };

export class FakeGemini extends FakeVendor {
  constructor(key: string) {
    super(({ method, path, headers, text }) => {
      if (headers.get('x-goog-api-key') !== key)
        return refuse(400, errorOf(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'));
      const asked = /^\/v1(?:beta)?\/models\/([\w.-]+):(generateContent|streamGenerateContent)(\?alt=sse)?$/.exec(path);
      if (method !== 'POST' || asked === null) return refuse(404, errorOf(404, 'NOT_FOUND', 'no such method'));
      const body = JSON.parse(text) as Body;
      const problem = problemOf(body, asked[1] ?? '');
      if (problem !== undefined) return refuse(400, errorOf(400, 'INVALID_ARGUMENT', problem));
      const last = body.contents.at(-1);
      const wantsCall = body.tools !== undefined && last?.parts.every(({ functionResponse }) => !functionResponse);
      const call = { functionCall: { name: 'weather', args: { city: 'Москва', days: 2 } } };
      const called = chunkOf([call], { finishReason: 'STOP' }, GEMINI_USAGE);
      if (asked[2] === 'generateContent') return Response.json(wantsCall ? called : geminiAnswer('Hello there.'));
      return streamOf(wantsCall ? [`data: ${JSON.stringify(called)}\r\n\r\n`] : geminiFrames('Hello there.'));
    });
  }
}

function problemOf({ contents }: Body, model: string): string | undefined {
  if (contents.length === 0) return 'contents is not specified';
  if (contents.some(({ role }) => role !== 'user' && role !== 'model')) return 'Please use a valid role: user, model.';
  if (contents.some(({ parts }) => parts.length === 0)) return 'parts must not be empty';
  if (contents[0]?.role !== 'user') return 'the first turn must be of the user';
  const calls = contents.flatMap(({ parts }) => parts.slice(0, 1).filter(({ functionCall }) => functionCall));
  if (model.startsWith('gemini-3') && calls.some(({ thoughtSignature }) => thoughtSignature === undefined))
    return 'Function call is missing a thought_signature in functionCall parts.';
  return undefined;
}

function errorOf(code: number, status: string, message: string): Record<string, unknown> {
  return { error: { code, status, message } };
}
