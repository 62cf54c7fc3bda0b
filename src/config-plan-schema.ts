// The shape of a plan in the configuration file: what customers may do, and at which price.
import { z } from 'zod';

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

export type PlanConfig = z.output<typeof planSchema>;
