// The operator's side of costs: the book of what vendors charge us, the margin that is left, and the drift of counts.
import { z } from 'zod';
import type { CostBook } from '../core/cost.ts';
import { COST_MAX, costJumps, JUMP_PERCENT, keyOf, MICRO_RUB_PER_USD_MAX } from '../core/cost.ts';
import { CallError } from '../core/errors.ts';
import { driftOf, marginOf } from '../core/margin.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import type { UsageQuestion, UsageSum } from '../store/usage-sums.ts';
import type { AdminRoute, Params } from './admin-route.ts';

const DAY_MS = 86_400_000;
const DAYS_MAX = 366;
const ROWS_MAX = 500;
/** Jumps that a refusal names. */
const JUMPS_SHOWN = 10;

const name = z.string().min(1).max(128);
// A feed that says -1 for «it varies», null, NaN or 1e308 is refused as a whole, and the last good book stays in force.
const amount = z.int().min(0).max(COST_MAX);

const costRow = z
  .strictObject({
    provider: name,
    model: name,
    currency: z.enum(['RUB', 'USD']),
    inputPerMTok: amount.optional(),
    cachedInputPerMTok: amount.optional(),
    cacheWritePerMTok: amount.optional(),
    longCacheWritePerMTok: amount.optional(),
    outputPerMTok: amount.optional(),
    perMChar: amount.optional(),
    perSecond: amount.optional(),
    perImage: amount.optional(),
    perCall: amount.optional(),
    /** Says that nothing is what it costs, as of a model on our own machine. */
    isFree: z.literal(true).optional(),
  })
  .refine((row) => (row.inputPerMTok === undefined) === (row.outputPerMTok === undefined), {
    message: 'give inputPerMTok and outputPerMTok, or neither',
  })
  .refine(
    (row) =>
      (row.isFree === true) ===
      [row.inputPerMTok, row.outputPerMTok, row.perMChar, row.perSecond, row.perImage, row.perCall].every((it) => !it),
    {
      message: 'every amount is 0 or missing: say isFree where that is true, and nowhere else',
    },
  )
  .transform(({ isFree: _, ...row }) => {
    const { inputPerMTok = 0, outputPerMTok = 0, perMChar = 0, perSecond = 0, perImage = 0, perCall = 0 } = row;
    const { cachedInputPerMTok = inputPerMTok, cacheWritePerMTok = inputPerMTok } = row;
    const { longCacheWritePerMTok = cacheWritePerMTok } = row;
    const caches = { cachedInputPerMTok, cacheWritePerMTok, longCacheWritePerMTok };
    return { ...row, inputPerMTok, ...caches, outputPerMTok, perMChar, perSecond, perImage, perCall };
  });

const importBody = z
  .strictObject({
    microRubPerUsd: z.int().min(1).max(MICRO_RUB_PER_USD_MAX).nullable().default(null),
    rows: z.array(costRow).min(1).max(ROWS_MAX),
    /** Says that the jumps are meant. */
    confirm: z.boolean().default(false),
  })
  .refine((body) => body.microRubPerUsd !== null || body.rows.every((row) => row.currency !== 'USD'), {
    message: 'rows in USD need microRubPerUsd',
  })
  .refine((body) => new Set(body.rows.map(keyOf)).size === body.rows.length, {
    message: 'a provider and model is given twice',
  });

export const COST_ROUTES: readonly AdminRoute[] = [
  { method: 'GET', path: /^costs$/, handle: showCosts },
  { method: 'PUT', path: /^costs$/, handle: importCosts },
  { method: 'GET', path: /^margin$/, handle: margin },
  { method: 'GET', path: /^drift$/, handle: drift },
];

async function showCosts(gateway: Gateway): Promise<unknown> {
  return (await gateway.store.findCostBook()) ?? { version: 0, createdAtMs: null, microRubPerUsd: null, rows: [] };
}

/** Refuses jumps that nobody has confirmed. A refused book leaves the one before in force. */
async function importCosts(gateway: Gateway, _: Params, body: unknown): Promise<unknown> {
  const { confirm, ...content } = importBody.parse(body);
  const before = await gateway.store.findCostBook();
  const book: CostBook = { ...content, version: (before?.version ?? 0) + 1, createdAtMs: gateway.clock.nowMs() };
  const jumps = before === undefined ? [] : costJumps(before, book);
  if (jumps.length > 0 && !confirm) {
    const shown = jumps
      .slice(0, JUMPS_SHOWN)
      .map((jump) => `${jump.provider}/${jump.model} ${jump.field} ${jump.before} -> ${jump.after ?? 'none'}`);
    const rest = jumps.length > shown.length ? `; and ${jumps.length - shown.length} more` : '';
    throw new CallError('invalid_field', {
      param: 'confirm',
      status: 409,
      message: `${jumps.length} costs change by more than ${JUMP_PERCENT} % or disappear: ${shown.join('; ')}${rest} (micro-roubles). Nothing is changed; confirm if that is right.`,
    });
  }
  const outcome = await gateway.store.write({ kind: 'addCostBook', book });
  if (outcome.kind === 'conflict')
    throw new CallError('invalid_field', {
      param: 'rows',
      status: 409,
      message: 'Another book was imported meanwhile.',
    });
  gateway.costs.load(book);
  return { version: book.version, rows: book.rows.length, jumps };
}

/** By account, model or target over all the days together, or one row a day. */
async function margin(gateway: Gateway, _: Params, __: unknown, query: URLSearchParams): Promise<unknown> {
  const { by } = z.object({ by: z.enum(['account', 'model', 'target', 'day']).default('day') }).parse(read(query));
  const { microRubPerRequest } = z
    .object({ microRubPerRequest: z.coerce.number().pipe(z.int().min(0).max(COST_MAX)).default(0) })
    .parse(read(query));
  const span = spanOf(gateway, query);
  const rows = [];
  for (const day of by === 'day' ? span.days : [span]) {
    const sums = await gateway.store.sumUsage({ ...ofAccount(query), ...day, by: by === 'day' ? 'all' : by });
    for (const { vendorTokens: _, countedTokens: __, ...sum } of sums) {
      const label = by === 'day' ? { name: gateway.calendar.dayAt(day.fromMs).name } : {};
      rows.push({ ...sum, ...label, ...marginOf(sum, microRubPerRequest) });
    }
  }
  return { by, rows };
}

async function drift(gateway: Gateway, _: Params, __: unknown, query: URLSearchParams): Promise<unknown> {
  const { fromMs, toMs } = spanOf(gateway, query);
  const sums = await gateway.store.sumUsage({ ...ofAccount(query), fromMs, toMs, by: 'target' });
  const rows = sums.map((sum) => ({ ...usedOf(sum), ...driftOf(sum) }));
  return { rows };
}

/** What a target was asked for in all, be it counted in tokens or not. */
function usedOf(sum: UsageSum): Partial<UsageSum> {
  const { name: target, calls, inputTokens, outputTokens, images, characters, audioSeconds } = sum;
  const { vendorTokens, countedTokens } = sum;
  const used = { inputTokens, outputTokens, images, characters, audioSeconds };
  return { name: target, calls, ...used, vendorTokens, countedTokens };
}

function read(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries(query);
}

function ofAccount(query: URLSearchParams): Pick<UsageQuestion, 'accountId'> {
  const accountId = query.get('account');
  return accountId === null ? {} : { accountId };
}

type Span = { readonly fromMs: number; readonly toMs: number };

/** The calendar days from `from` to `to`, both among them; today where they are absent. */
function spanOf({ calendar, clock }: Gateway, query: URLSearchParams): Span & { readonly days: readonly Span[] } {
  const today = calendar.dayAt(clock.nowMs()).name;
  const asked = z.object({ from: z.iso.date().optional(), to: z.iso.date().optional() }).parse(read(query));
  const { from = asked.to ?? today, to = asked.from ?? today } = asked;
  const toMs = calendar.endOf(to);
  const days: Span[] = [];
  // A day begins when the one before ends.
  for (let fromMs = calendar.endOf(dayBefore(from)); fromMs < toMs && days.length <= DAYS_MAX; ) {
    const endsAtMs = calendar.dayAt(fromMs).endsAtMs;
    days.push({ fromMs, toMs: endsAtMs });
    fromMs = endsAtMs;
  }
  if (days.length === 0 || days.length > DAYS_MAX)
    throw new CallError('invalid_field', {
      param: 'to',
      message: `Give 1 to ${DAYS_MAX} days, the last after the first.`,
    });
  return { fromMs: (days[0] as Span).fromMs, toMs, days };
}

function dayBefore(date: string): string {
  return new Date(Date.parse(`${date}T12:00:00Z`) - DAY_MS).toISOString().slice(0, 10);
}
