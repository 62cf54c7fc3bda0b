// The shape of the configuration file. Unknown keys are refused, every field has a default, and every size, queue and
// wait of the program has its bound here. The descriptions are what docs/reference/config.md is made of.
import { z } from 'zod';
import { bounds, milliseconds, timeouts } from './config-bounds.ts';
import { planSchema } from './config-plan-schema.ts';
import { responseCache } from './config-response-cache.ts';
import { ORDERS } from './core/routing.ts';
import { IMAGE_TOKENS_MAX } from './core/tokens.ts';
import { WORK_KINDS } from './core/work.ts';

const name = z.string().min(1).max(128);

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
      'comfyui',
      'llama-cpp',
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
  apiKeys: z
    .array(z.string().min(1))
    .min(1)
    .max(100)
    .optional()
    .describe('Several keys in place of `apiKey`: the least used one that is not resting is taken.'),
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
    .describe(
      'Requests that each key carries at once; more go to another key or target, or wait for their turn. That of its kind where absent, if it has one.',
    ),
  perMinute: z
    .int()
    .min(1)
    .max(100_000)
    .optional()
    .describe('Requests that each key begins within any 60 seconds; more go elsewhere or wait in the same way.'),
  proxy: z
    .url({ protocol: /^(http|socks5)$/ })
    .optional()
    .describe('Proxy to reach it through: `http://` (by CONNECT) or `socks5://`, with `user:password@` where needed.'),
  probeEveryMs: milliseconds
    .min(1_000)
    .optional()
    .describe(
      'How often it is asked for its models, to learn that it is away or back before a call does. Never where absent.',
    ),
});

const target = z.strictObject({
  provider: name.describe('Name of a provider: one of `providers`, or a vendor that the environment switched on.'),
  model: name.describe('What the provider calls the model.'),
  priority: z.int().default(0).describe('Lower is tried first.'),
  weight: z.number().positive().default(1).describe('Share of calls among targets of the same priority.'),
  cost: z
    .number()
    .min(0)
    .optional()
    .describe('What it costs, in any unit that the targets of the model share. Only the order `price` reads it.'),
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
  imageTokensMax: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(IMAGE_TOKENS_MAX)
    .describe('Input tokens that the hold counts on for each picture that the model is shown.'),
  order: z
    .enum(ORDERS)
    .default('weight')
    .describe('What decides among targets of the same priority: weight, `cost`, or how soon they answered of late.'),
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
      'Answers that are given again where a request asks for it by `x-tolmach-cache: on`, or its key does; see the billing policy.',
    ),
  bounds: bounds.prefault({}).describe('Sizes beyond which requests, answers and queues are refused or cut off.'),
});

export type FileConfig = z.output<typeof fileSchema>;
