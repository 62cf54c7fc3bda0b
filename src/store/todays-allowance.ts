// Shows today's allowance among an account's buckets as the next hold will find it, even before its first use.
import type { Calendar } from '../core/calendar.ts';
import { dailyBucketId } from '../core/ledger.ts';
import type { BucketRow } from './store.ts';

/** @param rows live buckets in spending order. */
export function withTodaysAllowance(
  rows: readonly BucketRow[],
  calendar: Calendar,
  dailyRequests: number,
  nowMs: number,
): BucketRow[] {
  const day = calendar.dayAt(nowMs);
  const bucketId = dailyBucketId(day);
  const today = rows.find((row) => row.bucketId === bucketId);
  const granted = Math.max(dailyRequests, (today?.held ?? 0) + (today?.used ?? 0));
  const others = rows.filter((row) => row !== today);
  if (granted === 0) return others;
  const made = { bucketId, kind: 'daily', unit: 'requests', expiresAtMs: day.endsAtMs, held: 0, used: 0 } as const;
  return [{ ...made, ...today, granted }, ...others];
}
