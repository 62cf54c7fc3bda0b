// Answers questions from the embedded database. Each query is one statement on the newest committed state; nothing
// here can write.
import type { Database } from 'bun:sqlite';
import { Calendar } from '../../core/calendar.ts';
import type { CostBook } from '../../core/cost.ts';
import type { Plan } from '../../core/plan.ts';
import { unpackAnswer } from '../idempotency.ts';
import type {
  Account,
  AuditReport,
  BucketRow,
  CallContext,
  DueWebhook,
  Key,
  KeyOwner,
  StoredAnswer,
  TaskReference,
  TaskRow,
  TaskWork,
  UsageRow,
} from '../store.ts';
import { withTodaysAllowance } from '../todays-allowance.ts';
import type { UsageQuestion, UsageSum } from '../usage-sums.ts';
import { callIdBounds, USAGE_SUMS_MAX, usageSumsQuery } from '../usage-sums.ts';
import { auditDatabase } from './audit.ts';

const ACCOUNT = 'account_id AS accountId, email, plan_id AS planId, status, created_at AS createdAtMs';
const USAGE = `call_id AS callId, account_id AS accountId, key_id AS keyId, dialect, endpoint, model, provider,
  upstream_model AS upstreamModel, outcome, unit, held, charge, price_version AS priceVersion, status, error_code AS errorCode, attempts,
  first_byte_ms AS firstByteMs, duration_ms AS durationMs, admitted_at AS admittedAtMs, ended_at AS endedAtMs,
  unpaid_attempts AS unpaidAttempts, cost_micro_rub AS costMicroRub, counted_tokens AS countedTokens,
  usage_source, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, images, characters, audio_seconds`;

/** This database has no truth values. */
type AsBits<T, K extends keyof T> = Omit<T, K> & Record<K, number>;

type UsageColumns = {
  usage_source: 'exact' | 'estimated' | null;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number | null;
  output_tokens: number;
  reasoning_tokens: number;
  images: number;
  characters: number | null;
  audio_seconds: number | null;
};

export class SqliteReader {
  readonly #db: Database;
  readonly #calendar: Calendar;
  readonly #hot: ReturnType<typeof prepareHot>;

  constructor(db: Database, timeZone: string) {
    this.#db = db;
    this.#calendar = new Calendar(timeZone);
    this.#hot = prepareHot(this.#db);
  }

  findKey(hmac: string): KeyOwner | undefined {
    const row = this.#hot.findKey.get(hmac);
    return row === null ? undefined : { ...row, revoked: row.revoked === 1, usesCache: row.usesCache === 1 };
  }

  findAccount(accountId: string): Account | undefined {
    return (
      this.#db.query<Account, [string]>(`SELECT ${ACCOUNT} FROM account WHERE account_id = ?`).get(accountId) ??
      undefined
    );
  }

  /** Newest first. */
  listAccounts(limit: number): Account[] {
    return this.#db
      .query<Account, [number]>(`SELECT ${ACCOUNT} FROM account ORDER BY created_at DESC, account_id LIMIT ?`)
      .all(limit);
  }

  listKeys(accountId: string): Key[] {
    return this.#db
      .query<AsBits<Key, 'usesCache'>, [string]>(
        'SELECT key_id AS keyId, account_id AS accountId, name, display, created_at AS createdAtMs, revoked_at AS revokedAtMs, uses_cache AS usesCache FROM api_key WHERE account_id = ? ORDER BY created_at, key_id',
      )
      .all(accountId)
      .map((row) => ({ ...row, usesCache: row.usesCache === 1 }));
  }

  listPlans(): Plan[] {
    return this.#db
      .query<{ body: string }, []>('SELECT body FROM plan ORDER BY plan_id')
      .all()
      .map((row) => JSON.parse(row.body) as Plan);
  }

  listBuckets(accountId: string, dailyRequests: number, nowMs: number): BucketRow[] {
    const rows = this.#db
      .query<BucketRow, [string, number]>(
        'SELECT bucket_id AS bucketId, kind, unit, expires_at AS expiresAtMs, granted, held, used FROM bucket WHERE account_id = ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY kind, expires_at NULLS LAST, bucket_id',
      )
      .all(accountId, nowMs);
    return withTodaysAllowance(rows, this.#calendar, dailyRequests, nowMs);
  }

  listUsage(accountId: string, limit: number, before = '~'): UsageRow[] {
    return this.#db
      .query<UsageRow & UsageColumns, [string, string, number]>(
        `SELECT ${USAGE} FROM usage WHERE account_id = ? AND call_id < ? ORDER BY call_id DESC LIMIT ?`,
      )
      .all(accountId, before, limit)
      .map(toUsageRow);
  }

  sumUsage(question: UsageQuestion): UsageSum[] {
    const { by, fromMs, toMs, accountId = '' } = question;
    return this.#db
      .query<UsageSum, (string | number)[]>(usageSumsQuery(by))
      .all(...callIdBounds(question), fromMs, toMs, accountId, USAGE_SUMS_MAX);
  }

  findCostBook(): CostBook | undefined {
    const row = this.#db
      .query<{ version: number; body: string }, []>('SELECT version, body FROM cost_book ORDER BY version DESC LIMIT 1')
      .get();
    return row === null ? undefined : { version: row.version, ...(JSON.parse(row.body) as Omit<CostBook, 'version'>) };
  }

  findTask(taskId: number): TaskRow | undefined {
    return this.#hot.findTask.get(taskId) ?? undefined;
  }

  /** The stored call with its hold; a queued task always has one. */
  findTaskWork(taskId: number): TaskWork | undefined {
    const row = this.#hot.findTaskWork.get(taskId);
    return row === null ? undefined : { ...row, context: JSON.parse(row.context) as CallContext };
  }

  listDueWebhooks(nowMs: number, limit: number): DueWebhook[] {
    return this.#hot.dueWebhooks.all(nowMs, limit);
  }

  /** The newest task there is; 0 is none. */
  lastTaskId(): number {
    return this.#db.query<{ last: number | null }, []>('SELECT max(task_id) AS last FROM task').get()?.last ?? 0;
  }

  findAnswer(accountId: string, idempotencyKey: string): StoredAnswer | undefined {
    const row = this.#db
      .query<{ answer: Uint8Array | null }, [string, string]>(
        'SELECT answer FROM idempotency WHERE account_id = ? AND idempotency_key = ?',
      )
      .get(accountId, idempotencyKey);
    return row?.answer ? unpackAnswer(row.answer) : undefined;
  }

  /** Those up to an id, oldest first. */
  listQueuedTasks(lastTaskId: number): TaskReference[] {
    return this.#db
      .query<TaskReference, [number]>(
        "SELECT task_id AS taskId, account_id AS accountId FROM task WHERE status = 'queued' AND task_id <= ? ORDER BY task_id",
      )
      .all(lastTaskId);
  }

  audit(): AuditReport {
    return auditDatabase(this.#db);
  }

  ping(): boolean {
    return this.#db.query<{ one: number }, []>('SELECT 1 AS one').get()?.one === 1;
  }

  close(): void {
    this.#db.close();
  }
}

function toUsageRow(columns: UsageRow & UsageColumns): UsageRow {
  const { usage_source, input_tokens, cached_input_tokens, cache_write_tokens, ...others } = columns;
  const { output_tokens, reasoning_tokens, images, characters, audio_seconds, ...row } = others;
  if (usage_source === null) return { ...row, usage: null };
  const usage = {
    source: usage_source,
    inputTokens: input_tokens,
    cachedInputTokens: cached_input_tokens,
    ...(cache_write_tokens === null ? {} : { cacheWriteTokens: cache_write_tokens }),
    outputTokens: output_tokens,
    reasoningTokens: reasoning_tokens,
    images,
    ...(characters === null ? {} : { characters }),
    ...(audio_seconds === null ? {} : { audioSeconds: audio_seconds }),
  };
  return { ...row, usage };
}

/** What every poll and call asks. The driver keeps only a few statements that are given as text each time. */
function prepareHot(db: Database) {
  return {
    findKey: db.prepare<AsBits<KeyOwner, 'revoked' | 'usesCache'>, [string]>(
      `SELECT k.key_id AS keyId, k.account_id AS accountId, a.plan_id AS planId, k.revoked_at IS NOT NULL AS revoked, a.status AS accountStatus,
         k.uses_cache AS usesCache
       FROM api_key k JOIN account a USING (account_id) WHERE k.hmac = ?`,
    ),
    findTask: db.prepare<TaskRow, [number]>(
      `SELECT task_id AS taskId, account_id AS accountId, call_id AS callId, status, result, error_code AS errorCode,
         created_at AS createdAtMs, ended_at AS endedAtMs FROM task WHERE task_id = ?`,
    ),
    dueWebhooks: db.prepare<DueWebhook, [number, number]>(
      `SELECT task_id AS taskId, webhook_key_id AS keyId, webhook_url AS url, webhook_tries AS tries, webhook_due_at AS dueAtMs
       FROM task WHERE webhook_due_at <= ? ORDER BY webhook_due_at LIMIT ?`,
    ),
    findTaskWork: db.prepare<Omit<TaskWork, 'context'> & { context: string }, [number]>(
      `SELECT t.task_id AS taskId, t.account_id AS accountId, t.call_id AS callId, a.plan_id AS planId, t.request, t.recoveries, t.starts,
          h.amount, h.context
         FROM task t JOIN account a USING (account_id) JOIN hold h ON h.account_id = t.account_id AND h.call_id = t.call_id
         WHERE t.task_id = ? AND t.status = 'queued'`,
    ),
  };
}
