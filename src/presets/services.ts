// `tolmach start --preset NAME` starts as one of the four documented services: its routes, models and plans alone. With no
// preset all of them are served together; their paths do not collide.
import type { Plan } from '../core/plan.ts';
import type { ModelPreset } from './models.ts';
import { MODEL_PRESETS } from './models.ts';
import { PLAN_PRESETS } from './plans.ts';

export type Service = {
  /** The dialects whose routes are served. */
  readonly dialects: readonly string[];
  /** The public models, `demo` aside, which is always there. */
  readonly models: readonly string[];
  /** What is different in every plan of this service. */
  readonly plan: Partial<Plan>;
};

export const SERVICES: Readonly<Record<string, Service>> = {
  // «Для обработки запросов мы используем современную модель GPT-4o».
  chatinfo: { dialects: ['chatinfo', 'openai', 'tolmach'], models: ['gpt-4o'], plan: {} },
  // «Параметр model … на данный момент он игнорируется, так как все запросы обрабатываются моделью GPT-4o».
  textbot: { dialects: ['textbot', 'openai', 'tolmach'], models: ['gpt-4o'], plan: { aliases: [['*', 'gpt-4o']] } },
  nsp: {
    dialects: ['nsp'],
    models: [
      'text-ada-001',
      'text-babbage-001',
      'text-curie-001',
      'text-davinci-003',
      'gpt-3.5-turbo',
      'gpt-3.5-turbo-16k',
      'gpt-4',
      'claude-2',
      'claude-instant-v1',
      'claude-v1.0',
      'claude-v1.2',
      'claude-v1.3',
      'kandinsky',
    ],
    plan: {},
  },
  sydney: {
    dialects: ['sydney'],
    models: [
      'gpt-3.5-turbo',
      'gpt-4',
      'claude-2-100k',
      'claude-1.3-100k',
      'claude-instant-1-100k',
      'sdxl',
      'kandinsky',
    ],
    plan: {},
  },
};

export type Presets = {
  /** `undefined` serves every dialect. */
  readonly dialects: readonly string[] | undefined;
  readonly models: readonly ModelPreset[];
  readonly plans: readonly Plan[];
};

/** What is built in for a service, or for all of them together. */
export function presetsOf(name: string | undefined): Presets {
  const service = name === undefined ? undefined : SERVICES[name];
  if (service === undefined) return { dialects: undefined, models: MODEL_PRESETS, plans: PLAN_PRESETS };
  return {
    dialects: service.dialects,
    models: MODEL_PRESETS.filter((model) => model.name === 'demo' || service.models.includes(model.name)),
    plans: PLAN_PRESETS.map((plan) => ({ ...plan, ...service.plan })),
  };
}
