// The plans that exist without any configuration, with the figures of the four services' documents. An operator
// changes them in the configuration file or through the admin API.
import type { LimitRule, Plan, PriceRule, Scope } from '../core/plan.ts';

const ANY = ['*'] as const;
const scope = (
  dialects: readonly string[],
  endpoints: readonly string[] = ANY,
  models: readonly string[] = ANY,
): Scope => ({ dialects, endpoints, models });

/** «Цена одной генерации ответа через API — 2 запроса» (TextBot); 1 API Unit = 2 requests (ChatInfo). */
const GENERATION_PRICE: PriceRule = {
  scope: scope(['openai', 'chatinfo', 'textbot'], ['chat', 'task']),
  price: { unit: 'requests', perCall: 2 },
};

/** Questions about the account, models, moderation and tokens cost nothing. */
const FREE_ROUTES: PriceRule = {
  scope: scope(ANY, ['models', 'balance', 'status', 'moderation', 'tokenizer']),
  price: { unit: 'requests', perCall: 0 },
};

const limit = (name: string, of: Scope, perMinute: number | null, perDay: number | null = null): LimitRule => ({
  name,
  scope: of,
  perModel: false,
  perMinute,
  perDay,
});

/** «Макс. частота запросов» of the ChatInfo document. */
const LIMITS: readonly LimitRule[] = [
  limit('chat', scope(['openai'], ['chat']), 1500),
  limit('create', scope(['chatinfo', 'textbot'], ['task']), 1500),
  limit('poll', scope(['chatinfo', 'textbot'], ['status']), 15_000),
  limit('balance', scope(['chatinfo', 'textbot'], ['balance']), 500),
];

export const PLAN_PRESETS: readonly Plan[] = [
  {
    id: 'free',
    name: 'Бесплатный',
    api: false,
    dailyRequests: 10,
    maxInputChars: 10_000,
    prices: [FREE_ROUTES, GENERATION_PRICE],
    limits: LIMITS,
    aliases: [],
    version: 1,
  },
  {
    id: 'prestige',
    name: 'Престиж',
    api: true,
    dailyRequests: 200,
    maxInputChars: 10_000,
    prices: [FREE_ROUTES, GENERATION_PRICE],
    limits: LIMITS,
    aliases: [],
    version: 1,
  },
];
