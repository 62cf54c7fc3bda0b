// Answers questions from the PostgreSQL database. Each query is one statement on the newest committed state; nothing
// here writes.
import { Calendar } from '../../core/calendar.ts';
import type { CostBook } from '../../core/cost.ts';
import type { Plan } from '../../core/plan.ts';
import { unpackAnswer } from '../idempotency.ts';
import type { Account, BucketRow, Key, KeyOwner, StoredAnswer, UsageRow } from '../store.ts';
import { withTodaysAllowance } from '../todays-allowance.ts';
import type { UsageQuestion, UsageSum } from '../usage-sums.ts';
import { callIdBounds, USAGE_SUMS_MAX, usageSumsQuery } from '../usage-sums.ts';
import { toInteger, toIntegerOrNull } from './connection.ts';
import type { StatementPool } from './statement-pool.ts';

const ACCOUNT = 'account_id AS "accountId", email, plan_id AS "planId", status, created_at AS "createdAtMs"';
const USAGE = `call_id AS "callId", account_id AS "accountId", key_id AS "keyId", dialect, endpoint, model, provider,
  upstream_model AS "upstreamModel", outcome, unit, held, charge, price_version AS "priceVersion", status,
  error_code AS "errorCode", attempts, first_byte_ms AS "firstByteMs", duration_ms AS "durationMs",
  admitted_at AS "admittedAtMs", ended_at AS "endedAtMs",
  unpaid_attempts AS "unpaidAttempts", cost_micro_rub AS "costMicroRub", counted_tokens AS "countedTokens",
  usage_source, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, images, characters, audio_seconds`;

/** The driver gives an int8 as text. */
type AsText<T, K extends keyof T> = Omit<T, K> & Record<K, string>;

type UsageColumns = AsText<
  Omit<UsageRow, 'usage'>,
  'held' | 'charge' | 'durationMs' | 'admittedAtMs' | 'endedAtMs' | 'firstByteMs' | 'costMicroRub' | 'countedTokens'
> & {
  readonly usage_source: 'exact' | 'estimated' | null;
  readonly input_tokens: string;
  readonly cached_input_tokens: string;
  readonly cache_write_tokens: string | null;
  readonly output_tokens: string;
  readonly reasoning_tokens: string;
  readonly images: string;
  readonly characters: string | null;
  readonly audio_seconds: string | null;
};

export class PostgresReader {
  readonly #pool: StatementPool;
  readonly #calendar: Calendar;

  constructor(pool: StatementPool, timeZone: string) {
    this.#pool = pool;
    this.#calendar = new Calendar(timeZone);
  }

  async findKey(hmac: string): Promise<KeyOwner | undefined> {
    const [row] = await this.#pool.query<KeyOwner>(
      `SELECT k.key_id AS "keyId", k.account_id AS "accountId", a.plan_id AS "planId",
         k.revoked_at IS NOT NULL AS revoked, a.status AS "accountStatus", k.uses_cache AS "usesCache"
       FROM api_key k JOIN account a USING (account_id) WHERE k.hmac = $1`,
      [hmac],
    );
    return row === undefined ? undefined : { ...row };
  }

  async findAccount(accountId: string): Promise<Account | undefined> {
    const rows = await this.#pool.query<AsText<Account, 'createdAtMs'>>(
      `SELECT ${ACCOUNT} FROM account WHERE account_id = $1`,
      [accountId],
    );
    return rows.map(toAccount)[0];
  }

  /** Newest first. */
  async listAccounts(limit: number): Promise<Account[]> {
    const rows = await this.#pool.query<AsText<Account, 'createdAtMs'>>(
      `SELECT ${ACCOUNT} FROM account ORDER BY created_at DESC, account_id LIMIT $1::int`,
      [limit],
    );
    return rows.map(toAccount);
  }

  async listKeys(accountId: string): Promise<Key[]> {
    const rows = await this.#pool.query<AsText<Key, 'createdAtMs' | 'revokedAtMs'>>(
      `SELECT key_id AS "keyId", account_id AS "accountId", name, display, created_at AS "createdAtMs",
         revoked_at AS "revokedAtMs", uses_cache AS "usesCache"
       FROM api_key WHERE account_id = $1 ORDER BY created_at, key_id`,
      [accountId],
    );
    return rows.map((row) => ({
      ...row,
      createdAtMs: toInteger(row.createdAtMs),
      revokedAtMs: toIntegerOrNull(row.revokedAtMs),
    }));
  }

  async listPlans(): Promise<Plan[]> {
    const rows = await this.#pool.query<{ body: Plan }>('SELECT body FROM plan ORDER BY plan_id');
    return rows.map((row) => row.body);
  }

  async listBuckets(accountId: string, dailyRequests: number, nowMs: number): Promise<BucketRow[]> {
    const rows = await this.#pool.query<AsText<BucketRow, 'expiresAtMs' | 'granted' | 'held' | 'used'>>(
      `SELECT bucket_id AS "bucketId", kind, unit, expires_at AS "expiresAtMs", granted, held, used FROM bucket
       WHERE account_id = $1 AND (expires_at IS NULL OR expires_at > $2::bigint)
       ORDER BY kind, expires_at NULLS LAST, bucket_id`,
      [accountId, nowMs],
    );
    const buckets = rows.map((row) => ({
      ...row,
      expiresAtMs: toIntegerOrNull(row.expiresAtMs),
      granted: toInteger(row.granted),
      held: toInteger(row.held),
      used: toInteger(row.used),
    }));
    return withTodaysAllowance(buckets, this.#calendar, dailyRequests, nowMs);
  }

  /** Newest first. A call id of `~` is after all others. */
  async listUsage(accountId: string, limit: number, before = '~'): Promise<UsageRow[]> {
    const rows = await this.#pool.query<UsageColumns>(
      `SELECT ${USAGE} FROM usage WHERE account_id = $1 AND call_id < $2 ORDER BY call_id DESC LIMIT $3::int`,
      [accountId, before, limit],
    );
    return rows.map(toUsageRow);
  }

  async sumUsage(question: UsageQuestion): Promise<UsageSum[]> {
    const { by, fromMs, toMs, accountId = '' } = question;
    const rows = await this.#pool.query<Record<keyof UsageSum, string>>(usageSumsQuery(by), [
      ...callIdBounds(question),
      fromMs,
      toMs,
      accountId,
      USAGE_SUMS_MAX,
    ]);
    return rows.map(({ name, ...sums }) => ({
      name,
      ...(Object.fromEntries(Object.entries(sums).map(([sum, text]) => [sum, toInteger(text)])) as Omit<
        UsageSum,
        'name'
      >),
    }));
  }

  async findCostBook(): Promise<CostBook | undefined> {
    const [row] = await this.#pool.query<{ version: string; body: Omit<CostBook, 'version'> }>(
      'SELECT version, body FROM cost_book ORDER BY version DESC LIMIT 1',
    );
    return row === undefined ? undefined : { version: toInteger(row.version), ...row.body };
  }

  async findAnswer(accountId: string, idempotencyKey: string): Promise<StoredAnswer | undefined> {
    const [row] = await this.#pool.query<{ answer: Uint8Array | null }>(
      'SELECT answer FROM idempotency WHERE account_id = $1 AND idempotency_key = $2',
      [accountId, idempotencyKey],
    );
    return row?.answer ? unpackAnswer(row.answer) : undefined;
  }

  async ping(): Promise<boolean> {
    try {
      return (await this.#pool.query<{ one: number }>('SELECT 1 AS one'))[0]?.one === 1;
    } catch {
      return false;
    }
  }
}

function toAccount(row: AsText<Account, 'createdAtMs'>): Account {
  return { ...row, createdAtMs: toInteger(row.createdAtMs) };
}

function toUsageRow(columns: UsageColumns): UsageRow {
  const { usage_source, input_tokens, cached_input_tokens, cache_write_tokens, ...others } = columns;
  const { output_tokens, reasoning_tokens, images, characters, audio_seconds, ...row } = others;
  return {
    ...row,
    held: toInteger(row.held),
    charge: toInteger(row.charge),
    firstByteMs: toIntegerOrNull(row.firstByteMs),
    costMicroRub: toIntegerOrNull(row.costMicroRub),
    countedTokens: toIntegerOrNull(row.countedTokens),
    durationMs: toInteger(row.durationMs),
    admittedAtMs: toInteger(row.admittedAtMs),
    endedAtMs: toInteger(row.endedAtMs),
    usage:
      usage_source === null
        ? null
        : {
            source: usage_source,
            inputTokens: toInteger(input_tokens),
            cachedInputTokens: toInteger(cached_input_tokens),
            ...(cache_write_tokens === null ? {} : { cacheWriteTokens: toInteger(cache_write_tokens) }),
            outputTokens: toInteger(output_tokens),
            reasoningTokens: toInteger(reasoning_tokens),
            images: toInteger(images),
            ...(characters === null ? {} : { characters: toInteger(characters) }),
            ...(audio_seconds === null ? {} : { audioSeconds: toInteger(audio_seconds) }),
          },
  };
}
