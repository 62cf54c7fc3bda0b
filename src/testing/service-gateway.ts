// A gateway that sells as the documented services do, with plans whose limits and balances are small enough to reach.
// Tasks and gpt-4o go to a fault upstream, so that a test sees what the model was asked; the rest is the demo's.
import { TestGateway } from './test-gateway.ts';

export const PUBLIC_URL = 'https://service.example';

const PRICES = [
  { endpoints: ['status', 'balance', 'moderation'], requests: 0 },
  { dialects: ['sydney'], requests: 0 },
];
const GENERATIONS = { endpoints: ['task', 'chat'], requests: 2 };

export const SERVICE_PLANS = [
  { id: 'paid', name: 'Пакеты', maxInputChars: 10_000, prices: [...PRICES, GENERATIONS] },
  { id: 'daily', name: 'Дневной', dailyRequests: 5, maxInputChars: 10_000, prices: [...PRICES, GENERATIONS] },
  {
    id: 'limited',
    name: 'Медленный',
    prices: [...PRICES, GENERATIONS],
    limits: [
      { name: 'create', endpoints: ['task'], perMinute: 2 },
      { name: 'poll', endpoints: ['status'], perMinute: 2 },
      { name: 'balance', endpoints: ['balance'], perMinute: 2 },
      { name: 'moderation', endpoints: ['moderation'], perMinute: 2 },
    ],
  },
  { id: 'once', name: 'Раз в день', prices: PRICES, limits: [{ name: 'day', dialects: ['sydney'], perDay: 1 }] },
  { id: 'unpriced', name: 'Без цен', prices: PRICES },
];

/** The document's own key that works for everybody. */
export const UNIVERSAL_KEY = 'ddosxd-api-1jq4e9xbzu2ilgn';

const DEMO_MODELS = ['gpt-3.5-turbo', 'gpt-4', 'claude-2-100k', 'claude-1.3-100k', 'claude-instant-1-100k'];

export function startServices(config: Readonly<Record<string, unknown>> = {}): Promise<TestGateway> {
  const demo = (name: string) => ({ name, targets: [{ provider: 'demo', model: name }] });
  return TestGateway.start({
    env: { PUBLIC_URL },
    config: {
      plans: SERVICE_PLANS,
      publicKey: UNIVERSAL_KEY,
      models: [
        { name: 'gpt-4o', targets: [{ provider: 'first', model: 'upstream-model' }] },
        ...DEMO_MODELS.map(demo),
        ...['sdxl', 'kandinsky'].map((name) => ({ ...demo(name), kind: 'image' })),
      ],
      timeouts: { firstByteMs: 5_000, idleMs: 5_000 },
      ...config,
    },
  });
}
