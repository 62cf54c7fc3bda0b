// The sums over calls: what may be asked, what is answered, and the SQL, which both stores understand.

/** Which calls are summed up, and by what. */
export type UsageQuestion = {
  readonly by: 'account' | 'model' | 'target' | 'all';
  readonly fromMs: number;
  readonly toMs: number;
  /** The calls of one account only. */
  readonly accountId?: string;
};

export const USAGE_SUMS_MAX = 10_000;

/** Sums over calls. What was charged and what it cost stand in whole micro-roubles. */
export type UsageSum = {
  /** Of a target: `provider/model`. */
  readonly name: string;
  readonly calls: number;
  readonly chargedRequests: number;
  readonly chargedMicroRub: number;
  readonly costMicroRub: number;
  /** Calls whose cost nobody knows. */
  readonly unknownCosts: number;
  readonly unpaidAttempts: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteTokens: number;
  readonly outputTokens: number;
  readonly images: number;
  /** Said aloud. */
  readonly characters: number;
  /** Of recordings. */
  readonly audioSeconds: number;
  /** Visible output tokens by the vendors' word and by our own count, over the calls that have both. */
  readonly vendorTokens: number;
  readonly countedTokens: number;
};

const NAMES: Readonly<Record<UsageQuestion['by'], string>> = {
  account: 'u.account_id',
  model: 'u.model',
  target: "coalesce(u.provider, '') || '/' || coalesce(u.upstream_model, '')",
  all: "'all'",
};

// Hidden reasoning is output that we never see, so calls with it are not compared. Nor are those that a cache answered.
const COMPARED = 'u.counted_tokens IS NOT NULL AND u.reasoning_tokens = 0';

const SUMS: Readonly<Record<Exclude<keyof UsageSum, 'name'>, string>> = {
  calls: 'count(*)',
  chargedRequests: "sum(CASE u.unit WHEN 'requests' THEN u.charge ELSE 0 END)",
  chargedMicroRub: "sum(CASE u.unit WHEN 'microRub' THEN u.charge ELSE 0 END)",
  costMicroRub: 'coalesce(sum(u.cost_micro_rub), 0)',
  unknownCosts: 'count(*) - count(u.cost_micro_rub)',
  unpaidAttempts: 'sum(u.unpaid_attempts)',
  inputTokens: 'coalesce(sum(u.input_tokens), 0)',
  cachedInputTokens: 'coalesce(sum(u.cached_input_tokens), 0)',
  cacheWriteTokens: 'coalesce(sum(u.cache_write_tokens), 0)',
  outputTokens: 'coalesce(sum(u.output_tokens), 0)',
  images: 'coalesce(sum(u.images), 0)',
  characters: 'coalesce(sum(u.characters), 0)',
  audioSeconds: 'coalesce(sum(u.audio_seconds), 0)',
  vendorTokens: `coalesce(sum(CASE WHEN ${COMPARED} THEN u.output_tokens END), 0)`,
  countedTokens: `coalesce(sum(CASE WHEN ${COMPARED} THEN u.counted_tokens END), 0)`,
};

/** Call ids begin with their time by the machine's clock, which may differ from the store's by this much. */
const CLOCKS_APART_MS = 86_400_000;

/**
 * The query, with its parameters `$1` to `$6`. Each account's calls are found by their ids, whose beginning is their time,
 * so that the rows of other days are not read.
 */
export function usageSumsQuery(by: UsageQuestion['by']): string {
  const sums = Object.entries(SUMS).map(([name, sql]) => `${sql} AS "${name}"`);
  return `SELECT ${NAMES[by]} AS name, ${sums.join(', ')}
    FROM account a CROSS JOIN usage u
    WHERE u.account_id = a.account_id AND u.call_id >= $1 AND u.call_id < $2 AND u.admitted_at >= CAST($3 AS bigint) AND u.admitted_at < CAST($4 AS bigint)
      AND (CAST($5 AS text) = '' OR a.account_id = $5)
    GROUP BY 1 ORDER BY 1 LIMIT CAST($6 AS bigint)`;
}

/** The bounds of the ids of calls that were admitted between two times. */
export function callIdBounds({ fromMs, toMs }: UsageQuestion): [from: string, to: string] {
  return [idAt(fromMs - CLOCKS_APART_MS), idAt(toMs + CLOCKS_APART_MS)];
}

/** How the ids of a moment begin: they are UUIDs of version 7. */
function idAt(timeMs: number): string {
  const digits = Math.max(0, timeMs).toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
