// Writes a call as the body of a request to Gemini's `generateContent`.
import type { ChatCall, ChatOptions, Message, Part, ToolCall, ToolChoice } from '../../core/call.ts';
import { stopsOf } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import { isObject, present, unsupported } from '../../core/fields.ts';
import { refuseForeign } from '../foreign.ts';

/**
 * Models since 3 refuse a call of a function that comes without the signature of the thought behind it. The neutral call
 * carries none, and this is the word that the vendor's documentation gives for such conversations.
 */
const NO_SIGNATURE = 'skip_thought_signature_validator';

const STOPS_MAX = 5;

const BUDGETS: Readonly<Record<string, number>> = { none: 0, minimal: 512, low: 1024, medium: 8192, high: 24_576 };

export function writeContent(call: ChatCall, model: string): string {
  refuseForeign(call);
  const o = call.options;
  refuseUnhonoured(o);
  const tools = o.tools ?? [];
  return JSON.stringify(
    present({
      systemInstruction: buildSystem(call.messages),
      contents: buildContents(call.messages, /^gemini-(?:[3-9]|\d\d)/.test(model)),
      tools: tools.length === 0 ? undefined : [{ functionDeclarations: tools.map(buildTool) }],
      toolConfig:
        tools.length === 0 || o.toolChoice === undefined
          ? undefined
          : { functionCallingConfig: buildChoice(o.toolChoice) },
      generationConfig: buildConfig(o, model),
    }),
  );
}

/** What the protocol, or this program's reading of it, has no word for, and whose loss would make the answer a lie. */
function refuseUnhonoured(o: ChatOptions): void {
  const refused: Readonly<Record<string, boolean>> = {
    n: (o.n ?? 1) > 1,
    logprobs: o.logprobs === true,
    logit_bias: o.logitBias !== undefined,
    stop: (o.stop?.length ?? 0) > STOPS_MAX,
  };
  for (const [name, isRefused] of Object.entries(refused))
    if (isRefused) throw unsupported(name, `"${name}" is not supported by this model.`);
}

function buildConfig(o: ChatOptions, model: string): JsonObject | undefined {
  const format = o.responseFormat;
  const config = present({
    maxOutputTokens: o.maxOutputTokens,
    temperature: o.temperature,
    topP: o.topP,
    topK: o.topK,
    stopSequences: stopsOf(o)?.slice(0, STOPS_MAX),
    presencePenalty: o.presencePenalty,
    frequencyPenalty: o.frequencyPenalty,
    seed: o.seed,
    responseMimeType: format === undefined || format.kind === 'text' ? undefined : 'application/json',
    responseJsonSchema: format?.kind === 'schema' ? format.schema : undefined,
    thinkingConfig: buildThinking(o.reasoningEffort, model),
  });
  return Object.keys(config).length === 0 ? undefined : config;
}

/** Models since 3 have levels, those of 2.5 a budget of tokens, older ones neither. */
function buildThinking(effort: string | undefined, model: string): JsonObject | undefined {
  if (effort === undefined || !(effort in BUDGETS)) return undefined;
  if (/^gemini-(?:[3-9]|\d\d)/.test(model)) return { thinkingLevel: effort === 'high' ? 'high' : 'low' };
  return model.startsWith('gemini-2.5') ? { thinkingBudget: BUDGETS[effort] } : undefined;
}

function buildTool({ name, description, parameters }: NonNullable<ChatOptions['tools']>[number]): JsonObject {
  const hasParameters = Object.keys((parameters?.['properties'] as JsonObject | undefined) ?? {}).length > 0;
  return { name, ...present({ description, parametersJsonSchema: hasParameters ? parameters : undefined }) };
}

function buildChoice(choice: ToolChoice): JsonObject {
  if (typeof choice === 'object') return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  return { mode: { auto: 'AUTO', none: 'NONE', required: 'ANY' }[choice] };
}

function buildSystem(messages: readonly Message[]): JsonObject | undefined {
  const texts = messages
    .filter(isSystem)
    .flatMap(({ parts }) => parts.flatMap((part) => (part.kind === 'text' && part.text !== '' ? [part.text] : [])));
  // The vendor refuses a request without a turn: a system prompt alone is then said by the user.
  return texts.length === 0 || messages.every(isSystem) ? undefined : { parts: texts.map((text) => ({ text })) };
}

type Turn = { readonly role: 'user' | 'model'; readonly parts: JsonObject[] };

/** Neighbours of one role become one turn: the results of functions must stand together after their calls. */
function buildContents(messages: readonly Message[], wantsSignatures: boolean): Turn[] {
  const turns: Turn[] = [];
  const names = new Map<string, string>();
  const isAllSystem = messages.every(isSystem);
  for (const message of messages) {
    if (isSystem(message) && !isAllSystem) continue;
    for (const { id, name } of message.toolCalls ?? []) names.set(id, name);
    const role = message.role === 'assistant' ? 'model' : 'user';
    const parts = buildParts(message, names, wantsSignatures);
    const last = turns.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else if (parts.length > 0) turns.push({ role, parts });
  }
  return turns;
}

function buildParts(message: Message, names: ReadonlyMap<string, string>, wantsSignatures: boolean): JsonObject[] {
  if (message.role === 'tool') return [buildResult(message, names)];
  const calls = (message.toolCalls ?? []).map((call, i) => ({
    functionCall: buildCall(call),
    ...(wantsSignatures && i === 0 ? { thoughtSignature: NO_SIGNATURE } : {}),
  }));
  return [...message.parts.flatMap(buildPart), ...calls];
}

function buildCall({ name, argumentsJson }: ToolCall): JsonObject {
  return { name, args: parseObject(argumentsJson.trim() === '' ? '{}' : argumentsJson) ?? refuseArguments() };
}

function refuseArguments(): never {
  throw unsupported('messages', 'The arguments of a tool call must be a JSON object for this model.');
}

function buildResult(message: Message, names: ReadonlyMap<string, string>): JsonObject {
  if (message.parts.some(({ kind }) => kind === 'image'))
    throw unsupported('messages', 'Pictures in the results of tools are not supported by this model.');
  const text = message.parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])).join('\n');
  const name = names.get(message.toolCallId ?? '') ?? message.name ?? 'function';
  return { functionResponse: { name, response: parseObject(text) ?? { result: text } } };
}

/**
 * Addresses are refused although the vendor would fetch public ones: behind one may be a film or a book, whose tokens no
 * hold for a picture covers, or a file of the operator's own. Source: Google's page on file input methods.
 */
function buildPart(part: Part): JsonObject[] {
  if (part.kind === 'text') return part.text === '' ? [] : [{ text: part.text }];
  if (part.kind === 'opaque') return [];
  const data = /^data:([\w.+/-]+);base64,/.exec(part.url);
  if (data === null)
    throw unsupported('messages', 'Addresses of pictures are not supported by this model: send a data: URL.');
  return [{ inlineData: { mimeType: data[1], data: part.url.slice(data[0].length) } }];
}

function isSystem({ role }: Message): boolean {
  return role === 'system' || role === 'developer';
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
