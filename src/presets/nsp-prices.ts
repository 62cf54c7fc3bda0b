// Prices of the NSP routes, in money: «Тарификация API». The document names no figures, so that these are plausible
// ones for an operator to change; a model that none fits is refused, never served free.
import type { PriceRule } from '../core/plan.ts';

const MICRO_RUB = 1_000_000;
/** Kopecks for a thousand tokens, as services like this one quote prices, to micro-roubles for a million. */
const PER_MTOK = (MICRO_RUB / 100) * 1000;

const tokens = (models: readonly string[], inputKopecks: number, outputKopecks: number): PriceRule => ({
  scope: { dialects: ['nsp'], endpoints: ['chat', 'completion'], models },
  price: {
    unit: 'microRub',
    perCall: 0,
    inputPerMTok: inputKopecks * PER_MTOK,
    cachedInputPerMTok: inputKopecks * PER_MTOK,
    outputPerMTok: outputKopecks * PER_MTOK,
    perImage: 0,
  },
});

const picture = (models: readonly string[], rub: number): PriceRule => ({
  scope: { dialects: ['nsp'], endpoints: ['image'], models },
  price: {
    unit: 'microRub',
    perCall: 0,
    inputPerMTok: 0,
    cachedInputPerMTok: 0,
    outputPerMTok: 0,
    perImage: rub * MICRO_RUB,
  },
});

/** Kopecks per 1000 tokens of input and of output; roubles a picture. The first rule that fits counts. */
export const NSP_PRICES: readonly PriceRule[] = [
  tokens(['text-ada-001'], 5, 5),
  tokens(['text-babbage-001'], 6, 6),
  tokens(['text-curie-001'], 20, 20),
  tokens(['text-davinci-003'], 200, 200),
  tokens(['gpt-3.5-turbo-16k'], 30, 40),
  tokens(['gpt-3.5-turbo', 'demo'], 15, 20),
  tokens(['gpt-4o-mini'], 3, 12),
  tokens(['gpt-4o'], 50, 200),
  tokens(['gpt-4.1-mini'], 8, 32),
  tokens(['gpt-4.1'], 40, 160),
  tokens(['gpt-4-turbo'], 200, 600),
  tokens(['gpt-4'], 600, 1200),
  tokens(['gpt-5-mini'], 5, 40),
  tokens(['gpt-5'], 25, 200),
  tokens(['claude-instant-*'], 20, 60),
  tokens(['claude-v1*', 'claude-1*', 'claude-2*'], 100, 300),
  tokens(['claude-haiku-*'], 20, 100),
  tokens(['claude-sonnet-*'], 60, 300),
  tokens(['claude-opus-*'], 100, 500),
  tokens(['deepseek-chat'], 6, 22),
  tokens(['mistral-large-latest'], 40, 120),
  picture(['kandinsky'], 3),
];
