// Gathers the names that clients gave to the requests of a batch, and writes them in the batch's own transaction. They
// belong to accounts, whose locks are held from before they are read until they are written.
import type { LedgerOutcome } from '../../core/ledger.ts';
import type { KeyUse, RememberedKey } from '../idempotency.ts';
import { packAnswer, useOfKey } from '../idempotency.ts';
import type { LedgerWrite } from '../record-operation.ts';
import type { Session } from './connection.ts';
import { toInteger } from './connection.ts';

const FIND = `SELECT account_id, idempotency_key, fingerprint, call_id, state, created_at FROM idempotency
  JOIN jsonb_to_recordset($1::text::jsonb) AS asked(account_id text, idempotency_key text) USING (account_id, idempotency_key)`;
const PUT = `INSERT INTO idempotency (account_id, idempotency_key, fingerprint, call_id, state, answer, created_at)
  SELECT account_id, idempotency_key, fingerprint, call_id, state, decode(answer, 'base64'), created_at
  FROM jsonb_to_recordset($1::text::jsonb) AS k(account_id text, idempotency_key text, fingerprint text, call_id text,
    state text, answer text, created_at bigint)
  ON CONFLICT (account_id, idempotency_key) DO UPDATE SET fingerprint = excluded.fingerprint, call_id = excluded.call_id,
    state = excluded.state, answer = excluded.answer, created_at = excluded.created_at`;
const FREE = `DELETE FROM idempotency USING jsonb_to_recordset($1::text::jsonb) AS freed(account_id text, idempotency_key text)
  WHERE idempotency.account_id = freed.account_id AND idempotency.idempotency_key = freed.idempotency_key`;

type Name = { readonly account_id: string; readonly idempotency_key: string };
type Row = Name & {
  readonly fingerprint: string;
  readonly call_id: string;
  readonly state: RememberedKey['state'];
  readonly created_at: string | number;
};

export class IdempotencyRows {
  readonly #known = new Map<string, Row>();
  /** What this batch changes; `null` is a name that is free again. */
  readonly #changed = new Map<string, Row | null>();

  /** Reads what is remembered of the names that the operations bring, after the accounts were locked. */
  async load(session: Session, operations: readonly LedgerWrite[]): Promise<void> {
    const asked = operations.flatMap((operation) => nameOf(operation) ?? []);
    if (asked.length === 0) return;
    for (const row of await session.unsafe<Row[]>(FIND, [JSON.stringify(asked)])) this.#known.set(textOf(row), row);
  }

  /** What is already decided for a request by the client's own name for it, and the call that it was decided for. */
  recall(operation: LedgerWrite, nowMs: number): { readonly use: KeyUse; readonly callId?: string } {
    const name = nameOf(operation);
    if (operation.kind !== 'hold' || operation.idempotency === undefined || name === undefined) return { use: 'free' };
    const row = this.#known.get(textOf(name));
    if (row === undefined) return { use: 'free' };
    const { call_id: callId, fingerprint, state, created_at } = row;
    const remembered = { callId, fingerprint, state, createdAtMs: toInteger(created_at) };
    return { use: useOfKey(operation.callId, operation.idempotency, remembered, nowMs), callId };
  }

  /** @param isFirstEnd whether the call has got its terminal entry by this operation. */
  add(operation: LedgerWrite, outcome: LedgerOutcome, isFirstEnd: boolean, nowMs: number): void {
    const name = nameOf(operation);
    if (name === undefined) return;
    if (operation.kind === 'hold' && operation.idempotency !== undefined && outcome.kind === 'held') {
      const { callId: call_id, task } = operation;
      const { fingerprint } = operation.idempotency;
      const state = task === undefined ? 'running' : 'task';
      this.#put({ ...name, fingerprint, call_id, state, created_at: nowMs });
    }
    if (operation.kind !== 'settle' || !isFirstEnd) return;
    const row = this.#known.get(textOf(name));
    if (row?.call_id !== operation.callId) return;
    const answer = operation.answer === undefined ? null : packAnswer(operation.answer).toString('base64');
    this.#put(operation.outcome === 'void' ? null : { ...row, state: 'answered', answer }, name);
  }

  /** Statements for the same round trip as the batch's others; they are sent when they are waited for. */
  statements(session: Session): PromiseLike<unknown>[] {
    const rows = [...this.#changed.values()].filter((row) => row !== null);
    const freed = [...this.#changed].flatMap(([text, row]) => (row === null ? toName(text) : []));
    const statements: PromiseLike<unknown>[] = [];
    if (freed.length > 0) statements.push(session.unsafe(FREE, [JSON.stringify(freed)]));
    if (rows.length > 0) statements.push(session.unsafe(PUT, [JSON.stringify(rows)]));
    return statements;
  }

  /** Those that follow in the same batch find it as well. */
  #put(row: (Row & { readonly answer?: string | null }) | null, name: Name = row as Row): void {
    const text = textOf(name);
    this.#changed.set(text, row);
    if (row === null) this.#known.delete(text);
    else this.#known.set(text, row);
  }
}

function nameOf(operation: LedgerWrite): Name | undefined {
  const key =
    operation.kind === 'hold'
      ? operation.idempotency?.key
      : operation.kind === 'settle'
        ? operation.record.idempotencyKey
        : undefined;
  return key === undefined ? undefined : { account_id: operation.accountId, idempotency_key: key };
}

function textOf({ account_id, idempotency_key }: Name): string {
  return JSON.stringify([account_id, idempotency_key]);
}

function toName(text: string): Name {
  const [account_id, idempotency_key] = JSON.parse(text) as [string, string];
  return { account_id, idempotency_key };
}
