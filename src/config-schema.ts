// The shape of the configuration file. Unknown keys are refused, every field has a default, and every size, queue and
// wait of the program has its bound here. docs/reference/config.md is tested against this schema.
import { z } from 'zod';

const milliseconds = z.int().min(1).max(86_400_000);
const name = z.string().min(1).max(128);
const patterns = z.array(name).min(1).default(['*']);
const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const scope = { dialects: patterns, endpoints: patterns, models: patterns };

/** Roubles per million tokens, per picture or per call, in micro-roubles. */
const money = z.strictObject({
  perCall: amount.default(0),
  inputPerMTok: amount.default(0),
  cachedInputPerMTok: amount.optional(),
  outputPerMTok: amount.default(0),
  perImage: amount.default(0),
});

const price = z
  .strictObject({ ...scope, requests: amount.optional(), microRub: money.optional() })
  .refine(
    (rule) => (rule.requests === undefined) !== (rule.microRub === undefined),
    'give either requests or microRub',
  );

const limit = z.strictObject({
  name,
  ...scope,
  perModel: z.boolean().default(false),
  perMinute: z.int().min(0).max(10_000_000).nullable().default(null),
  perDay: z.int().min(0).max(1_000_000_000).nullable().default(null),
});

export const planSchema = z.strictObject({
  id: name,
  name,
  api: z.boolean().default(true),
  dailyRequests: amount.default(0),
  maxInputChars: z.int().min(1).nullable().default(null),
  prices: z.array(price).default([]),
  limits: z.array(limit).default([]),
});

const provider = z.strictObject({
  name,
  kind: z.enum(['openai-compatible', 'demo']).default('openai-compatible'),
  /** A row of the vendors' table, for its address and deviations. */
  vendor: name.optional(),
  baseUrl: z.url({ protocol: /^https?$/ }).optional(),
  apiKey: z.string().min(1).optional(),
});

const model = z.strictObject({
  name,
  ownedBy: name.default('tolmach'),
  maxOutputTokens: z.int().min(1).max(10_000_000).default(4096),
  targets: z
    .array(
      z.strictObject({
        provider: name,
        model: name,
        priority: z.int().default(0),
        weight: z.number().positive().default(1),
      }),
    )
    .min(1),
});

const timeouts = z.strictObject({
  connectMs: milliseconds.default(5_000),
  firstByteMs: milliseconds.default(120_000),
  idleMs: milliseconds.default(60_000),
  callMs: milliseconds.default(600_000),
  drainMs: milliseconds.default(60_000),
  keepAliveMs: milliseconds.default(15_000),
  stalledReaderMs: milliseconds.default(60_000),
  /** How long a client's connection may be quiet outside of a call. The runtime counts it in steps of about 4 s. */
  quietClientMs: z.int().min(1_000).max(255_000).default(60_000),
});

const bounds = z.strictObject({
  bodyBytes: z
    .int()
    .min(1_024)
    .default(32 * 1024 * 1024),
  answerBytes: z
    .int()
    .min(1_024)
    .default(32 * 1024 * 1024),
  eventChars: z
    .int()
    .min(1_024)
    .default(1024 * 1024),
  streamBytes: z
    .int()
    .min(1_024)
    .default(64 * 1024 * 1024),
  waitingWrites: z.int().min(1).default(50_000),
  openCalls: z.int().min(1).default(10_000),
});

export const fileSchema = z.strictObject({
  $schema: z.string().optional(),
  publicUrl: z.url({ protocol: /^https?$/ }).optional(),
  timeZone: z.string().default('Europe/Moscow'),
  providers: z.array(provider).default([]),
  models: z.array(model).default([]),
  plans: z.array(planSchema).default([]),
  timeouts: timeouts.prefault({}),
  bounds: bounds.prefault({}),
});

export type FileConfig = z.output<typeof fileSchema>;
export type PlanConfig = z.output<typeof planSchema>;
