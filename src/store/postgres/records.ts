// Writes accounts, keys and plans: plain rows with no decision in them.

import { crashPoint } from '../../crash-point.ts';
import type { RecordOperation } from '../record-operation.ts';
import { PURGE_MAX } from '../record-operation.ts';
import type { RecordOutcome } from '../store.ts';
import type { Session } from './connection.ts';

const WRITTEN: RecordOutcome = { kind: 'written' };
const MISSING: RecordOutcome = { kind: 'missing' };

export async function applyRecord(session: Session, operation: RecordOperation): Promise<RecordOutcome> {
  switch (operation.kind) {
    case 'createAccount':
      return createAccount(session, operation);
    case 'updateAccount': {
      const rows = await session.unsafe(
        `UPDATE account SET plan_id = coalesce($1::text, plan_id), status = coalesce($2::text, status)
         WHERE account_id = $3 RETURNING account_id`,
        [operation.planId ?? null, operation.status ?? null, operation.accountId],
      );
      return rows.length === 0 ? MISSING : WRITTEN;
    }
    case 'createKey':
      return createKey(session, operation);
    case 'updateKey': {
      const rows = await session.unsafe(
        'UPDATE api_key SET uses_cache = $1::boolean WHERE key_id = $2 RETURNING key_id',
        [operation.usesCache, operation.keyId],
      );
      return rows.length === 0 ? MISSING : WRITTEN;
    }
    case 'revokeKey': {
      // The first revocation counts.
      const rows = await session.unsafe(
        'UPDATE api_key SET revoked_at = coalesce(revoked_at, $1::bigint) WHERE key_id = $2 RETURNING key_id',
        [operation.revokedAtMs, operation.keyId],
      );
      return rows.length === 0 ? MISSING : WRITTEN;
    }
    case 'startTask':
      await session.unsafe("UPDATE task SET starts = starts + 1 WHERE task_id = $1::bigint AND status = 'queued'", [
        operation.taskId,
      ]);
      return WRITTEN;
    case 'claimWebhook': {
      const rows = await session.unsafe(
        `UPDATE task SET webhook_due_at = $1::bigint, webhook_tries = webhook_tries + 1
         WHERE task_id = $2::bigint AND webhook_due_at = $3::bigint RETURNING task_id`,
        [operation.nextDueAtMs, operation.taskId, operation.dueAtMs],
      );
      crashPoint('postgres.webhook-claimed');
      return rows.length === 0 ? MISSING : WRITTEN;
    }
    case 'endWebhook':
      await session.unsafe('UPDATE task SET webhook_due_at = NULL WHERE task_id = $1::bigint', [operation.taskId]);
      return WRITTEN;
    case 'purgeTasks':
      return purge(session, operation);
    case 'addCostBook':
      return addCostBook(session, operation);
    case 'putPlan':
      return putPlan(session, operation);
  }
}

async function purge(
  session: Session,
  { endedBeforeMs, keysBeforeMs = 0 }: RecordOperation & { kind: 'purgeTasks' },
): Promise<RecordOutcome> {
  const names = await session.unsafe(
    `DELETE FROM idempotency WHERE (account_id, idempotency_key) IN
       (SELECT account_id, idempotency_key FROM idempotency WHERE created_at < $1::bigint ORDER BY created_at
        LIMIT $2::int FOR UPDATE SKIP LOCKED)
     RETURNING call_id`,
    [keysBeforeMs, PURGE_MAX],
  );
  // The charges of forgotten tasks stay in `usage`.
  const tasks = await session.unsafe(
    `DELETE FROM task WHERE task_id IN
       (SELECT task_id FROM task WHERE ended_at < $1::bigint ORDER BY ended_at LIMIT $2::int FOR UPDATE SKIP LOCKED)
     RETURNING task_id`,
    [endedBeforeMs, PURGE_MAX],
  );
  crashPoint('postgres.purged');
  return names.length === PURGE_MAX || tasks.length === PURGE_MAX ? { kind: 'written', isMoreLeft: true } : WRITTEN;
}

async function createAccount(
  session: Session,
  { account: a }: RecordOperation & { kind: 'createAccount' },
): Promise<RecordOutcome> {
  // Waits for a parallel transaction with the same id or email, so that the question below sees its row.
  await session.unsafe(
    `INSERT INTO account (account_id, email, plan_id, status, created_at) VALUES ($1, $2, $3, $4, $5::bigint)
     ON CONFLICT DO NOTHING`,
    [a.accountId, a.email, a.planId, a.status, a.createdAtMs],
  );
  const taken = await session.unsafe('SELECT account_id FROM account WHERE email = $1 AND account_id <> $2', [
    a.email,
    a.accountId,
  ]);
  return taken.length > 0 ? { kind: 'conflict', field: 'email' } : WRITTEN;
}

async function createKey(
  session: Session,
  { key: k, hmac }: RecordOperation & { kind: 'createKey' },
): Promise<RecordOutcome> {
  const account = await session.unsafe('SELECT account_id FROM account WHERE account_id = $1', [k.accountId]);
  if (account.length === 0) return MISSING;
  await session.unsafe(
    `INSERT INTO api_key (key_id, account_id, hmac, display, name, created_at, revoked_at, uses_cache)
     VALUES ($1, $2, $3, $4, $5, $6::bigint, $7::bigint, $8::boolean) ON CONFLICT (key_id) DO NOTHING`,
    [k.keyId, k.accountId, hmac, k.display, k.name, k.createdAtMs, k.revokedAtMs, k.usesCache],
  );
  return WRITTEN;
}

async function putPlan(session: Session, { plan }: RecordOperation & { kind: 'putPlan' }): Promise<RecordOutcome> {
  const body = JSON.stringify(plan);
  await session.unsafe(
    `INSERT INTO plan (plan_id, version, body) VALUES ($1, $2::bigint, $3::text::jsonb)
     ON CONFLICT (plan_id) DO UPDATE SET version = excluded.version, body = excluded.body
     WHERE excluded.version > plan.version`,
    [plan.id, plan.version, body],
  );
  const kept = await session.unsafe('SELECT plan_id FROM plan WHERE plan_id = $1 AND body = $2::text::jsonb', [
    plan.id,
    body,
  ]);
  return kept.length === 1 ? WRITTEN : { kind: 'conflict', field: 'version' };
}

async function addCostBook(
  session: Session,
  { book: { version, ...body } }: RecordOperation & { kind: 'addCostBook' },
): Promise<RecordOutcome> {
  const values = [version, JSON.stringify(body)];
  await session.unsafe(
    'INSERT INTO cost_book (version, body) VALUES ($1::bigint, $2::text::jsonb) ON CONFLICT (version) DO NOTHING',
    values,
  );
  // The same book given again is the one that is there.
  const kept = await session.unsafe(
    'SELECT version FROM cost_book WHERE version = $1::bigint AND body = $2::text::jsonb',
    values,
  );
  return kept.length === 1 ? WRITTEN : { kind: 'conflict', field: 'version' };
}
