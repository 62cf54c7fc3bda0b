// Writes accounts, keys and plans: plain rows with no decision in them.
import type { Database } from 'bun:sqlite';
import type { Plan } from '../../core/plan.ts';
import { crashPoint } from '../../crash-point.ts';
import type { RecordOperation } from '../record-operation.ts';
import { PURGE_MAX } from '../record-operation.ts';
import type { RecordOutcome } from '../store.ts';

const WRITTEN: RecordOutcome = { kind: 'written' };

export function applyRecord(db: Database, operation: RecordOperation): RecordOutcome {
  switch (operation.kind) {
    case 'createAccount': {
      const a = operation.account;
      const taken = db.query('SELECT 1 FROM account WHERE email = ? AND account_id <> ?').get(a.email, a.accountId);
      if (taken !== null) return { kind: 'conflict', field: 'email' };
      db.query(
        'INSERT INTO account (account_id, email, plan_id, status, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (account_id) DO NOTHING',
      ).run(a.accountId, a.email, a.planId, a.status, a.createdAtMs);
      return WRITTEN;
    }
    case 'updateAccount': {
      const { changes } = db
        .query('UPDATE account SET plan_id = coalesce(?, plan_id), status = coalesce(?, status) WHERE account_id = ?')
        .run(operation.planId ?? null, operation.status ?? null, operation.accountId);
      return changes === 0 ? { kind: 'missing' } : WRITTEN;
    }
    case 'createKey':
      return createKey(db, operation);
    case 'updateKey': {
      const { changes } = db
        .query('UPDATE api_key SET uses_cache = ? WHERE key_id = ?')
        .run(operation.usesCache, operation.keyId);
      return changes === 0 ? { kind: 'missing' } : WRITTEN;
    }
    case 'revokeKey': {
      const { changes } = db
        .query('UPDATE api_key SET revoked_at = coalesce(revoked_at, ?) WHERE key_id = ?')
        .run(operation.revokedAtMs, operation.keyId);
      return changes === 0 ? { kind: 'missing' } : WRITTEN;
    }
    case 'startTask':
      db.query("UPDATE task SET starts = starts + 1 WHERE task_id = ? AND status = 'queued'").run(operation.taskId);
      return WRITTEN;
    case 'claimWebhook': {
      const { changes } = db
        .query(
          'UPDATE task SET webhook_due_at = ?, webhook_tries = webhook_tries + 1 WHERE task_id = ? AND webhook_due_at = ?',
        )
        .run(operation.nextDueAtMs, operation.taskId, operation.dueAtMs);
      crashPoint('writer.webhook-claimed');
      return changes === 0 ? { kind: 'missing' } : WRITTEN;
    }
    case 'endWebhook':
      db.query('UPDATE task SET webhook_due_at = NULL WHERE task_id = ?').run(operation.taskId);
      return WRITTEN;
    case 'purgeTasks':
      return purge(db, operation.endedBeforeMs, operation.keysBeforeMs)
        ? { kind: 'written', isMoreLeft: true }
        : WRITTEN;
    case 'addCostBook': {
      const { version, ...body } = operation.book;
      const text = JSON.stringify(body);
      db.query('INSERT INTO cost_book (version, body) VALUES (?, ?) ON CONFLICT (version) DO NOTHING').run(
        version,
        text,
      );
      const kept = db.query<{ body: string }, [number]>('SELECT body FROM cost_book WHERE version = ?').get(version);
      return kept?.body === text ? WRITTEN : { kind: 'conflict', field: 'version' };
    }
    case 'putPlan':
      return putPlan(db, operation.plan);
  }
}

function putPlan(db: Database, plan: Plan): RecordOutcome {
  const body = JSON.stringify(plan);
  db.query(
    'INSERT INTO plan (plan_id, version, body) VALUES (?, ?, ?) ON CONFLICT (plan_id) DO UPDATE SET version = excluded.version, body = excluded.body WHERE excluded.version > plan.version',
  ).run(plan.id, plan.version, body);
  const kept = db.query<{ body: string }, [string]>('SELECT body FROM plan WHERE plan_id = ?').get(plan.id);
  return kept?.body === body ? WRITTEN : { kind: 'conflict', field: 'version' };
}

function createKey(db: Database, { key: k, hmac }: RecordOperation & { kind: 'createKey' }): RecordOutcome {
  if (db.query('SELECT 1 FROM account WHERE account_id = ?').get(k.accountId) === null) return { kind: 'missing' };
  db.query(
    'INSERT INTO api_key (key_id, account_id, hmac, display, name, created_at, revoked_at, uses_cache) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key_id) DO NOTHING',
  ).run(k.keyId, k.accountId, hmac, k.display, k.name, k.createdAtMs, k.revokedAtMs, k.usesCache);
  return WRITTEN;
}

/** Answers whether more is left. The charges of what is forgotten stay in `usage`. */
function purge(db: Database, endedBeforeMs: number, keysBeforeMs = 0): boolean {
  const names = db
    .query(
      'DELETE FROM idempotency WHERE rowid IN (SELECT rowid FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?)',
    )
    .run(keysBeforeMs, PURGE_MAX).changes;
  const tasks = db
    .query('DELETE FROM task WHERE task_id IN (SELECT task_id FROM task WHERE ended_at < ? ORDER BY ended_at LIMIT ?)')
    .run(endedBeforeMs, PURGE_MAX).changes;
  crashPoint('writer.purged');
  return names === PURGE_MAX || tasks === PURGE_MAX;
}
