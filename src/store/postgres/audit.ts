// Checks every invariant of the ledger against the rows themselves. Each check is one query that finds the rows which
// break it, so that an empty answer is a proof over the whole database.
import type { InvariantName } from '../invariants.ts';
import { FINDINGS_SHOWN, INVARIANTS } from '../invariants.ts';
import type { AuditFinding, AuditReport } from '../store.ts';
import type { Session } from './connection.ts';
import { toInteger } from './connection.ts';

/** The postings of each account's holds or usage, summed per bucket. */
const postings = (table: 'hold' | 'usage') => `SELECT t.account_id, part.value ->> 0 AS bucket_id,
  sum((part.value ->> 1)::bigint) AS amount FROM ${table} t, jsonb_array_elements(t.allocation) part GROUP BY 1, 2`;
const postingsOfOne = (table: string) =>
  `(SELECT coalesce(sum((part.value ->> 1)::bigint), 0) FROM jsonb_array_elements(${table}.allocation) part)`;

const CHECKS: Readonly<Record<InvariantName, string>> = {
  bucketBounds: `SELECT account_id || ' ' || bucket_id || ': granted ' || granted || ', held ' || held || ', used ' || used AS detail
    FROM bucket WHERE held < 0 OR used < 0 OR held + used > granted`,
  bucketHeld: `SELECT b.account_id || ' ' || b.bucket_id || ': held ' || b.held || ', open holds ' || coalesce(h.amount, 0) AS detail
    FROM bucket b LEFT JOIN (${postings('hold')}) h USING (account_id, bucket_id) WHERE b.held <> coalesce(h.amount, 0)`,
  bucketUsed: `SELECT b.account_id || ' ' || b.bucket_id || ': used ' || b.used || ', charges ' || coalesce(u.amount, 0) AS detail
    FROM bucket b LEFT JOIN (${postings('usage')}) u USING (account_id, bucket_id) WHERE b.used <> coalesce(u.amount, 0)`,
  bucketGranted: `SELECT b.account_id || ' ' || b.bucket_id || ': granted ' || b.granted || ', grants ' || coalesce(g.amount, 0) AS detail
    FROM bucket b LEFT JOIN (SELECT account_id, bucket_id, sum(amount) AS amount FROM grant_ GROUP BY 1, 2) g USING (account_id, bucket_id)
    WHERE b.kind <> 'daily' AND b.granted <> coalesce(g.amount, 0)`,
  oneState: 'SELECT call_id AS detail FROM hold JOIN usage USING (account_id, call_id)',
  charge: `SELECT call_id || ': charge ' || charge || ', held ' || held AS detail FROM usage
    WHERE charge < 0 OR charge > held OR charge <> ${postingsOfOne('usage')}`,
  hold: `SELECT call_id || ': amount ' || amount AS detail FROM hold WHERE amount <> ${postingsOfOne('hold')}`,
  void: "SELECT call_id || ': charge ' || charge AS detail FROM usage WHERE outcome = 'void' AND charge <> 0",
  posting: `SELECT u.call_id || ' on ' || (part.value ->> 0) AS detail FROM usage u, jsonb_array_elements(u.allocation) part
    WHERE NOT EXISTS (SELECT 1 FROM bucket b WHERE b.account_id = u.account_id AND b.bucket_id = part.value ->> 0)`,
  task: `SELECT task_id || ': ' || status AS detail FROM task LEFT JOIN hold USING (account_id, call_id)
    WHERE (task.status = 'queued') <> (hold.call_id IS NOT NULL)`,
};

const COUNTS = `SELECT (SELECT count(*) FROM account) AS accounts, (SELECT count(*) FROM bucket) AS buckets,
  (SELECT count(*) FROM hold) AS open_holds, (SELECT count(*) FROM usage) AS calls`;

export async function auditDatabase(session: Session): Promise<AuditReport> {
  // One snapshot: every check sees the same moment, while calls go on.
  await session.unsafe('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  const findings: AuditFinding[] = [];
  for (const [name, sql] of Object.entries(CHECKS) as [InvariantName, string][]) {
    const rows: { detail: string }[] = await session.unsafe(`${sql} LIMIT ${FINDINGS_SHOWN}`);
    for (const { detail } of rows) findings.push({ invariant: INVARIANTS[name], detail });
  }
  const [counts] = await session.unsafe(COUNTS);
  await session.unsafe('COMMIT');
  const counted = {
    accounts: toInteger(counts.accounts),
    buckets: toInteger(counts.buckets),
    openHolds: toInteger(counts.open_holds),
    calls: toInteger(counts.calls),
  };
  return { ok: findings.length === 0, findings, counted };
}
