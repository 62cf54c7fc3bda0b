// Which buckets an amount is taken from: today's allowance first, then packs by expiry, then the money wallet.
import type { Allocation, Bucket, Unit } from './ledger.ts';
import { BUCKET_KINDS } from './ledger.ts';

/** Whether something can be taken from a bucket: it has not expired. */
export function isLive(bucket: Bucket, nowMs: number): boolean {
  return bucket.expiresAtMs === null || bucket.expiresAtMs > nowMs;
}

/** Spreads `amount`, which is there, over the live buckets in spending order. */
export function allocate(buckets: Iterable<Bucket>, unit: Unit, amount: number, nowMs: number): Allocation {
  if (amount === 0) return [];
  const live = [...buckets].filter((b) => b.unit === unit && isLive(b, nowMs)).sort(spendingOrder);
  const allocation: (readonly [string, number])[] = [];
  let left = amount;
  for (const bucket of live) {
    const part = Math.min(left, bucket.granted - bucket.held - bucket.used);
    if (part <= 0) continue;
    allocation.push([bucket.bucketId, part]);
    left -= part;
    if (left === 0) return allocation;
  }
  throw new Error(`${book.accountId}: ${left} of ${amount} ${unit} are missing although the balance has them`);
}

/** Kind first, then the earlier expiry, then the id, so that the order is total. */
export function spendingOrder(a: Bucket, b: Bucket): number {
  const kind = BUCKET_KINDS.indexOf(a.kind) - BUCKET_KINDS.indexOf(b.kind);
  if (kind !== 0) return kind;
  const expiry = (a.expiresAtMs ?? Number.POSITIVE_INFINITY) - (b.expiresAtMs ?? Number.POSITIVE_INFINITY);
  if (expiry !== 0 && !Number.isNaN(expiry)) return expiry;
  return a.bucketId < b.bucketId ? -1 : a.bucketId > b.bucketId ? 1 : 0;
}
