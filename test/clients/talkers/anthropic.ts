// Anthropic's Messages API as its reference has it. A request with a field that is not in it, or whose turns the vendor
// would not take, is refused as the vendor does.
import { z } from 'zod';
import {
  blockFrames,
  message,
  messageEnd,
  messageError,
  messageStart,
  textFrames,
} from '../../../src/testing/anthropic-fault-shapes.ts';
import type { Asked } from '../../../src/testing/vendors/fake-vendor.ts';
import { FakeVendor, refuse, streamOf } from '../../../src/testing/vendors/fake-vendor.ts';
import { ARGUMENTS, argumentPieces, REFUSED_WORD, type Said, say, THOUGHT } from './model-script.ts';

const INPUT_USAGE = { input_tokens: 6, cache_creation_input_tokens: 0, cache_read_input_tokens: 3 };
export const ANTHROPIC_USAGE = { ...INPUT_USAGE, output_tokens: 7, output_tokens_details: { thinking_tokens: 2 } };
const SIGNATURE = 'c2lnbmF0dXJl';
const THINKING_TOKENS_MIN = 1024;

const cached = {
  cache_control: z.strictObject({ type: z.literal('ephemeral'), ttl: z.string().optional() }).nullish(),
};
const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string().min(1),
  citations: z.null().optional(),
  ...cached,
});
const pictureBlock = z.strictObject({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('base64'),
      media_type: z.enum(['image/jpeg', 'image/png', 'image/gif', 'image/webp']),
      data: z.base64(),
    }),
    z.strictObject({ type: z.literal('url'), url: z.url() }),
  ]),
  ...cached,
});
const id = z.string().regex(/^[\w-]+$/);
const resultBlock = z.strictObject({
  type: z.literal('tool_result'),
  tool_use_id: id,
  content: z.union([z.string(), z.array(z.union([textBlock, pictureBlock]))]).optional(),
  is_error: z.boolean().optional(),
  ...cached,
});
const useBlock = z.strictObject({
  type: z.literal('tool_use'),
  id,
  name: z.string().regex(/^[\w-]{1,128}$/),
  input: z.record(z.string(), z.unknown()),
  caller: z.strictObject({ type: z.literal('direct') }).optional(),
  ...cached,
});
const thinkingBlock = z.strictObject({
  type: z.literal('thinking'),
  thinking: z.string(),
  signature: z.literal(SIGNATURE),
});
const turn = z.discriminatedUnion('role', [
  z.strictObject({
    role: z.literal('user'),
    content: z.union([z.string().min(1), z.array(z.union([textBlock, pictureBlock, resultBlock])).min(1)]),
  }),
  z.strictObject({
    role: z.literal('assistant'),
    content: z.union([z.string().min(1), z.array(z.union([textBlock, useBlock, thinkingBlock])).min(1)]),
  }),
]);
const objectSchema = z.looseObject({ type: z.literal('object') });
const UNKNOWN_TO_DECODING = [
  'minimum',
  'maximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'maxItems',
  'oneOf',
];

/** A schema that a model can be held to. */
function canHold(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return true;
  const { type, additionalProperties } = schema as Record<string, unknown>;
  if (type === 'object' && additionalProperties !== false) return false;
  const keywords = typeof type === 'string' ? Object.keys(schema) : [];
  return !keywords.some((name) => UNKNOWN_TO_DECODING.includes(name)) && Object.values(schema).every(canHold);
}
const HOLD_PROBLEM = "'additionalProperties' must be false, and only supported properties may be used";
const single = { disable_parallel_tool_use: z.boolean().optional() };

const countable = {
  model: z.string(),
  messages: z.array(turn).min(1),
  system: z.union([z.string().min(1), z.array(textBlock).min(1)]).optional(),
  tools: z
    .array(
      z
        .strictObject({
          type: z.literal('custom').nullish(),
          name: z.string().regex(/^[\w-]{1,128}$/),
          description: z.string().optional(),
          input_schema: objectSchema,
          strict: z.boolean().optional(),
          eager_input_streaming: z.boolean().nullish(),
          ...cached,
        })
        .refine((tool) => tool.strict !== true || canHold(tool.input_schema), HOLD_PROBLEM),
    )
    .optional(),
  tool_choice: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.enum(['auto', 'any']), ...single }),
      z.strictObject({ type: z.literal('tool'), name: z.string(), ...single }),
      z.strictObject({ type: z.literal('none') }),
    ])
    .optional(),
  thinking: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('enabled'), budget_tokens: z.int().min(THINKING_TOKENS_MIN) }),
      z.strictObject({ type: z.enum(['adaptive', 'disabled']) }),
    ])
    .optional(),
  output_config: z
    .strictObject({
      effort: z.enum(['low', 'medium', 'high', 'xhigh', 'max']).optional(),
      format: z
        .strictObject({ type: z.literal('json_schema'), schema: objectSchema })
        .refine(({ schema }) => canHold(schema), HOLD_PROBLEM)
        .optional(),
    })
    .optional(),
};
const counted = z.strictObject(countable);
const request = z
  .strictObject({
    ...countable,
    max_tokens: z.int().min(1),
    stream: z.boolean().optional(),
    stop_sequences: z.array(z.string().regex(/\S/)).optional(),
    temperature: z.number().min(0).max(1).optional(),
    // Both may be -1, which the vendor takes for «not set».
    top_p: z.number().min(-1).max(1).optional(),
    top_k: z.int().min(-1).optional(),
    metadata: z.strictObject({ user_id: z.string().max(256).nullish() }).optional(),
    service_tier: z.enum(['auto', 'standard_only']).optional(),
  })
  .superRefine((body, context) => {
    for (const problem of problemsOf(body)) context.addIssue({ code: 'custom', message: problem });
  });
type Request = z.infer<typeof request>;

function* problemsOf(body: Request): Generator<string> {
  const { thinking, tool_choice: choice } = body;
  if (body.temperature !== undefined && body.top_p !== undefined && body.top_p !== -1)
    yield '`temperature` and `top_p` cannot both be specified for this model.';
  if (choice !== undefined && (body.tools ?? []).length === 0) yield 'tool_choice may only be specified with tools';
  if (thinking?.type === 'enabled') {
    if (thinking.budget_tokens >= body.max_tokens) yield '`max_tokens` must be greater than `thinking.budget_tokens`';
    if (choice?.type === 'any' || choice?.type === 'tool')
      yield 'Thinking may not be enabled when tool_choice forces tool use.';
  }
  if (body.messages[0]?.role !== 'user') yield 'messages: first message must use the "user" role';
  yield* orderProblems(body.messages);
}

/** Each call of a tool has its result at the beginning of the turn after it, and there is no other result. */
function* orderProblems(turns: Request['messages']): Generator<string> {
  let open = new Set<string>();
  for (const { role, content } of turns) {
    const blocks = typeof content === 'string' ? [] : content;
    if (role === 'user') {
      const results = blocks.flatMap((block) => (block.type === 'tool_result' ? [block.tool_use_id] : []));
      if (results.some((result) => !open.delete(result)))
        yield 'unexpected `tool_use_id` found in `tool_result` blocks: each must have a `tool_use` in the turn before';
    }
    if (open.size > 0) yield '`tool_use` ids were found without `tool_result` blocks immediately after';
    open = new Set(blocks.flatMap((block) => (block.type === 'tool_use' ? [block.id] : [])));
  }
  if (open.size > 0) yield '`tool_use` ids were found without `tool_result` blocks immediately after';
}

export class TalkingAnthropic extends FakeVendor {
  constructor(key: string) {
    super((asked) => {
      const { headers, path } = asked;
      if (headers.get('x-api-key') !== key && headers.get('authorization') !== `Bearer ${key}`)
        return refuse(401, messageError('authentication_error', 'invalid x-api-key'));
      if (headers.get('anthropic-version') === null)
        return refuse(400, messageError('invalid_request_error', 'anthropic-version: header is required'));
      const [route] = path.split('?');
      if (route === '/v1/messages') return answer(asked);
      if (route === '/v1/messages/count_tokens') return count(asked);
      return refuse(404, messageError('not_found_error', 'Not found'));
    });
  }
}

function count({ text }: Asked): Response {
  const read = counted.safeParse(JSON.parse(text));
  if (!read.success) return refuse(400, messageError('invalid_request_error', z.prettifyError(read.error)));
  return Response.json({ input_tokens: 9 });
}

function answer({ text }: Asked): Response {
  const read = request.safeParse(JSON.parse(text));
  if (!read.success) return refuse(400, messageError('invalid_request_error', z.prettifyError(read.error)));
  const body = read.data;
  if (body.model !== 'upstream-model') return refuse(404, messageError('not_found_error', `model: ${body.model}`));
  if (JSON.stringify(body.messages.at(-1)).includes(REFUSED_WORD))
    return refuse(400, messageError('invalid_request_error', 'Output blocked by content filtering policy'));
  const said = say(hear(body));
  const thought = body.thinking?.type === 'enabled' || body.thinking?.type === 'adaptive' ? THOUGHT : undefined;
  return body.stream === true ? streamOf(framesOf(said, thought)) : Response.json(answerOf(said, thought));
}

function hear({ messages, tools = [], tool_choice: choice, ...body }: Request) {
  const names = tools.map(({ name }) => name);
  const chosen = choice?.type === 'tool' ? names.filter((name) => name === choice.name) : names;
  const last = messages.at(-1)?.content ?? '';
  const blocks = typeof last === 'string' ? [] : last;
  const mayCall = choice?.type !== 'none' && !blocks.some(({ type }) => type === 'tool_result');
  const isSingle = choice !== undefined && 'disable_parallel_tool_use' in choice && choice.disable_parallel_tool_use;
  return {
    callable: mayCall ? chosen.slice(0, isSingle === true ? 1 : undefined) : [],
    wantsJson: body.output_config?.format !== undefined,
    hasPicture: blocks.some(({ type }) => type === 'image'),
    outputTokensMax: body.max_tokens,
  };
}

const REASONS = { whole: 'end_turn', cut: 'max_tokens', calls: 'tool_use' } as const;
const useOf = (name: string, input: object) => ({
  type: 'tool_use',
  id: `toolu_${crypto.randomUUID().replaceAll('-', '')}`,
  name,
  input,
});

function answerOf({ text, calls, ending }: Said, thought: string | undefined): Record<string, unknown> {
  const content = [
    ...(thought === undefined ? [] : [{ type: 'thinking', thinking: thought, signature: SIGNATURE }]),
    ...(text === '' ? [] : [{ type: 'text', text }]),
    ...calls.map((name) => useOf(name, ARGUMENTS)),
  ];
  return message(text, { content, stop_reason: REASONS[ending], usage: ANTHROPIC_USAGE });
}

function framesOf({ text, calls, ending }: Said, thought: string | undefined): string[] {
  const blocks: ((index: number) => string[])[] = [];
  if (thought !== undefined)
    blocks.push((index) =>
      blockFrames(index, { type: 'thinking', thinking: '', signature: '' }, [
        { type: 'thinking_delta', thinking: thought },
        { type: 'signature_delta', signature: SIGNATURE },
      ]),
    );
  if (text !== '') blocks.push((index) => textFrames(index, text));
  for (const name of calls) {
    const deltas = ['', ...argumentPieces()].map((json) => ({ type: 'input_json_delta', partial_json: json }));
    blocks.push((index) => blockFrames(index, useOf(name, {}), deltas));
  }
  return [
    messageStart({ ...INPUT_USAGE, output_tokens: 1 }),
    ...blocks.flatMap((block, index) => block(index)),
    ...messageEnd(REASONS[ending], ANTHROPIC_USAGE),
  ];
}
