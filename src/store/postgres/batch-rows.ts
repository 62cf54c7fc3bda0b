// Gathers what the decisions of a batch change, and writes it: one statement for each table, whatever the batch's size.
import type { AccountBook, Changes } from '../../core/ledger.ts';
import type { LedgerWrite } from '../record-operation.ts';
import type { CallRecord } from '../store.ts';
import type { Session } from './connection.ts';

// Whole rows are written, not differences: the account's lock is held since they were read.
const PUT_BUCKETS = `INSERT INTO bucket (account_id, bucket_id, kind, unit, expires_at, granted, held, used)
  SELECT account_id, bucket_id, kind, unit, expires_at, granted, held, used FROM jsonb_to_recordset($1::text::jsonb) AS b(
    account_id text, bucket_id text, kind text, unit text, expires_at bigint, granted bigint, held bigint, used bigint)
  ON CONFLICT (account_id, bucket_id) DO UPDATE SET granted = excluded.granted, held = excluded.held, used = excluded.used`;
// A call has at most one hold and one terminal entry: a second row breaks the primary key and so the whole batch.
const INSERT_HOLDS = `INSERT INTO hold (call_id, account_id, unit, amount, allocation, owner, context)
  SELECT call_id, account_id, unit, amount, allocation, coalesce(owner, $2::text), context FROM jsonb_to_recordset($1::text::jsonb)
  AS h(call_id text, account_id text, unit text, amount bigint, allocation jsonb, owner text, context jsonb)`;
const DELETE_HOLDS = `DELETE FROM hold USING jsonb_to_recordset($1::text::jsonb) AS ended(account_id text, call_id text)
  WHERE hold.account_id = ended.account_id AND hold.call_id = ended.call_id`;
const USAGE_COLUMNS = [
  'call_id text',
  'account_id text',
  'key_id text',
  'dialect text',
  'endpoint text',
  'model text',
  'provider text',
  'upstream_model text',
  'outcome text',
  'unit text',
  'held bigint',
  'charge bigint',
  'allocation jsonb',
  'price_version text',
  'usage_source text',
  'input_tokens bigint',
  'cached_input_tokens bigint',
  'output_tokens bigint',
  'reasoning_tokens bigint',
  'images bigint',
  'status integer',
  'error_code text',
  'attempts integer',
  'first_byte_ms bigint',
  'duration_ms bigint',
  'admitted_at bigint',
  'ended_at bigint',
  'cost_micro_rub bigint',
  'unpaid_attempts integer',
  'cache_write_tokens bigint',
  'counted_tokens bigint',
  'characters bigint',
  'audio_seconds bigint',
];
const USAGE_NAMES = USAGE_COLUMNS.map((column) => column.split(' ')[0]).join(', ');
const INSERT_USAGE = `INSERT INTO usage (${USAGE_NAMES})
  SELECT ${USAGE_NAMES} FROM jsonb_to_recordset($1::text::jsonb) AS u(${USAGE_COLUMNS.join(', ')})`;
const INSERT_GRANTS = `INSERT INTO grant_ (account_id, grant_id, bucket_id, unit, amount, source, created_at)
  SELECT account_id, grant_id, bucket_id, unit, amount, source, created_at FROM jsonb_to_recordset($1::text::jsonb) AS g(
    account_id text, grant_id text, bucket_id text, unit text, amount bigint, source text, created_at bigint)`;
const PUT_WINDOWS = `INSERT INTO limit_window (account_id, subject, cells, day, day_count)
  SELECT account_id, subject, decode(cells, 'base64'), day, day_count FROM jsonb_to_recordset($1::text::jsonb) AS w(
    account_id text, subject text, cells text, day text, day_count bigint)
  ON CONFLICT (account_id, subject) DO UPDATE
  SET cells = excluded.cells, day = excluded.day, day_count = excluded.day_count`;

type Row = Readonly<Record<string, unknown>>;

export class BatchRows {
  readonly #newHolds = new Map<string, Row>();
  readonly #endedHolds: Row[] = [];
  readonly #usage: Row[] = [];
  readonly #grants: Row[] = [];

  /** Takes over what one operation changed, beside what concerns the account as a whole. */
  add(book: AccountBook, operation: LedgerWrite, changes: Changes, nowMs: number): void {
    const account_id = book.accountId;
    for (const { callId: call_id, unit, amount, allocation } of changes.newHolds.splice(0)) {
      const { context, task } = operation.kind === 'hold' ? operation : { context: {}, task: undefined };
      // The hold of a task outlives this process; any other ends with it.
      const owner = task === undefined ? null : 'task';
      const row = { call_id, account_id, unit, amount, allocation, owner, context };
      this.#newHolds.set(holdKey(account_id, call_id), row);
    }
    for (const { callId: call_id } of changes.endedHolds.splice(0)) {
      // A hold that ends in the batch which took it is never written.
      if (!this.#newHolds.delete(holdKey(account_id, call_id))) this.#endedHolds.push({ account_id, call_id });
    }
    for (const entry of changes.newFinals.splice(0)) {
      if (operation.kind === 'settle') this.#usage.push(usageRow(account_id, entry, operation.record, nowMs));
    }
    for (const { operation: granted, bucketId: bucket_id } of changes.newGrants.splice(0)) {
      const { grantId: grant_id, unit, amount } = granted;
      const source = operation.kind === 'grant' ? operation.source : '';
      this.#grants.push({ account_id, grant_id, bucket_id, unit, amount, source, created_at: nowMs });
    }
  }

  /** The statements that write everything; they are sent when they are waited for. */
  statements(session: Session, touched: ReadonlyMap<AccountBook, Changes>, processId: string): PromiseLike<unknown>[] {
    const statements: PromiseLike<unknown>[] = [];
    const put = (statement: string, rows: readonly unknown[], ...others: string[]) => {
      if (rows.length > 0) statements.push(session.unsafe(statement, [JSON.stringify(rows), ...others]));
    };
    put(PUT_BUCKETS, [...touched].flatMap(bucketRows));
    put(INSERT_HOLDS, [...this.#newHolds.values()], processId);
    put(DELETE_HOLDS, this.#endedHolds);
    put(INSERT_USAGE, this.#usage);
    put(INSERT_GRANTS, this.#grants);
    put(PUT_WINDOWS, [...touched].flatMap(windowRows));
    return statements;
  }
}

/** Call ids are unique within an account only. */
function holdKey(accountId: string, callId: string): string {
  return JSON.stringify([accountId, callId]);
}

function bucketRows([book, changes]: readonly [AccountBook, Changes]): Row[] {
  return Array.from(changes.buckets, (b) => ({
    account_id: book.accountId,
    bucket_id: b.bucketId,
    kind: b.kind,
    unit: b.unit,
    expires_at: b.expiresAtMs,
    granted: b.granted,
    held: b.held,
    used: b.used,
  }));
}

function windowRows([book, changes]: readonly [AccountBook, Changes]): Row[] {
  return Array.from(changes.windows, ([subject, window]) => ({
    account_id: book.accountId,
    subject,
    cells: Buffer.from(window.bytes()).toString('base64'),
    day: window.day,
    day_count: window.dayCount,
  }));
}

function usageRow(
  account_id: string,
  { final, allocation, held }: Changes['newFinals'][number],
  record: CallRecord,
  nowMs: number,
): Row {
  return {
    call_id: final.callId,
    account_id,
    key_id: record.keyId,
    dialect: record.dialect,
    endpoint: record.endpoint,
    model: record.model,
    provider: record.provider,
    upstream_model: record.upstreamModel,
    outcome: final.outcome,
    unit: final.unit,
    held,
    charge: final.charge,
    allocation,
    price_version: record.priceVersion,
    usage_source: record.usage?.source,
    input_tokens: record.usage?.inputTokens,
    cached_input_tokens: record.usage?.cachedInputTokens,
    output_tokens: record.usage?.outputTokens,
    reasoning_tokens: record.usage?.reasoningTokens,
    images: record.usage?.images,
    status: record.status,
    error_code: record.errorCode,
    attempts: record.attempts,
    first_byte_ms: record.firstByteMs,
    duration_ms: record.durationMs,
    admitted_at: record.admittedAtMs,
    ended_at: nowMs,
    cost_micro_rub: record.costMicroRub,
    unpaid_attempts: record.unpaidAttempts,
    cache_write_tokens: record.usage?.cacheWriteTokens,
    counted_tokens: record.countedTokens,
    characters: record.usage?.characters,
    audio_seconds: record.usage?.audioSeconds,
  };
}
