// Gemini's API as its JavaScript client's types have it.
import { FakeVendor, refuse, streamOf } from '../../../src/testing/vendors/fake-vendor.ts';
import { ARGUMENTS, REFUSED_WORD, type Said, say, THOUGHT, wordsOf } from './model-script.ts';

const GEMINI_USAGE = {
  promptTokenCount: 9,
  cachedContentTokenCount: 3,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 2,
  totalTokenCount: 16,
};

/** Each chunk counts anew, and the last one has the reason for the end. */
function chunksOf(parts: readonly object[], finishReason: string): string[] {
  const chunks = parts.map((part, i) =>
    i === parts.length - 1
      ? chunkOf([part], { finishReason }, GEMINI_USAGE)
      : chunkOf([part], {}, { promptTokenCount: 9, totalTokenCount: 9 }),
  );
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
}

function chunkOf(parts: unknown, ending: object, usageMetadata: object): Record<string, unknown> {
  const candidates = [{ content: { role: 'model', parts }, index: 0, ...ending }];
  return { candidates, usageMetadata, modelVersion: 'gemini-2.5-flash', responseId: 'response-upstream' };
}

type Content = { readonly role: string; readonly parts: readonly Record<string, unknown>[] };
type Body = {
  readonly contents: readonly Content[];
  readonly tools?: readonly { readonly functionDeclarations?: readonly { readonly name: string }[] }[];
  readonly toolConfig?: {
    readonly functionCallingConfig?: { readonly mode?: string; readonly allowedFunctionNames?: readonly string[] };
  };
  readonly generationConfig?: {
    readonly maxOutputTokens?: number;
    readonly responseMimeType?: string;
    readonly thinkingConfig?: { readonly includeThoughts?: boolean };
  };
};

export class TalkingGemini extends FakeVendor {
  constructor(key: string) {
    super(({ method, path, headers, text }) => {
      if (headers.get('x-goog-api-key') !== key)
        return refuse(400, errorOf(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.'));
      const asked = /^\/v1(?:beta)?\/models\/([\w.-]+):(generateContent|streamGenerateContent)(\?alt=sse)?$/.exec(path);
      if (method !== 'POST' || asked === null) return refuse(404, errorOf(404, 'NOT_FOUND', 'no such method'));
      const body = JSON.parse(text) as Body;
      const problem = problemOf(body, asked[1] ?? '');
      if (problem !== undefined) return refuse(400, errorOf(400, 'INVALID_ARGUMENT', problem));
      if (JSON.stringify(body.contents.at(-1)).includes(REFUSED_WORD))
        return refuse(400, errorOf(400, 'INVALID_ARGUMENT', 'The prompt is not allowed.'));
      const said = say(hear(body));
      const thought = body.generationConfig?.thinkingConfig?.includeThoughts === true ? THOUGHT : undefined;
      if (asked[2] === 'generateContent') return Response.json(wholeOf(said, thought));
      return streamOf(framesOf(said, thought));
    });
  }
}

function hear({ contents, tools = [], toolConfig, generationConfig: config }: Body) {
  const { mode, allowedFunctionNames: allowed } = toolConfig?.functionCallingConfig ?? {};
  const names = tools.flatMap(({ functionDeclarations = [] }) => functionDeclarations.map(({ name }) => name));
  const parts = contents.at(-1)?.parts ?? [];
  const mayCall = mode !== 'NONE' && !parts.some(({ functionResponse }) => functionResponse);
  return {
    callable: mayCall ? names.filter((name) => allowed?.includes(name) !== false) : [],
    wantsJson: config?.responseMimeType === 'application/json',
    hasPicture: parts.some(({ inlineData, fileData }) => inlineData || fileData),
    outputTokensMax: config?.maxOutputTokens ?? Number.POSITIVE_INFINITY,
  };
}

const REASONS = { whole: 'STOP', cut: 'MAX_TOKENS', calls: 'STOP' } as const;
const callsOf = (names: readonly string[]) => names.map((name) => ({ functionCall: { name, args: ARGUMENTS } }));
const thoughtsOf = (thought: string | undefined) => (thought === undefined ? [] : [{ text: thought, thought: true }]);

function wholeOf({ text, calls, ending }: Said, thought: string | undefined): Record<string, unknown> {
  const texts = text === '' ? [] : [{ text }];
  const parts = [...thoughtsOf(thought), ...texts, ...callsOf(calls)];
  return chunkOf(parts, { finishReason: REASONS[ending] }, GEMINI_USAGE);
}

function framesOf({ text, calls, ending }: Said, thought: string | undefined): string[] {
  const said = [...thoughtsOf(thought), ...wordsOf(text).map((word) => ({ text: word })), ...callsOf(calls)];
  return chunksOf(said, REASONS[ending]);
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
