// Buckets, the sources of balance, and which of them an amount is taken from: today's allowance first, then packs by
// expiry, then the money wallet.

export type Unit = 'requests' | 'microRub';

/** Spending order of the kinds: today's allowance, then packs by expiry, then the money wallet. */
export const BUCKET_KINDS = ['daily', 'pack', 'wallet'] as const;
export type BucketKind = (typeof BUCKET_KINDS)[number];

export type Bucket = {
  readonly bucketId: string;
  readonly kind: BucketKind;
  readonly unit: Unit;
  /** The first millisecond at which nothing more can be held from it; `null` is never. */
  readonly expiresAtMs: number | null;
  granted: number;
  held: number;
  used: number;
};

/** How an amount is spread over buckets, in spending order. */
export type Allocation = readonly (readonly [bucketId: string, amount: number])[];

/** What an account can spend now, beyond what is held. */
export type Balance = { readonly requests: number; readonly microRub: number };

/** What live buckets have left, per unit. */
export function sumBalance(buckets: readonly Pick<Bucket, 'unit' | 'granted' | 'held' | 'used'>[]): Balance {
  const left = { requests: 0, microRub: 0 };
  for (const bucket of buckets) left[bucket.unit] += bucket.granted - bucket.held - bucket.used;
  return left;
}

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
  throw new Error(`${left} of ${amount} ${unit} are missing although the balance has them`);
}

/** Kind first, then the earlier expiry, then the id, so that the order is total. */
export function spendingOrder(a: Bucket, b: Bucket): number {
  const kind = BUCKET_KINDS.indexOf(a.kind) - BUCKET_KINDS.indexOf(b.kind);
  if (kind !== 0) return kind;
  const expiry = (a.expiresAtMs ?? Number.POSITIVE_INFINITY) - (b.expiresAtMs ?? Number.POSITIVE_INFINITY);
  if (expiry !== 0 && !Number.isNaN(expiry)) return expiry;
  return a.bucketId < b.bucketId ? -1 : a.bucketId > b.bucketId ? 1 : 0;
}
