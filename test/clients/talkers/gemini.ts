// Gemini's API as its JavaScript client's types have it.
import { FakeVendor, refuse, streamOf } from '../../../src/testing/vendors/fake-vendor.ts';
import type { GeminiContent } from '../../../src/testing/vendors/gemini.ts';
import { geminiAnswerOf, geminiFramesOf, problemOfContents } from '../../../src/testing/vendors/gemini.ts';
import { wordsOf } from '../../../src/testing/vendors/heard.ts';
import { ARGUMENTS, REFUSED_WORD, type Said, say, THOUGHT } from './model-script.ts';

type Body = {
  readonly contents: readonly GeminiContent[];
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
      const problem = problemOfContents(body.contents, asked[1] ?? '');
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
  return geminiAnswerOf(parts, REASONS[ending]);
}

function framesOf({ text, calls, ending }: Said, thought: string | undefined): string[] {
  const said = [...thoughtsOf(thought), ...wordsOf(text).map((word) => ({ text: word })), ...callsOf(calls)];
  return geminiFramesOf(said, REASONS[ending]);
}

function errorOf(code: number, status: string, message: string): Record<string, unknown> {
  return { error: { code, status, message } };
}
