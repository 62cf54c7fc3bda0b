// The ledger's rows as a store would keep them, in memory. Books are loaded from the rows for each batch and only what
// `Changes` names is written back, so that a forgotten change shows at once.
import type { Calendar } from '../core/calendar.ts';
import type {
  AccountBook,
  Allocation,
  Bucket,
  Final,
  GrantOperation,
  Hold,
  LedgerOperation,
  LedgerOutcome,
} from '../core/ledger.ts';
import { Changes, decide } from '../core/ledger.ts';
import { LimitWindow } from '../core/limits.ts';

export type Charge = { readonly final: Final; readonly allocation: Allocation; readonly held: number };

/** The rows of one account. */
export class LedgerTables {
  readonly buckets = new Map<string, Bucket>();
  readonly holds = new Map<string, Hold>();
  readonly charges = new Map<string, Charge>();
  readonly grants = new Map<string, { readonly operation: GrantOperation; readonly bucketId: string }>();
  readonly windows = new Map<
    string,
    { readonly cells: ArrayBuffer; readonly day: string; readonly dayCount: number }
  >();
  /** What the last batch asked to be written. */
  lastChanges = new Changes();
  readonly #calendar: Calendar;

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
  }

  /** Decides a batch at one moment and writes what changed. */
  apply(operations: readonly LedgerOperation[], nowMs: number): LedgerOutcome[] {
    const book = this.#load();
    const changes = new Changes();
    const day = this.#calendar.dayAt(nowMs);
    const outcomes = operations.map((operation) => decide(book, operation, nowMs, day, changes));
    this.#write(changes);
    this.lastChanges = changes;
    return outcomes;
  }

  /** All rows as text, to be compared. */
  snapshot(): string {
    const windows = [...this.windows].map(([subject, w]) => [subject, w.day, w.dayCount, [...new Uint8Array(w.cells)]]);
    const rows = [this.buckets, this.holds, this.charges, this.grants].map((table) => [...table].sort(byId));
    return JSON.stringify([...rows, windows.sort()]);
  }

  #load(): AccountBook {
    return {
      accountId: 'account',
      buckets: new Map([...this.buckets].map(([id, bucket]) => [id, { ...bucket }])),
      holds: new Map(this.holds),
      finals: new Map([...this.charges].map(([id, { final }]) => [id, final])),
      grants: new Map([...this.grants].map(([id, { operation }]) => [id, operation])),
      windows: new Map(
        [...this.windows].map(([subject, w]) => [subject, new LimitWindow(w.cells.slice(0), w.day, w.dayCount)]),
      ),
    };
  }

  #write(changes: Changes): void {
    for (const bucket of changes.buckets) this.buckets.set(bucket.bucketId, { ...bucket });
    for (const hold of changes.newHolds) this.holds.set(hold.callId, hold);
    for (const hold of changes.endedHolds) this.holds.delete(hold.callId);
    for (const charge of changes.newFinals) {
      if (this.charges.has(charge.final.callId)) throw new Error(`${charge.final.callId} was ended twice`);
      this.charges.set(charge.final.callId, charge);
    }
    for (const grant of changes.newGrants) {
      if (this.grants.has(grant.operation.grantId)) throw new Error(`${grant.operation.grantId} was granted twice`);
      this.grants.set(grant.operation.grantId, grant);
    }
    for (const [subject, w] of changes.windows)
      this.windows.set(subject, { cells: w.bytes().slice().buffer as ArrayBuffer, day: w.day, dayCount: w.dayCount });
  }
}

function byId(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

/** Whether a batch asked for nothing to be written. */
export function isNothing(changes: Changes): boolean {
  const lists = [changes.newHolds, changes.endedHolds, changes.newFinals, changes.newGrants];
  return changes.buckets.size === 0 && changes.windows.size === 0 && lists.every((list) => list.length === 0);
}

/** What of the ledger's invariants the rows break, in words; nothing if they are sound. */
export function brokenInvariants(tables: LedgerTables): string[] {
  const broken: string[] = [];
  for (const bucket of tables.buckets.values()) {
    const { bucketId: id, granted, held, used } = bucket;
    if (!(held >= 0 && used >= 0 && held + used <= granted)) broken.push(`${id}: ${held} + ${used} of ${granted}`);
    const sumHeld = sumOn(
      id,
      [...tables.holds.values()].map((hold) => hold.allocation),
    );
    const sumUsed = sumOn(
      id,
      [...tables.charges.values()].map((charge) => charge.allocation),
    );
    if (held !== sumHeld) broken.push(`${id}: held ${held}, holds ${sumHeld}`);
    if (used !== sumUsed) broken.push(`${id}: used ${used}, charges ${sumUsed}`);
    const grants = [...tables.grants.values()].filter((grant) => grant.bucketId === id);
    const sumGranted = grants.reduce((sum, grant) => sum + grant.operation.amount, 0);
    if (bucket.kind !== 'daily' && granted !== sumGranted)
      broken.push(`${id}: granted ${granted}, grants ${sumGranted}`);
  }
  for (const callId of tables.holds.keys()) if (tables.charges.has(callId)) broken.push(`${callId}: open and ended`);
  for (const { final, allocation, held } of tables.charges.values()) {
    const posted = allocation.reduce((sum, [, amount]) => sum + amount, 0);
    if (final.charge > held || final.charge !== posted) broken.push(`${final.callId}: ${final.charge} of ${held}`);
    if (final.outcome === 'void' && final.charge !== 0) broken.push(`${final.callId}: void and charged`);
  }
  return broken;
}

function sumOn(bucketId: string, allocations: readonly Allocation[]): number {
  return allocations.flat().reduce((sum, [id, amount]) => (id === bucketId ? sum + amount : sum), 0);
}
