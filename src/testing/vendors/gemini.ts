// Gemini's API as its JavaScript client's types have it. Names that the vendor does not know are refused, as its proto
// messages are.
import { cutFrames, FakeVendor, jsonOf, refuse, streamOf } from './fake-vendor.ts';
import type { Heard, Said, Trouble } from './heard.ts';
import { answerTo, describeBase64, troubleOf, wordsOf, wordsOfTrouble } from './heard.ts';

export const GEMINI_USAGE = {
  promptTokenCount: 9,
  cachedContentTokenCount: 3,
  candidatesTokenCount: 5,
  thoughtsTokenCount: 2,
  totalTokenCount: 16,
};

export function geminiAnswer(text: string): Record<string, unknown> {
  return geminiAnswerOf([{ text }]);
}

export function geminiAnswerOf(parts: readonly object[], finishReason = 'STOP'): Record<string, unknown> {
  return chunkOf(parts, { finishReason }, GEMINI_USAGE);
}

export function geminiFrames(text: string): string[] {
  return geminiFramesOf(wordsOf(text).map((word) => ({ text: word })));
}

/** A chunk for each part. Each counts anew, and the last one has the reason for the end. */
export function geminiFramesOf(parts: readonly object[], finishReason = 'STOP'): string[] {
  const chunks = parts.map((part, i) =>
    i === parts.length - 1
      ? geminiAnswerOf([part], finishReason)
      : chunkOf([part], {}, { promptTokenCount: 9, totalTokenCount: 9 }),
  );
  return chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\r\n\r\n`);
}

function chunkOf(parts: readonly object[], ending: object, usageMetadata: object): Record<string, unknown> {
  const candidates = [{ content: { role: 'model', parts }, index: 0, ...ending }];
  return { candidates, usageMetadata, modelVersion: 'gemini-2.5-flash', responseId: 'response-upstream' };
}

type Part = {
  readonly text?: string;
  readonly inlineData?: { readonly mimeType: string; readonly data: string };
  readonly fileData?: unknown;
  readonly functionCall?: unknown;
  readonly functionResponse?: { readonly response: { readonly result?: unknown } };
  readonly thoughtSignature?: string;
};
export type GeminiContent = { readonly role: string; readonly parts: readonly Part[] };
type Body = {
  readonly contents: readonly GeminiContent[];
  readonly tools?: readonly { readonly functionDeclarations?: readonly { readonly name: string }[] }[];
  readonly generationConfig?: { readonly responseMimeType?: string; readonly responseJsonSchema?: unknown };
};
type EmbedRequest = {
  readonly model?: string;
  readonly content?: GeminiContent;
  readonly taskType?: string;
  readonly outputDimensionality?: number;
};

const FIELDS: readonly string[] = [
  ...['contents', 'systemInstruction', 'tools', 'toolConfig', 'safetySettings', 'generationConfig', 'cachedContent'],
];
const CONFIG: readonly string[] = [
  ...['maxOutputTokens', 'temperature', 'topP', 'topK', 'stopSequences', 'presencePenalty', 'frequencyPenalty', 'seed'],
  ...['responseMimeType', 'responseJsonSchema', 'responseSchema', 'thinkingConfig', 'candidateCount'],
];
const EMBED_FIELDS: readonly string[] = ['model', 'content', 'taskType', 'title', 'outputDimensionality'];
const EMBEDDED_AT_ONCE_MAX = 100;
const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
};
const PATH =
  /^\/v1(?:beta)?\/models\/([\w.-]+):(generateContent|streamGenerateContent|batchEmbedContents)(\?alt=sse)?$/;

export class FakeGemini extends FakeVendor {
  constructor(key: string) {
    super(({ method, path, headers, text }) => {
      if (headers.get('x-goog-api-key') !== key)
        return refuseAs(400, 'API key not valid. Please pass a valid API key.');
      const [, model = '', action] = PATH.exec(path) ?? [];
      if (method !== 'POST' || action === undefined) return refuseAs(404, 'no such method');
      const trouble = troubleOf(text);
      if (typeof trouble === 'number') return refuseAs(trouble);
      return action === 'batchEmbedContents'
        ? embed(JSON.parse(text), model, trouble)
        : generate(JSON.parse(text) as Body, model, action === 'streamGenerateContent', trouble);
    });
  }
}

function generate(body: Body, model: string, isStream: boolean, trouble: Trouble | undefined): Response {
  const problem = problemOf(body, model);
  if (problem !== undefined) return refuseAs(400, problem);
  const said = answerTo(hear(body, isStream), 'Hello there.');
  const isCut = trouble === 'cut';
  if (!isStream) return jsonOf('text' in said ? geminiAnswer(said.text) : callOf(said), isCut);
  const frames = 'text' in said ? geminiFrames(said.text) : [`data: ${JSON.stringify(callOf(said))}\r\n\r\n`];
  // The reason for the end is in the last of its frames.
  return streamOf(isCut ? frames.slice(0, -1) : cutFrames(frames, false));
}

function callOf({ call }: Exclude<Said, { text: string }>): Record<string, unknown> {
  return geminiAnswerOf([{ functionCall: call }]);
}

function hear({ contents, tools, generationConfig: config }: Body, isStream: boolean): Heard {
  const results = contents.at(-1)?.parts.flatMap(({ functionResponse: result }) => result ?? []) ?? [];
  return {
    isStream,
    tools: tools?.flatMap((tool) => tool.functionDeclarations?.map(({ name }) => name) ?? []) ?? [],
    results: results.map(({ response }) => String(response.result ?? JSON.stringify(response))),
    pictures: contents.flatMap(({ parts }) =>
      parts.flatMap(({ inlineData: data }) => (data === undefined ? [] : [describeBase64(data.mimeType, data.data)])),
    ),
    schema: config?.responseMimeType === 'application/json' ? config.responseJsonSchema : undefined,
  };
}

function problemOf(body: Body, model: string): string | undefined {
  const { contents, generationConfig = {} } = body;
  const strange =
    Object.keys(body).find((name) => !FIELDS.includes(name)) ??
    Object.keys(generationConfig).find((name) => !CONFIG.includes(name));
  if (strange !== undefined) return `Invalid JSON payload received. Unknown name "${strange}"`;
  return problemOfContents(contents, model);
}

/** Why the vendor would refuse the turns. */
export function problemOfContents(contents: readonly GeminiContent[], model: string): string | undefined {
  if (contents.length === 0) return 'contents is not specified';
  if (contents.some(({ role }) => role !== 'user' && role !== 'model')) return 'Please use a valid role: user, model.';
  if (contents.some(({ parts }) => parts.length === 0)) return 'parts must not be empty';
  if (contents[0]?.role !== 'user') return 'the first turn must be of the user';
  const calls = contents.flatMap(({ parts }) => parts.slice(0, 1).filter(({ functionCall }) => functionCall));
  if (model.startsWith('gemini-3') && calls.some(({ thoughtSignature }) => thoughtSignature === undefined))
    return 'Function call is missing a thought_signature in functionCall parts.';
  return undefined;
}

function embed(body: { requests?: EmbedRequest[] }, model: string, trouble: Trouble | undefined): Response {
  const { requests = [] } = body;
  if (requests.length === 0) return refuseAs(400, 'requests is not specified');
  if (requests.length > EMBEDDED_AT_ONCE_MAX) return refuseAs(400, 'at most 100 requests can be in one batch');
  for (const request of requests) {
    const strange = Object.keys(request).find((name) => !EMBED_FIELDS.includes(name));
    if (strange !== undefined) return refuseAs(400, `Unknown name "${strange}"`);
    if (request.model !== `models/${model}`)
      return refuseAs(400, 'The model in each request must be that of the batch');
    if (!request.content?.parts.every(({ text }) => typeof text === 'string')) return refuseAs(400, 'content is empty');
  }
  const embeddings = requests.map(({ outputDimensionality: length = 3 }, i) => ({
    values: Array.from({ length }, (_, at) => (at === 0 ? i : 0.25)),
  }));
  return jsonOf({ embeddings, usageMetadata: { promptTokenCount: 9 } }, trouble === 'cut');
}

function refuseAs(code: number, message = wordsOfTrouble(code)): Response {
  return refuse(code, { error: { code, status: STATUSES[code] ?? 'INTERNAL', message } });
}
