// OpenAI's chat completions as its published specification has them. A request with a field that is not in it, or with
// results of tools out of their order, is refused as the vendor does.
import { z } from 'zod';
import { chunk, completion, frame } from '../../../src/testing/fault-scripts.ts';
import { FakeVendor, refuse, streamOf } from '../../../src/testing/vendors/fake-vendor.ts';
import { wordsOf } from '../../../src/testing/vendors/heard.ts';
import { ARGUMENTS, argumentPieces, REFUSED_WORD, type Said, say, THOUGHT } from './model-script.ts';

const OPENAI_USAGE = {
  prompt_tokens: 9,
  completion_tokens: 7,
  total_tokens: 16,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 2 },
};

const textPart = z.strictObject({ type: z.literal('text'), text: z.string() });
const picturePart = z.strictObject({
  type: z.literal('image_url'),
  image_url: z.strictObject({
    url: z.string().regex(/^(https:\/\/|data:image\/\w+;base64,)/),
    detail: z.enum(['auto', 'low', 'high']).optional(),
  }),
});
const texts = z.union([z.string(), z.array(textPart).min(1)]);
const functionName = z.string().regex(/^[\w-]{1,64}$/);
/** The vendor's own clients send back what they have gathered and parsed. */
const toolCall = z.strictObject({
  index: z.int().optional(),
  id: z.string().min(1),
  type: z.literal('function'),
  function: z.strictObject({ name: functionName, arguments: z.string(), parsed_arguments: z.unknown().optional() }),
});
const message = z.discriminatedUnion('role', [
  z.strictObject({ role: z.enum(['system', 'developer']), content: texts, name: z.string().optional() }),
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(z.union([textPart, picturePart])).min(1)]),
    name: z.string().optional(),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: texts.nullish(),
    refusal: z.string().nullish(),
    annotations: z.array(z.unknown()).nullish(),
    parsed: z.unknown().optional(),
    audio: z.null().optional(),
    function_call: z.null().optional(),
    name: z.string().optional(),
    tool_calls: z.array(toolCall).min(1).nullish(),
  }),
  z.strictObject({
    role: z.literal('tool'),
    content: texts,
    tool_call_id: z.string().min(1),
    name: z.string().optional(),
  }),
]);

/** A schema that a strict function or answer may have: nothing beside what it names, and all of that required. */
function isStrict(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return true;
  const { type, properties = {}, required = [], additionalProperties } = schema as Record<string, unknown>;
  const names = Object.keys(properties as object);
  const isExact = additionalProperties === false && names.every((name) => (required as string[]).includes(name));
  return (type !== 'object' || isExact) && Object.values(schema).every(isStrict);
}
const STRICT_PROBLEM = "'additionalProperties' must be false, and 'required' must include every key in properties";
const objectSchema = z.looseObject({ type: z.literal('object') });
const tool = z.strictObject({
  type: z.literal('function'),
  function: z
    .strictObject({
      name: functionName,
      description: z.string().optional(),
      parameters: objectSchema.optional(),
      strict: z.boolean().nullish(),
    })
    .refine(({ strict, parameters }) => strict !== true || isStrict(parameters), STRICT_PROBLEM),
});

const request = z
  .strictObject({
    model: z.string(),
    messages: z.array(message).min(1),
    stream: z.boolean().nullish(),
    stream_options: z
      .strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() })
      .nullish(),
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    temperature: z.number().min(0).max(2).nullish(),
    top_p: z.number().min(0).max(1).nullish(),
    n: z.literal(1).nullish(),
    stop: z.union([z.string(), z.array(z.string()).min(1).max(4)]).nullish(),
    presence_penalty: z.number().min(-2).max(2).nullish(),
    frequency_penalty: z.number().min(-2).max(2).nullish(),
    logprobs: z.literal(false).nullish(),
    seed: z.int().nullish(),
    user: z.string().max(64).optional(),
    store: z.boolean().nullish(),
    metadata: z.record(z.string(), z.string()).nullish(),
    service_tier: z.string().nullish(),
    verbosity: z.enum(['low', 'medium', 'high']).nullish(),
    prompt_cache_key: z.string().nullish(),
    safety_identifier: z.string().max(64).nullish(),
    reasoning_effort: z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh']).nullish(),
    tools: z.array(tool).min(1).optional(),
    tool_choice: z
      .union([
        z.enum(['auto', 'none', 'required']),
        z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: functionName }) }),
      ])
      .optional(),
    parallel_tool_calls: z.boolean().optional(),
    response_format: z
      .discriminatedUnion('type', [
        z.strictObject({ type: z.literal('text') }),
        z.strictObject({ type: z.literal('json_object') }),
        z.strictObject({
          type: z.literal('json_schema'),
          json_schema: z
            .strictObject({
              name: functionName,
              description: z.string().optional(),
              schema: objectSchema,
              strict: z.boolean().nullish(),
            })
            .refine(({ strict, schema }) => strict !== true || isStrict(schema), STRICT_PROBLEM),
        }),
      ])
      .optional(),
  })
  .superRefine((body, context) => {
    const complain = (told: string) => context.addIssue({ code: 'custom', message: told });
    if (body.stream !== true && body.stream_options) complain("'stream_options' is only allowed when streaming");
    for (const name of ['tool_choice', 'parallel_tool_calls'] as const)
      if (body.tools === undefined && body[name] !== undefined)
        complain(`'${name}' is only allowed when 'tools' are specified`);
    const problem = orderProblem(body.messages);
    if (problem !== undefined) complain(problem);
  });
type Request = z.infer<typeof request>;

/** Each call of an assistant's message has its result right after it, and there is no other result. */
function orderProblem(messages: readonly z.infer<typeof message>[]): string | undefined {
  let open = new Set<string>();
  for (const one of messages) {
    if (one.role === 'tool') {
      if (!open.delete(one.tool_call_id)) return "messages with role 'tool' must be a response to 'tool_calls'";
    } else {
      if (open.size > 0) return "an assistant message with 'tool_calls' must be followed by tool messages";
      if (one.role === 'assistant') open = new Set(one.tool_calls?.map(({ id }) => id));
    }
  }
  return open.size > 0 ? "an assistant message with 'tool_calls' must be followed by tool messages" : undefined;
}

export class TalkingOpenAI extends FakeVendor {
  /** @param thinksAloud shows its reasoning, as vendors do who are like OpenAI. */
  constructor(key: string, { thinksAloud = false }: { readonly thinksAloud?: boolean } = {}) {
    super(({ method, path, headers, text }) => {
      if (headers.get('authorization') !== `Bearer ${key}`)
        return refuse(401, errorOf('Incorrect API key provided.', 'invalid_api_key'));
      if (method === 'GET' && path === '/v1/models')
        return Response.json({ object: 'list', data: [{ id: 'upstream-model', object: 'model', owned_by: 'openai' }] });
      if (method !== 'POST' || path !== '/v1/chat/completions') return refuse(404, errorOf('Unknown request URL'));
      const read = request.safeParse(JSON.parse(text));
      if (!read.success) return refuse(400, errorOf(z.prettifyError(read.error)));
      const { data } = read;
      if (data.model !== 'upstream-model')
        return refuse(404, errorOf(`The model \`${data.model}\` does not exist`, 'model_not_found'));
      if (JSON.stringify(data.messages.at(-1)).includes(REFUSED_WORD))
        return refuse(400, errorOf('Your request was rejected by the safety system.', 'content_policy_violation'));
      const said = say(hear(data));
      const thought = thinksAloud && said.ending === 'whole' ? THOUGHT : undefined;
      if (data.stream !== true) return Response.json(answerOf(said, thought));
      return streamOf(framesOf(said, thought, data.stream_options?.include_usage === true));
    });
  }
}

function errorOf(text: string, code: string | null = null): Record<string, unknown> {
  return { error: { message: text, type: 'invalid_request_error', param: null, code } };
}

function hear({ messages, tools = [], tool_choice: choice, ...body }: Request) {
  const names = tools.map((one) => one.function.name);
  const chosen = typeof choice === 'object' ? names.filter((name) => name === choice.function.name) : names;
  const mayCall = choice !== 'none' && messages.at(-1)?.role !== 'tool';
  const last = messages.findLast(({ role }) => role === 'user');
  return {
    callable: mayCall ? chosen.slice(0, body.parallel_tool_calls === false ? 1 : undefined) : [],
    wantsJson: body.response_format !== undefined && body.response_format.type !== 'text',
    hasPicture: Array.isArray(last?.content) && last.content.some(({ type }) => type === 'image_url'),
    outputTokensMax: body.max_completion_tokens ?? body.max_tokens ?? Number.POSITIVE_INFINITY,
  };
}

const REASONS = { whole: 'stop', cut: 'length', calls: 'tool_calls' } as const;
const callOf = (name: string, i: number, args: string) => ({
  id: `call_${i}_${crypto.randomUUID()}`,
  type: 'function',
  function: { name, arguments: args },
});

function answerOf({ text, calls, ending }: Said, thought: string | undefined): Record<string, unknown> {
  const said = {
    role: 'assistant',
    content: calls.length > 0 ? null : text,
    refusal: null,
    annotations: [],
    ...(thought === undefined ? {} : { reasoning_content: thought }),
    ...(calls.length > 0 ? { tool_calls: calls.map((name, i) => callOf(name, i, JSON.stringify(ARGUMENTS))) } : {}),
  };
  const choice = { index: 0, message: said, logprobs: null, finish_reason: REASONS[ending] };
  return completion(text, { choices: [choice], usage: OPENAI_USAGE });
}

function framesOf({ text, calls, ending }: Said, thought: string | undefined, hasUsage: boolean): string[] {
  const more = hasUsage ? { usage: null } : {};
  const say = (delta: unknown, finish: string | null = null) => frame(chunk(delta, finish, more));
  const callFrames = calls.flatMap((name, index) => [
    say({ tool_calls: [{ index, ...callOf(name, index, '') }] }),
    ...argumentPieces().map((piece) => say({ tool_calls: [{ index, function: { arguments: piece } }] })),
  ]);
  return [
    say({ role: 'assistant', content: calls.length > 0 ? null : '', refusal: null }),
    ...wordsOf(thought ?? '').map((word) => say({ reasoning_content: word })),
    ...wordsOf(text).map((word) => say({ content: word })),
    ...callFrames,
    say({}, REASONS[ending]),
    ...(hasUsage ? [frame({ ...chunk({}), choices: [], usage: OPENAI_USAGE })] : []),
    frame('[DONE]'),
  ];
}
