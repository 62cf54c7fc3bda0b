// Reads the body of a Gemini call into a Call. The model is in the path. What would need a store of ours, or a tool that
// Google runs itself, is refused by name. Source: Google's public API reference.
import type { ChatCall, ChatOptions, ResponseFormat, Tool, ToolChoice } from '../../core/call.ts';
import type { JsonObject } from '../../core/fields.ts';
import {
  invalid,
  optionalArray,
  optionalBoolean,
  optionalInteger,
  optionalNumber,
  optionalString,
  present,
  unsupported,
} from '../../core/fields.ts';
import { parseObject } from '../../core/json-guard.ts';
import { MAX_TOKENS_MAX } from '../openai/read-sampling.ts';
import type { RequestHead, WireBody } from '../rendering.ts';
import { camelFields, enumField, objectField, objectList } from './proto-fields.ts';
import { readContents, readSystem } from './read-contents.ts';
import { jsonSchemaOf } from './schema.ts';

const TOOLS_MAX = 128;
/** In the order of Google's definitions. */
const MODES = ['MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'];
const MODALITIES: readonly unknown[] = ['TEXT', 1];

/** What the dialect notes for writing the answer. */
export type GeminiNotes = { readonly includeThoughts: boolean };

export function readGenerate(body: WireBody, head: RequestHead): ChatCall {
  return readBody(camelFields(parseObject(body.text).value), head.rest, false);
}

export function readStreamGenerate(body: WireBody, head: RequestHead): ChatCall {
  return readBody(camelFields(parseObject(body.text).value), head.rest, true);
}

/** The call whose tokens are counted: whole, or its contents alone. */
export function readCounted(body: WireBody): ChatCall {
  const value = camelFields(parseObject(body.text).value);
  return readBody(objectField(value, 'generateContentRequest') ?? value, '', false);
}

function readBody(body: JsonObject, model: string, stream: boolean): ChatCall {
  if (body['cachedContent'] !== undefined)
    throw unsupported('cachedContent', 'Contents are not cached here: send them again.');
  const config = objectField(body, 'generationConfig') ?? {};
  const thinking = objectField(config, 'thinkingConfig', 'generationConfig.thinkingConfig') ?? {};
  const notes: GeminiNotes = { includeThoughts: optionalBoolean(thinking, 'includeThoughts') ?? false };
  return {
    endpoint: 'chat',
    model,
    messages: [...readSystem(body), ...readContents(body)],
    options: { ...readSampling(config, thinking), ...readTools(body) },
    stream,
    includeUsage: true,
    extra: {},
    notes,
  };
}

function readSampling(config: JsonObject, thinking: JsonObject): ChatOptions {
  const modalities = optionalArray(config, 'responseModalities', 10) ?? [];
  if (modalities.some((one) => !MODALITIES.includes(typeof one === 'string' ? one.toUpperCase() : one)))
    throw unsupported('generationConfig.responseModalities', 'Only text can be answered here.');
  const topLogprobs = optionalInteger(config, 'logprobs', 0, 20);
  const logprobs = optionalBoolean(config, 'responseLogprobs');
  return present({
    maxOutputTokens: optionalInteger(config, 'maxOutputTokens', 1, MAX_TOKENS_MAX),
    temperature: optionalNumber(config, 'temperature', 0, 2),
    topP: optionalNumber(config, 'topP', 0, 1),
    topK: optionalInteger(config, 'topK', 1, 1_000_000),
    n: optionalInteger(config, 'candidateCount', 1, 128),
    stop: readStop(config),
    presencePenalty: optionalNumber(config, 'presencePenalty', -2, 2),
    frequencyPenalty: optionalNumber(config, 'frequencyPenalty', -2, 2),
    seed: optionalInteger(config, 'seed', Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    logprobs,
    topLogprobs: logprobs === true ? topLogprobs : undefined,
    responseFormat: readFormat(config),
    reasoningEffort: optionalString(thinking, 'thinkingLevel')?.toLowerCase(),
  });
}

function readStop(config: JsonObject): string[] | undefined {
  const stop = optionalArray(config, 'stopSequences', 16);
  if (stop === undefined || stop.length === 0) return undefined;
  if (!stop.every((one) => typeof one === 'string'))
    throw invalid('generationConfig.stopSequences', '"stopSequences" must be an array of texts.');
  return stop as string[];
}

function readFormat(config: JsonObject): ResponseFormat | undefined {
  const type = optionalString(config, 'responseMimeType');
  const schema = config['responseJsonSchema'] ?? objectField(config, 'responseSchema');
  if (type === undefined || type === 'text/plain') return undefined;
  if (type !== 'application/json')
    throw unsupported(
      'generationConfig.responseMimeType',
      '"responseMimeType" must be "text/plain" or "application/json".',
    );
  if (schema === undefined) return { kind: 'json' };
  return { kind: 'schema', name: 'response', schema: jsonSchemaOf(schema) };
}

function readTools(body: JsonObject): Pick<ChatOptions, 'tools' | 'toolChoice'> {
  const tools: Tool[] = [];
  for (const [i, tool] of objectList(body, 'tools').entries()) {
    const other = Object.keys(tool).find((name) => name !== 'functionDeclarations');
    if (other !== undefined)
      throw unsupported(`tools[${i}]`, `The tool "${other.slice(0, 64)}" is not supported, only functions.`);
    for (const [j, declaration] of objectList(
      tool,
      'functionDeclarations',
      `tools[${i}].functionDeclarations`,
    ).entries())
      tools.push(readDeclaration(declaration, `tools[${i}].functionDeclarations[${j}]`));
  }
  if (tools.length > TOOLS_MAX) throw invalid('tools', `"tools" has more than ${TOOLS_MAX} functions.`);
  if (tools.length === 0) return {};
  const { mode, allowed } = readToolConfig(body);
  const offered = allowed === undefined ? tools : tools.filter(({ name }) => allowed.includes(name));
  if (offered.length === 0) throw invalid('toolConfig', '"allowedFunctionNames" names no function of "tools".');
  return { tools: offered, ...present({ toolChoice: choiceOf(mode, offered) }) };
}

function readDeclaration(declaration: JsonObject, at: string): Tool {
  const name = optionalString(declaration, 'name');
  if (name === undefined || name === '') throw invalid(`${at}.name`, `"${at}.name" is required.`);
  const schema = declaration['parametersJsonSchema'] ?? declaration['parameters'];
  return {
    name,
    ...present({
      description: optionalString(declaration, 'description'),
      parameters: schema === undefined || schema === null ? undefined : jsonSchemaOf(schema),
    }),
  };
}

function readToolConfig(body: JsonObject): { readonly mode: string; readonly allowed: string[] | undefined } {
  const config = objectField(body, 'toolConfig') ?? {};
  const calling = objectField(config, 'functionCallingConfig', 'toolConfig.functionCallingConfig') ?? {};
  const mode = enumField(calling, 'mode', MODES) ?? 'AUTO';
  const allowed = optionalArray(calling, 'allowedFunctionNames', TOOLS_MAX)?.map(String);
  return { mode, allowed: allowed?.length === 0 ? undefined : allowed };
}

function choiceOf(mode: string, offered: readonly Tool[]): ToolChoice | undefined {
  const only = offered.length === 1 ? offered[0] : undefined;
  switch (mode) {
    case 'ANY':
      return only === undefined ? 'required' : { name: only.name };
    case 'NONE':
      return 'none';
    case 'AUTO':
    case 'VALIDATED':
    case 'MODE_UNSPECIFIED':
      return undefined;
    default:
      throw invalid('toolConfig.functionCallingConfig.mode', '"mode" must be "AUTO", "ANY" or "NONE".');
  }
}
