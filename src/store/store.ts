// The one interface between the program and what is durable. Two stores implement it (sqlite, postgres), and one
// contract suite runs over both. Everything that a promise of this interface resolves to is on disk.

import type { Usage } from '../core/call.ts';
import type { CostBook } from '../core/cost.ts';
import type { GrantOperation, HoldOperation, LedgerOutcome, SettleOperation, Unit } from '../core/ledger.ts';
import type { Plan } from '../core/plan.ts';
import type { UsageQuestion, UsageSum } from './usage-sums.ts';

/** What is known of a call when its hold is taken; enough to close it if the process dies. */
export type CallContext = {
  readonly keyId: string;
  readonly dialect: string;
  readonly endpoint: string;
  readonly model: string;
  readonly admittedAtMs: number;
  readonly priceVersion: string;
  /** The client's own name for the call, which is free again if the call ends with nothing charged. Tasks keep theirs. */
  readonly idempotencyKey?: string;
};

/** What is kept of a call when it has ended. It never holds text of the prompt or of the answer. */
export type CallRecord = CallContext & {
  readonly provider: string | null;
  readonly upstreamModel: string | null;
  readonly usage: Usage | null;
  /** The status that the client saw; 499 where the client had gone. */
  readonly status: number;
  readonly errorCode: string | null;
  readonly attempts: number;
  /** Those of them that a provider may bill and this call's charge does not pay for. */
  readonly unpaidAttempts: number;
  /** What the vendor charges us for what it told of, or what was counted; `null` where nobody knows. */
  readonly costMicroRub: number | null;
  /** Output tokens by our own count, where the vendor told its own. */
  readonly countedTokens: number | null;
  readonly firstByteMs: number | null;
  readonly durationMs: number;
};

export type Account = {
  readonly accountId: string;
  readonly email: string;
  readonly planId: string;
  readonly status: 'active' | 'blocked';
  readonly createdAtMs: number;
};

/** A key as it may be listed: never the key itself. */
export type Key = {
  readonly keyId: string;
  readonly accountId: string;
  readonly name: string;
  /** Beginning and last four characters. */
  readonly display: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  /** Whether its calls may be answered from the response cache where they do not say otherwise. */
  readonly usesCache: boolean;
};

/** Who calls, as found by the HMAC of a key. */
export type KeyOwner = {
  readonly keyId: string;
  readonly accountId: string;
  readonly planId: string;
  readonly revoked: boolean;
  readonly accountStatus: Account['status'];
  readonly usesCache: boolean;
};

export type UsageRow = CallRecord & {
  readonly callId: string;
  readonly accountId: string;
  readonly outcome: string;
  readonly unit: Unit;
  readonly held: number;
  readonly charge: number;
  readonly endedAtMs: number;
};

export type BucketRow = {
  readonly bucketId: string;
  readonly kind: string;
  readonly unit: Unit;
  readonly expiresAtMs: number | null;
  readonly granted: number;
  readonly held: number;
  readonly used: number;
};

/** One broken invariant, in words that name the rows. */
export type AuditFinding = { readonly invariant: string; readonly detail: string };
export type AuditReport = {
  readonly ok: boolean;
  readonly findings: readonly AuditFinding[];
  readonly counted: {
    readonly accounts: number;
    readonly buckets: number;
    readonly openHolds: number;
    readonly calls: number;
  };
};

/** A task as it is accepted: the stored call, which is wiped when the task ends. */
export type NewTask = {
  readonly request: string;
  /** Where to tell of the end, signed for the key that made the task. */
  readonly webhook?: { readonly url: string; readonly keyId: string };
};

/** A client's own name for a request, with what tells its content from another's. It belongs to one account. */
export type IdempotencyKey = { readonly key: string; readonly fingerprint: string };

/** An answer as it is given again to a request of the same name. */
export type StoredAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** A message of a task's end that is to be delivered. */
export type DueWebhook = {
  readonly taskId: number;
  readonly keyId: string;
  readonly url: string;
  readonly tries: number;
  readonly dueAtMs: number;
};

/** How a task ended. `result` is the answer's text. */
export type TaskEnd = {
  readonly status: 'completed' | 'failed';
  readonly result: string | null;
  readonly errorCode: string | null;
};

export type TaskRow = {
  readonly taskId: number;
  readonly accountId: string;
  readonly callId: string;
  readonly status: 'queued' | 'completed' | 'failed';
  readonly result: string | null;
  readonly errorCode: string | null;
  readonly createdAtMs: number;
  readonly endedAtMs: number | null;
};

/** A queued task in the order of the queue. */
export type TaskReference = { readonly taskId: number; readonly accountId: string };

/** All that is needed to run a queued task. */
export type TaskWork = TaskReference & {
  readonly callId: string;
  readonly planId: string;
  readonly request: string;
  readonly context: CallContext;
  /** What is held for it. */
  readonly amount: number;
  /** How often a process died while the task waited or ran. */
  readonly recoveries: number;
  /** How often it was begun, as `startTask` counts. */
  readonly starts: number;
};

/** Operations of the ledger with what must be written beside them, in the same commit. */
export type WriteOperation =
  | (HoldOperation & { readonly context: CallContext; readonly task?: NewTask; readonly idempotency?: IdempotencyKey })
  | (SettleOperation & { readonly record: CallRecord; readonly taskEnd?: TaskEnd; readonly answer?: StoredAnswer })
  | (GrantOperation & { readonly source: string })
  | { readonly kind: 'createAccount'; readonly account: Account }
  | {
      readonly kind: 'updateAccount';
      readonly accountId: string;
      readonly planId?: string;
      readonly status?: Account['status'];
    }
  | { readonly kind: 'createKey'; readonly key: Key; readonly hmac: string }
  | { readonly kind: 'updateKey'; readonly keyId: string; readonly usesCache: boolean }
  | { readonly kind: 'revokeKey'; readonly keyId: string; readonly revokedAtMs: number }
  /** Puts a plan in place of its older versions. `conflict` where there is another of that version, or a newer one. */
  | { readonly kind: 'putPlan'; readonly plan: Plan }
  /** Adds a version of the book of costs. `conflict` where there is another of that number. */
  | { readonly kind: 'addCostBook'; readonly book: CostBook }
  /** Forgets tasks, results and all, that ended before a time, and names of requests: some thousands of each at once. */
  | { readonly kind: 'purgeTasks'; readonly endedBeforeMs: number; readonly keysBeforeMs?: number }
  /**
   * Takes a due webhook for one try, unless another process has just taken it (`missing`). Where this process dies
   * it is due again at `nextDueAtMs`.
   */
  | {
      readonly kind: 'claimWebhook';
      readonly taskId: number;
      readonly dueAtMs: number;
      readonly nextDueAtMs: number | null;
    }
  /** The webhook was delivered. */
  | { readonly kind: 'endWebhook'; readonly taskId: number }
  /** Counts that a task begins, so that one which ends its process each time can be told. */
  | { readonly kind: 'startTask'; readonly taskId: number };

/** Answers of the operations that are not the ledger's. `conflict` names the field that must be unique. */
export type RecordOutcome =
  /** `isMoreLeft` where the operation is to be given again to go on. */
  | { readonly kind: 'written'; readonly isMoreLeft?: true }
  | { readonly kind: 'missing' }
  | { readonly kind: 'conflict'; readonly field: string };

/**
 * A hold that brought a task answers the task's id as well, even when the task has ended meanwhile. Where the client's
 * name for the request was used before, nothing is held: `repeated` tells the earlier task, `answered` that there was an
 * answer, `running` that there will be one, and `mismatched` that the name stands for another request.
 */
export type HoldOutcome =
  | (LedgerOutcome & { readonly taskId?: number })
  | { readonly kind: 'repeated'; readonly taskId?: number }
  | { readonly kind: 'answered'; readonly taskId?: undefined }
  | { readonly kind: 'running'; readonly taskId?: undefined }
  | { readonly kind: 'mismatched'; readonly taskId?: undefined };

export type OutcomeOf<O extends WriteOperation> = O extends { kind: 'hold' }
  ? HoldOutcome
  : O extends { kind: 'hold' | 'settle' | 'grant' }
    ? LedgerOutcome
    : RecordOutcome;

/** What an operator should learn of the store's own life. */
export type StoreNotice =
  | { readonly kind: 'holds_voided'; readonly count: number }
  /** This process was silent for longer than its lease; others may have voided its holds. */
  | { readonly kind: 'lease_lapsed'; readonly byMs: number }
  | { readonly kind: 'lease_not_renewed'; readonly detail: string }
  /** What dead processes left, or what this one gave up, could not be ended yet. */
  | { readonly kind: 'sweep_failed'; readonly detail: string };

/** In the length of a process's lease it is renewed so often, and so often is looked for what dead processes have left. */
export const LEASE_BEATS = 4;

export interface Store {
  /**
   * Decides and writes one operation; resolves when it is durable. Operations of parallel callers share commits.
   * Rejects with `temporarily_unavailable` when nothing was written, and `overloaded` when too many are waiting: settles
   * never hear that, since there are no more of them than holds.
   * An operation may be given again any number of times.
   */
  write<O extends WriteOperation>(operation: O): Promise<OutcomeOf<O>>;

  findKey(hmac: string): Promise<KeyOwner | undefined>;
  findAccount(accountId: string): Promise<Account | undefined>;
  listAccounts(limit: number): Promise<Account[]>;
  listKeys(accountId: string): Promise<Key[]>;
  listPlans(): Promise<Plan[]>;
  /** Live buckets, today's allowance among them even before its first use. */
  listBuckets(accountId: string, dailyRequests: number, nowMs: number): Promise<BucketRow[]>;
  /** Newest first. `before` is a call id to go on from. */
  listUsage(accountId: string, limit: number, before?: string): Promise<UsageRow[]>;
  /** The book of costs in force. */
  findCostBook(): Promise<CostBook | undefined>;
  /** Sums over the calls that were admitted in a span of time, by name and at most `USAGE_SUMS_MAX` of them. */
  sumUsage(question: UsageQuestion): Promise<UsageSum[]>;
  /** What a request of this name was answered, where that was kept. */
  findAnswer(accountId: string, idempotencyKey: string): Promise<StoredAnswer | undefined>;
  findTask(taskId: number): Promise<TaskRow | undefined>;
  /** The work of a task that is still queued, and this process's; or anybody's, to end it from outside. */
  findTaskWork(taskId: number, whose?: 'anybody'): Promise<TaskWork | undefined>;
  /** Webhooks that are due, oldest first. */
  listDueWebhooks(nowMs: number, limit: number): Promise<DueWebhook[]>;
  /** Queued tasks of processes that are gone, oldest first; from now on they are this process's. */
  adoptTasks(): Promise<TaskReference[]>;
  audit(): Promise<AuditReport>;
  /** How long the oldest write under way has been waiting for its commit, for telling a store that cannot keep up. */
  readonly writeDelayMs: number;
  /** Whether the store answers, for readiness. */
  ping(): Promise<boolean>;
  /** Writes what is waiting, then closes. */
  close(): Promise<void>;
}
