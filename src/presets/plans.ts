// The plans that exist without any configuration, with the figures of the four services' documents. An operator
// changes them in the configuration file or through the admin API.
import type { LimitRule, Plan, PriceRule, Scope } from '../core/plan.ts';
import { WORK_KINDS } from '../core/work.ts';
import { NSP_PRICES } from './nsp-prices.ts';

const ANY = ['*'] as const;
const scope = (
  dialects: readonly string[],
  endpoints: readonly string[] = ANY,
  models: readonly string[] = ANY,
): Scope => ({ dialects, endpoints, models });

const GENERATIONS = ['chat', 'completion', 'task', 'image', ...WORK_KINDS];

/** «Цена одной генерации ответа через API — 2 запроса» (TextBot); 1 API Unit = 2 requests (ChatInfo). */
const GENERATION_PRICE: PriceRule = {
  scope: scope(['openai', 'anthropic', 'gemini', 'cohere', 'ollama', 'chatinfo', 'textbot', 'tolmach'], GENERATIONS),
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

/** «Макс. частота запросов» of the ChatInfo document. TextBot's names none, so that it has the same, counted apart. */
const CHATINFO_LIMITS: readonly LimitRule[] = [
  limit('chat', scope(['openai', 'anthropic', 'gemini', 'ollama'], ['chat']), 1500),
  ...['chatinfo', 'textbot', 'tolmach'].flatMap((service) => [
    limit(`${service} create`, scope([service], ['task']), 1500),
    limit(`${service} poll`, scope([service], ['status']), 15_000),
    limit(`${service} balance`, scope([service], ['balance']), 500),
  ]),
];

/** «Рейт лимиты» of the Sydney document: per key and model, all claude models together, over its own routes. */
const SYDNEY_CHAT = ['chat', 'prompt'];
const SYDNEY_LIMITS: readonly LimitRule[] = [
  limit('sydney gpt-4', scope(['sydney'], SYDNEY_CHAT, ['gpt-4']), 2, 500),
  limit('sydney gpt-3.5-turbo', scope(['sydney'], SYDNEY_CHAT, ['gpt-3.5-turbo']), 10, 2000),
  limit('sydney claude', scope(['sydney'], SYDNEY_CHAT, ['claude-*']), 7, 1500),
  limit('sydney sdxl', scope(['sydney'], ['image'], ['sdxl']), 3, 1000),
  limit('sydney kandinsky', scope(['sydney'], ['image'], ['kandinsky']), 20, 10_000),
];

/** Sydney sells nothing: its table of limits alone bounds it. */
const SYDNEY_PRICE: PriceRule = { scope: scope(['sydney']), price: { unit: 'requests', perCall: 0 } };

const LIMITS = [...CHATINFO_LIMITS, ...SYDNEY_LIMITS];
const PRICES = [FREE_ROUTES, GENERATION_PRICE, SYDNEY_PRICE, ...NSP_PRICES];

const plan = (id: string, name: string, rest: Partial<Plan>): Plan => ({
  id,
  name,
  api: true,
  dailyRequests: 0,
  // «Максимальная длина запроса — 10 000 символов» is a word of ChatInfo and TextBot alone.
  maxInputChars: 10_000,
  maxInputDialects: ['openai', 'anthropic', 'gemini', 'cohere', 'ollama', 'chatinfo', 'textbot', 'tolmach'],
  prices: PRICES,
  limits: LIMITS,
  aliases: [],
  version: 1,
  ...rest,
});

export const PLAN_PRESETS: readonly Plan[] = [
  plan('free', 'Бесплатный', { api: false, dailyRequests: 10 }),
  plan('prestige', 'Престиж', { dailyRequests: 200 }),
  // The plan of the key that works for everybody: only what costs nothing.
  plan('public', 'Общий', { prices: [FREE_ROUTES, SYDNEY_PRICE], limits: SYDNEY_LIMITS }),
];
