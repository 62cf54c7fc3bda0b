// Checks every invariant of the ledger against the rows themselves. Each check is one query that finds the rows which
// break it, so that an empty answer is a proof over the whole database.
import type { Database } from 'bun:sqlite';
import type { InvariantName } from '../invariants.ts';
import { FINDINGS_SHOWN, INVARIANTS } from '../invariants.ts';
import type { AuditFinding, AuditReport } from '../store.ts';

const CHECKS: Readonly<Record<InvariantName, string>> = {
  bucketBounds: `SELECT account_id || ' ' || bucket_id || ': granted ' || granted || ', held ' || held || ', used ' || used AS detail
      FROM bucket WHERE held < 0 OR used < 0 OR held + used > granted`,
  bucketHeld: `SELECT b.account_id || ' ' || b.bucket_id || ': held ' || b.held || ', open holds ' || coalesce(h.amount, 0) AS detail
      FROM bucket b LEFT JOIN (
        SELECT hold.account_id, part.value ->> 0 AS bucket_id, sum(part.value ->> 1) AS amount FROM hold, json_each(hold.allocation) part GROUP BY 1, 2
      ) h USING (account_id, bucket_id) WHERE b.held <> coalesce(h.amount, 0)`,
  bucketUsed: `SELECT b.account_id || ' ' || b.bucket_id || ': used ' || b.used || ', charges ' || coalesce(u.amount, 0) AS detail
      FROM bucket b LEFT JOIN (
        SELECT usage.account_id, part.value ->> 0 AS bucket_id, sum(part.value ->> 1) AS amount FROM usage, json_each(usage.allocation) part GROUP BY 1, 2
      ) u USING (account_id, bucket_id) WHERE b.used <> coalesce(u.amount, 0)`,
  bucketGranted: `SELECT b.account_id || ' ' || b.bucket_id || ': granted ' || b.granted || ', grants ' || coalesce(g.amount, 0) AS detail
      FROM bucket b LEFT JOIN (SELECT account_id, bucket_id, sum(amount) AS amount FROM grant_ GROUP BY 1, 2) g USING (account_id, bucket_id)
      WHERE b.kind <> 'daily' AND b.granted <> coalesce(g.amount, 0)`,
  oneState: 'SELECT call_id AS detail FROM hold JOIN usage USING (account_id, call_id)',
  charge: `SELECT call_id || ': charge ' || charge || ', held ' || held AS detail FROM usage
      WHERE charge < 0 OR charge > held OR charge <> (SELECT coalesce(sum(part.value ->> 1), 0) FROM json_each(usage.allocation) part)`,
  hold: `SELECT call_id || ': amount ' || amount AS detail FROM hold
      WHERE amount <> (SELECT coalesce(sum(part.value ->> 1), 0) FROM json_each(hold.allocation) part)`,
  void: "SELECT call_id || ': charge ' || charge AS detail FROM usage WHERE outcome = 'void' AND charge <> 0",
  posting: `SELECT u.call_id || ' on ' || (part.value ->> 0) AS detail FROM usage u, json_each(u.allocation) part
      WHERE NOT EXISTS (SELECT 1 FROM bucket b WHERE b.account_id = u.account_id AND b.bucket_id = part.value ->> 0)`,
  task: `SELECT task_id || ': ' || status AS detail FROM task LEFT JOIN hold USING (account_id, call_id)
      WHERE (task.status = 'queued') <> (hold.call_id IS NOT NULL)`,
};

export function auditDatabase(db: Database): AuditReport {
  // One read transaction: every check sees the same moment.
  return db.transaction((): AuditReport => {
    const findings: AuditFinding[] = [];
    for (const [name, sql] of Object.entries(CHECKS) as [InvariantName, string][]) {
      for (const row of db.query<{ detail: string }, []>(`${sql} LIMIT ${FINDINGS_SHOWN}`).all())
        findings.push({ invariant: INVARIANTS[name], detail: row.detail });
    }
    const count = (table: string) => db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? 0;
    const counted = {
      accounts: count('account'),
      buckets: count('bucket'),
      openHolds: count('hold'),
      calls: count('usage'),
    };
    return { ok: findings.length === 0, findings, counted };
  })();
}
