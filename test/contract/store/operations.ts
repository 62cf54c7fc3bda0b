// Operations and questions that the contract of stores is written in.
import type { GrantOperation, HoldOperation, SettleOperation } from '../../../src/core/ledger.ts';
import type { Account, CallContext, CallRecord, Key, Store, WriteOperation } from '../../../src/store/store.ts';
import type { StoreChanges, TemporaryStore } from '../../../src/testing/temporary-stores.ts';

/** Opens one member of the list that the contract runs over. */
export type OpenStore = (changes?: StoreChanges) => Promise<TemporaryStore>;

export const NOON = Date.parse('2026-11-21T12:00:00+03:00');
export const DAY_MS = 86_400_000;

export const CONTEXT: CallContext = {
  keyId: 'key-1',
  dialect: 'openai',
  endpoint: 'chat',
  model: 'gpt-4o-mini',
  admittedAtMs: NOON,
  priceVersion: 'prestige@1',
};

export const RECORD: CallRecord = {
  ...CONTEXT,
  provider: 'demo',
  upstreamModel: 'demo-1',
  usage: {
    source: 'exact',
    inputTokens: 11,
    cachedInputTokens: 3,
    outputTokens: 0,
    reasoningTokens: 2,
    images: 1,
    cacheWriteTokens: 4,
    characters: 5,
    audioSeconds: 7,
  },
  status: 200,
  errorCode: null,
  attempts: 1,
  unpaidAttempts: 2,
  costMicroRub: 1_234,
  countedTokens: 9,
  firstByteMs: 12,
  durationMs: 345,
};

type Hold = HoldOperation & { readonly context: CallContext };
type Settle = SettleOperation & { readonly record: CallRecord };
type Grant = GrantOperation & { readonly source: string };

export function hold(callId: string, amount: number, changes: Partial<Hold> = {}): Hold {
  return {
    kind: 'hold',
    callId,
    accountId: 'anna',
    unit: 'requests',
    amount,
    dailyRequests: 0,
    claims: [],
    context: CONTEXT,
    ...changes,
  };
}

export function settle(callId: string, charge: number, changes: Partial<Settle> = {}): Settle {
  return { kind: 'settle', callId, accountId: 'anna', outcome: 'settled', charge, record: RECORD, ...changes };
}

export function voidCall(callId: string): Settle {
  return settle(callId, 0, { outcome: 'void', record: { ...RECORD, usage: null, firstByteMs: null } });
}

export function pack(grantId: string, amount: number, expiresAtMs: number | null = null, accountId = 'anna'): Grant {
  const source = 'test';
  return { kind: 'grant', grantId, accountId, bucketKind: 'pack', unit: 'requests', amount, expiresAtMs, source };
}

export function money(grantId: string, amount: number): Grant {
  return { ...pack(grantId, amount), bucketKind: 'wallet', unit: 'microRub' };
}

export function account(accountId: string, changes: Partial<Account> = {}): WriteOperation & { kind: 'createAccount' } {
  const email = `${accountId}@example.org`;
  return {
    kind: 'createAccount',
    account: { accountId, email, planId: 'prestige', status: 'active', createdAtMs: NOON, ...changes },
  };
}

export function key(keyId: string, changes: Partial<Key> = {}): WriteOperation & { kind: 'createKey' } {
  const display = `tlm-${keyId}…abcd`;
  return {
    kind: 'createKey',
    hmac: `hmac of ${keyId}`,
    key: {
      keyId,
      accountId: 'anna',
      name: 'ключ',
      display,
      createdAtMs: NOON,
      revokedAtMs: null,
      usesCache: false,
      ...changes,
    },
  };
}

/** What is left of each live bucket of an account, in spending order. */
export async function leftOf(temporary: TemporaryStore, dailyRequests = 0, accountId = 'anna') {
  const rows = await temporary.store.listBuckets(accountId, dailyRequests, temporary.nowMs);
  return Object.fromEntries(rows.map((row) => [row.bucketId, row.granted - row.held - row.used]));
}

/** Everything that the store tells, to compare before and after. */
export async function everythingOf({ store, nowMs }: TemporaryStore) {
  const accounts = await store.listAccounts(100);
  const owned = accounts.map(async ({ accountId }) => ({
    keys: await store.listKeys(accountId),
    buckets: await store.listBuckets(accountId, 0, nowMs),
    usage: await store.listUsage(accountId, 1000),
  }));
  const audit = await store.audit();
  return { accounts, owned: await Promise.all(owned), plans: await store.listPlans(), counted: audit.counted };
}

/** How many of the answers are of each kind; a rejection counts by its code. */
export async function tally(answers: readonly Promise<{ readonly kind: string }>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of await Promise.allSettled(answers)) {
    const kind = answer.status === 'fulfilled' ? answer.value.kind : String(answer.reason.code);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Writes one after the other, each in a commit of its own. */
export async function writeAll(store: Store, operations: readonly WriteOperation[]): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (const operation of operations) outcomes.push(await store.write(operation));
  return outcomes;
}
