// A client of Google's native protocol: the model in the address, the key in a header of its own, and a stream without a
// mark at its end but the reason for it.
import type { CellClient, Got, GotAnswer, Heard, Json, Wish } from './cell-client.ts';
import {
  asksForTool,
  brokenOf,
  CITY_SCHEMA,
  EARLIER_ARGS,
  eventsOf,
  isStreamed,
  PICTURE_ADDRESS,
  PNG_BASE64,
  post,
  TOOL_ABOUT,
  TOOL_NAME,
  TOOL_RESULT,
  TOOL_SCHEMA,
} from './cell-client.ts';

type Part = { readonly text?: string; readonly functionCall?: { id?: string; name: string; args: unknown } };
type Body = {
  readonly candidates?: readonly { readonly content: { readonly parts: readonly Part[] }; finishReason?: string }[];
  readonly usageMetadata?: {
    readonly promptTokenCount: number;
    readonly candidatesTokenCount: number;
    readonly thoughtsTokenCount?: number;
  };
  readonly error?: Json & { readonly details?: readonly Json[] };
};

function bodyOf(wish: Wish): Json {
  const { feature, prompt } = wish;
  const generationConfig: Json = { maxOutputTokens: 100 };
  const body = {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    contents: [{ role: 'user', parts: [{ text: prompt }, ...picturesOf(wish)] }],
    generationConfig,
  };
  const tools = [
    { functionDeclarations: [{ name: TOOL_NAME, description: TOOL_ABOUT, parametersJsonSchema: TOOL_SCHEMA }] },
  ];
  if (asksForTool(wish)) return { ...body, tools, toolConfig: { functionCallingConfig: { mode: 'ANY' } } };
  if (feature === 'JSON by a schema') {
    const format = { responseMimeType: 'application/json', responseJsonSchema: CITY_SCHEMA };
    return { ...body, generationConfig: { ...generationConfig, ...format } };
  }
  if (feature !== 'result of a tool') return body;
  const contents = [
    ...body.contents,
    { role: 'model', parts: [{ functionCall: { name: TOOL_NAME, args: EARLIER_ARGS } }] },
    { role: 'user', parts: [{ functionResponse: { name: TOOL_NAME, response: { result: TOOL_RESULT } } }] },
  ];
  return { ...body, contents, tools };
}

function picturesOf({ feature }: Wish): Json[] {
  if (feature === 'picture as bytes') return [{ inlineData: { mimeType: 'image/png', data: PNG_BASE64 } }];
  return feature === 'picture by its address'
    ? [{ fileData: { mimeType: 'image/png', fileUri: PICTURE_ADDRESS } }]
    : [];
}

function errorOf({ error = {} }: Body, status: number): Pick<Got, 'error' | 'wrong'> {
  const details = (error['details'] ?? []) as readonly (Json & { fieldViolations?: readonly { field: string }[] })[];
  const reason = details.find(({ reason: found }) => found !== undefined)?.['reason'];
  return {
    error: {
      code: String(reason),
      param: details.find(({ fieldViolations }) => fieldViolations)?.fieldViolations?.[0]?.field,
      message: String(error['message']),
    },
    wrong: brokenOf({
      'the error has a status in words': typeof error['status'] === 'string',
      'the error repeats its status': status === 200 || error['code'] === status,
    }),
  };
}

function read({ status, type, raw }: Heard): Got {
  const isStream = type.startsWith('text/event-stream');
  const bodies = isStream ? eventsOf(raw).map(({ data }) => JSON.parse(data) as Body) : [JSON.parse(raw) as Body];
  const head = { status, raw };
  const broken = bodies.find(({ error }) => error !== undefined);
  if (broken !== undefined) {
    const { error, wrong } = errorOf(broken, status);
    const isUnended = bodies.every(({ candidates }) => candidates?.[0]?.finishReason === undefined);
    const unended = brokenOf({ 'a failure has no reason for an end': isUnended && bodies.at(-1) === broken });
    return { ...head, ...(error ? { error } : {}), wrong: [...wrong, ...unended] };
  }
  const parts = bodies.flatMap(({ candidates }) => candidates?.[0]?.content.parts ?? []);
  const reasons = bodies.flatMap(({ candidates }) => candidates?.[0]?.finishReason ?? []);
  const calls = parts.flatMap(({ functionCall: made }) => (made === undefined ? [] : [made]));
  const usage = bodies.at(-1)?.usageMetadata;
  const answer: GotAnswer = {
    text: parts.map(({ text }) => text ?? '').join(''),
    calls: calls.map(({ id = '', name, args }) => ({ id, name, args })),
    finish: calls.length > 0 ? 'tool_calls' : 'stop',
    ...(usage === undefined
      ? {}
      : {
          usage: {
            input: usage.promptTokenCount,
            output: usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0),
          },
        }),
  };
  const wrong = brokenOf({ 'it ends once, with STOP': reasons.length === 1 && reasons[0] === 'STOP' });
  return { ...head, answer, wrong };
}

export const geminiClient: CellClient = {
  errors: 'en',
  async ask(gateway, key, wish) {
    const action = isStreamed(wish) ? 'streamGenerateContent?alt=sse' : 'generateContent';
    const path = `/v1beta/models/${wish.model}:${action}`;
    return read(await post(gateway, path, { 'x-goog-api-key': key }, bodyOf(wish)));
  },
};
