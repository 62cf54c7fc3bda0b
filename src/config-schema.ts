// The shape of the configuration file. Unknown keys are refused, every field has a default, and every size, queue and
// wait of the program has its bound here. The descriptions are what docs/reference/config.md is made of.
import { z } from 'zod';
import { bounds, milliseconds, timeouts } from './config-bounds.ts';
import { responseCache } from './config-response-cache.ts';
import { WORK_KINDS } from './core/work.ts';

const name = z.string().min(1).max(128);
const patterns = z.array(name).min(1).default(['*']);
const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const scope = {
  dialects: patterns.describe('Dialects that the rule is about: names, prefixes ending in `*`, or `*`.'),
  endpoints: patterns.describe('Endpoints that the rule is about, such as `chat`.'),
  models: patterns.describe('Public models that the rule is about, such as `gpt-4o` or `claude-*`.'),
};

/** Roubles per million tokens, per picture or per call, in micro-roubles. */
const money = z.strictObject({
  perCall: amount.default(0).describe('Micro-roubles a call.'),
  inputPerMTok: amount.default(0).describe('Micro-roubles per million input tokens.'),
  cachedInputPerMTok: amount
    .optional()
    .describe('Micro-roubles per million input tokens that the provider had cached; `inputPerMTok` where absent.'),
  outputPerMTok: amount.default(0).describe('Micro-roubles per million output tokens, reasoning among them.'),
  perImage: amount.default(0).describe('Micro-roubles a picture.'),
  perMChar: amount.default(0).describe('Micro-roubles per million characters that are said aloud.'),
  perSecond: amount.default(0).describe('Micro-roubles a second of a recording that is transcribed.'),
});

const price = z
  .strictObject({
    ...scope,
    requests: amount.optional().describe('Requests a generation. Either this or `microRub`; 0 is a price.'),
    microRub: money.optional().describe('A price in money, in micro-roubles: 1 ₽ is 1 000 000.'),
  })
  .refine(
    (rule) => (rule.requests === undefined) !== (rule.microRub === undefined),
    'give either requests or microRub',
  );

const limit = z.strictObject({
  name: name.describe('Name of the counter. Each key has its own.'),
  ...scope,
  perModel: z.boolean().default(false).describe('Whether each model has a counter of its own.'),
  perMinute: z
    .int()
    .min(0)
    .max(10_000_000)
    .nullable()
    .default(null)
    .describe('Calls admitted in any 60 seconds; `null` is no limit.'),
  perDay: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .nullable()
    .default(null)
    .describe('Calls admitted in a calendar day; `null` is no limit.'),
});

const callsAtOnce = z.strictObject({
  perKey: z.int().min(0).max(1_000_000).optional().describe('Calls of one key; `bounds.openCallsPerKey` where absent.'),
  perAccount: z
    .int()
    .min(0)
    .max(1_000_000)
    .optional()
    .describe('Calls of one account; `bounds.openCallsPerAccount` where absent.'),
});

export const planSchema = z.strictObject({
  id: name.describe('Id, as in `tolmach account create --plan ID`. That of a built-in plan replaces it.'),
  name: name.describe('Name that customers see.'),
  api: z.boolean().default(true).describe('Whether the keys of the plan may call the API at all.'),
  dailyRequests: amount.default(0).describe('Allowance of requests a calendar day.'),
  callsAtOnce: callsAtOnce.optional().describe('How many calls may run at once. Tasks have bounds of their own.'),
  maxInputChars: z
    .int()
    .min(1)
    .nullable()
    .default(null)
    .describe('Characters of text in one call; longer text is cut. `null` is no bound.'),
  maxInputDialects: patterns.describe('Dialects whose text is bound by `maxInputChars`.'),
  prices: z
    .array(price)
    .default([])
    .describe('The first rule that fits a call is its price. A model that none fits is refused, never free.'),
  limits: z.array(limit).default([]).describe('Every rule that fits a call counts it.'),
  aliases: z
    .record(name, name)
    .default({})
    .describe('Asked name, prefix ending in `*`, or `*`, to the name of a model. The first that fits counts.'),
});

const provider = z.strictObject({
  name: name.describe('Name that `models.targets` use and `x-tolmach-provider` shows.'),
  kind: z
    .enum([
      'openai-compatible',
      'anthropic',
      'gemini',
      'gigachat',
      'yandexgpt',
      'fusionbrain',
      'stability',
      'automatic1111',
      'demo',
    ])
    .optional()
    .describe('The wire protocol it speaks. That of its `vendor` where absent, and `openai-compatible` without one.'),
  vendor: name
    .optional()
    .describe('A vendor that Tolmach knows (see the table above), for its address and deviations.'),
  baseUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address up to and with `/v1`. Needed where there is no `vendor`.'),
  apiKey: z.string().min(1).optional().describe('Its key, best taken from the environment as shown above.'),
  options: z
    .record(name, z.string().min(1))
    .default({})
    .describe('What its kind needs to know beside the key (see the table above), each by its name.'),
  ca: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Certificates to trust for it in place of the usual ones: the path of a PEM file, seen from the configuration file, or its text.',
    ),
  concurrency: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Calls that it gets at once; more wait, in their order. That of its kind where absent, if it has one.'),
});

const target = z.strictObject({
  provider: name.describe('Name of a provider: one of `providers`, or a vendor that the environment switched on.'),
  model: name.describe('What the provider calls the model.'),
  priority: z.int().default(0).describe('Lower is tried first.'),
  weight: z.number().positive().default(1).describe('Share of calls among targets of the same priority.'),
});

const model = z.strictObject({
  name: name.describe('Name that customers ask for.'),
  ownedBy: name.default('tolmach').describe('Shown as `owned_by` in the list of models.'),
  kind: z
    .enum(['text', 'image', ...WORK_KINDS])
    .default('text')
    .describe(
      'What it makes: text, pictures, vectors (`embedding`), an order of texts (`rerank`), sound (`speech`), or text of it (`transcription`).',
    ),
  maxOutputTokens: z
    .int()
    .min(1)
    .max(10_000_000)
    .default(4096)
    .describe('Output tokens that the hold counts on where a call names no bound itself.'),
  targets: z.array(target).min(1).describe('Where calls go. At most two are tried for one call.'),
});

const webhooks = z.strictObject({
  allowHosts: z
    .array(z.string().min(1).max(300))
    .max(100)
    .default([])
    .describe(
      'Hosts (`host` or `host:port`) that webhooks may reach although they are not public, even by plain http.',
    ),
});

const tasks = z.strictObject({
  model: name.default('gpt-4o').describe('The model that answers tasks of the ChatInfo and TextBot routes.'),
  concurrency: z.int().min(1).max(10_000).default(64).describe('Tasks that run at once.'),
  perAccount: z.int().min(1).max(10_000).default(32).describe('Tasks of one account that run at once.'),
  maxWaiting: z.int().min(1).default(1_000_000).describe('Accepted tasks that may wait before new ones are refused.'),
  keepResultsMs: z
    .int()
    .min(60_000)
    .default(7 * 86_400_000)
    .describe('How long the result of a task can be polled.'),
});

const files = z.strictObject({
  keepMs: z.int().min(60_000).default(86_400_000).describe('How long the address of a picture works.'),
  timeoutMs: milliseconds.default(30_000).describe('How long keeping pictures may take; beyond it nothing is charged.'),
  bucket: z
    .strictObject({
      endpoint: z.url({ protocol: /^https?$/ }).describe('Address of a server that speaks the S3 protocol.'),
      bucket: name.describe('Name of the bucket.'),
      accessKeyId: z.string().min(1).describe('Access key.'),
      secretAccessKey: z.string().min(1).describe('Secret key.'),
      region: name.optional().describe('Region, where the server wants one.'),
    })
    .optional()
    .describe('Keeps pictures in a bucket; without it they are kept in the data folder.'),
});

const moderation = z.strictObject({
  kind: z
    .enum(['lexical', 'openai', 'judge'])
    .default('lexical')
    .describe("Who judges: the word lists of this program, a moderation like OpenAI's, or a chat model."),
  provider: name.optional().describe('For `openai`: the provider to ask.'),
  model: name
    .optional()
    .describe('For `openai`: its model, `omni-moderation-latest` where absent. For `judge`: a public chat model.'),
  timeoutMs: milliseconds.default(20_000).describe('How long judging may take before the word lists answer.'),
  concurrency: z
    .int()
    .min(1)
    .max(10_000)
    .default(32)
    .describe('Questions to the provider at once. Customers do not pay for them; beyond these they get 503.'),
});

export const fileSchema = z.strictObject({
  $schema: z.string().optional().describe('Ignored; for editors.'),
  publicUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('Address under which customers reach this server. `PUBLIC_URL` goes before it.'),
  timeZone: z.string().default('Europe/Moscow').describe('IANA time zone in which days begin and end.'),
  providers: z.array(provider).default([]).describe('Providers beyond those that the environment switches on.'),
  models: z.array(model).default([]).describe('Public models beyond the built-in ones, or in place of them.'),
  plans: z.array(planSchema).default([]).describe('Plans beyond the built-in ones, or in place of them.'),
  modes: z
    .array(z.unknown())
    .default([])
    .describe('Modes of the task routes beyond the built-in ones, or in place of them; see docs/modes.md.'),
  tasks: tasks.prefault({}).describe('Calls that clients create and then poll.'),
  webhooks: webhooks.prefault({}).describe('Messages to customers about the ends of their tasks.'),
  files: files.prefault({}).describe('Where finished pictures are kept.'),
  moderation: moderation.prefault({}).describe('Who answers the moderation routes; see docs/reference/moderation.md.'),
  publicKey: z
    .string()
    .regex(/^[\x21-\x7e]{8,200}$/)
    .optional()
    .describe(
      'A key that works for everybody on the plan `public`. Each client address has the limits of the plan to itself, and all of them together have a hundred times these.',
    ),
  trustedProxies: z
    .int()
    .min(0)
    .max(10)
    .default(0)
    .describe(
      'How many proxies of yours stand before the server and add to `X-Forwarded-For`. With 0 the header is not believed.',
    ),
  timeouts: timeouts.prefault({}).describe('Time limits, in milliseconds.'),
  responseCache: responseCache
    .prefault({})
    .describe(
      'Answers that are given again where a request asks for it by `x-tolmach-cache: on`; see the billing policy.',
    ),
  bounds: bounds.prefault({}).describe('Sizes beyond which requests, answers and queues are refused or cut off.'),
});

export type FileConfig = z.output<typeof fileSchema>;
export type PlanConfig = z.output<typeof planSchema>;
