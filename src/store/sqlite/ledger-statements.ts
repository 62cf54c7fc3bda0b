// The SQL of the ledger in the embedded database.
import type { Database, Statement } from 'bun:sqlite';
import type { Bucket, BucketKind, Granted, Unit } from '../../core/ledger.ts';

export type LedgerStatements = ReturnType<typeof prepareLedger>;

/** Every statement of the ledger, each with the guarantee it gives. */
export function prepareLedger(db: Database) {
  type HoldRow = {
    call_id: string;
    account_id: string;
    unit: Unit;
    amount: number;
    allocation: string;
    context: string;
  };
  return {
    // Everything that can still be spent or released: an expired bucket with something held stays visible. Wallets,
    // and buckets that ended less than two days ago, come along even when nothing can be done with them, so that a
    // wallet or a day is never begun anew over an earlier row, even after a change of the time zone.
    liveBuckets: db.prepare<Bucket & { kind: BucketKind }, [string, number]>(
      "SELECT bucket_id AS bucketId, kind, unit, expires_at AS expiresAtMs, granted, held, used FROM bucket WHERE account_id = ? AND (held > 0 OR kind = 'wallet' OR expires_at IS NULL OR expires_at > ? - 172800000)",
    ),
    // Rows that this connection has changed in all.
    allChanges: db.prepare<{ rows: number }, []>('SELECT total_changes() AS rows'),
    findAccount: db.prepare<{ found: number }, [string]>('SELECT 1 AS found FROM account WHERE account_id = ?'),
    openHolds: db.prepare<HoldRow, [string]>(
      'SELECT call_id, account_id, unit, amount, allocation, context FROM hold WHERE account_id = ?',
    ),
    // Holds of other processes. In this store there is one process at a time, so those processes are gone.
    foreignHolds: db.prepare<HoldRow, [string]>(
      "SELECT call_id, account_id, unit, amount, allocation, context FROM hold WHERE owner <> ? AND owner <> 'task'",
    ),
    findFinal: db.prepare<{ outcome: 'settled' | 'void'; unit: Unit; charge: number }, [string, string]>(
      'SELECT outcome, unit, charge FROM usage WHERE account_id = ? AND call_id = ?',
    ),
    findGrant: db.prepare<Granted, [string, string]>(
      'SELECT unit, amount FROM grant_ WHERE account_id = ? AND grant_id = ?',
    ),
    findWindow: db.prepare<{ cells: Uint8Array; day: string; day_count: number }, [string, string]>(
      'SELECT cells, day, day_count FROM limit_window WHERE account_id = ? AND subject = ?',
    ),
    putBucket: db.prepare(
      'INSERT INTO bucket (account_id, bucket_id, kind, unit, expires_at, granted, held, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, bucket_id) DO UPDATE SET granted = excluded.granted, held = excluded.held, used = excluded.used',
    ),
    insertHold: db.prepare(
      'INSERT INTO hold (call_id, account_id, unit, amount, allocation, owner, context) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    deleteHold: db.prepare('DELETE FROM hold WHERE account_id = ? AND call_id = ?'),
    insertUsage:
      db.prepare(`INSERT INTO usage (call_id, account_id, key_id, dialect, endpoint, model, provider, upstream_model,
      outcome, unit, held, charge, allocation, price_version, usage_source, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, images,
      status, error_code, attempts, first_byte_ms, duration_ms, admitted_at, ended_at,
      cost_micro_rub, unpaid_attempts, cache_write_tokens, counted_tokens, characters, audio_seconds) VALUES (${Array(33).fill('?').join(', ')})`),
    insertGrant: db.prepare(
      'INSERT INTO grant_ (account_id, grant_id, bucket_id, unit, amount, source, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    putWindow: db.prepare(
      'INSERT INTO limit_window (account_id, subject, cells, day, day_count) VALUES (?, ?, ?, ?, ?) ON CONFLICT (account_id, subject) DO UPDATE SET cells = excluded.cells, day = excluded.day, day_count = excluded.day_count',
    ),
  } satisfies Record<string, Statement>;
}
