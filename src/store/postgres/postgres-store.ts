// The store for several processes on one PostgreSQL database. Writes go through a few lanes with group commit, all
// operations of an account through the same one; reads use connections of their own.
import type { Clock } from '../../core/clock.ts';
import { CallError } from '../../core/errors.ts';
import { failureDetail } from '../../core/failure-detail.ts';
import { crashPoint } from '../../crash-point.ts';
import { GroupCommit } from '../group-commit.ts';
import { accountOf } from '../record-operation.ts';
import { voidOrphan } from '../restart-record.ts';
import type { AuditReport, OutcomeOf, Store, StoreNotice, WriteOperation } from '../store.ts';
import type { UsageQuestion } from '../usage-sums.ts';
import { auditDatabase } from './audit.ts';
import { BatchWriter } from './batch-writer.ts';
import { Connection } from './connection.ts';
import { migrate } from './migrate.ts';
import { ProcessLease } from './process-lease.ts';
import { PostgresReader } from './reader.ts';
import { checkSecret } from './secret-check.ts';
import { StatementPool } from './statement-pool.ts';
import { TaskReader } from './task-reader.ts';

export type PostgresStoreOptions = {
  readonly url: string;
  readonly timeZone: string;
  /** Measures waits only: the database's clock decides. */
  readonly clock: Clock;
  /** Operations that may wait before new ones are refused as `overloaded`. */
  readonly maxWaiting: number;
  /** Tells one master secret from another, without telling it. */
  readonly secretCheck: string;
  readonly notice?: (notice: StoreNotice) => void;
  /** How long a silent process keeps its holds; the same for all processes, since each counts on the others' renewing as often. */
  readonly leaseMs: number;
  /** How long a commit is tried before its callers hear that the store is unavailable. */
  readonly giveUpMs?: number;
};

const LANES = 2;
/** Operations of one commit. Larger batches gain little and delay the first caller. */
const BATCH_MAX = 256;
const GIVE_UP_MS = 8_000;
/** Bounds of the work before the first call, and of a whole audit. */
const OPENING_MS = 300_000;
const AUDIT_MS = 3_600_000;
const POSTGRES_MIN = 150_000;

type Hold = Extract<WriteOperation, { kind: 'hold' }>;

export async function openPostgresStore(options: PostgresStoreOptions): Promise<{ store: Store; voidedHolds: number }> {
  const connection = new Connection(options.url);
  try {
    await connection.use(OPENING_MS, async (session) => {
      const [row] = await session.unsafe("SELECT current_setting('server_version_num')::int AS version");
      if (row.version < POSTGRES_MIN) throw new Error(`it has version ${row.version}; 15 or newer is needed`);
      await migrate(session);
      await checkSecret(session, options.secretCheck);
    });
  } catch (error) {
    throw new Error(`cannot open the PostgreSQL database: ${error instanceof Error ? error.message : String(error)}`);
  }
  await connection.close();
  const store = new PostgresStore(options);
  await store.start();
  return { store, voidedHolds: 0 };
}

class PostgresStore implements Store {
  readonly #options: PostgresStoreOptions;
  readonly #pool: StatementPool;
  readonly #reader: PostgresReader;
  readonly #lease: ProcessLease;
  readonly #tasks: TaskReader;
  readonly #writers: readonly BatchWriter[];
  readonly #lanes: readonly GroupCommit[];
  /** Holds whose callers were told that nothing was written, although that is not known. They are voided. */
  readonly #abandoned = new Map<string, Hold>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #beat: Promise<void> | undefined;
  #sweeping: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    this.#options = options;
    this.#pool = new StatementPool(options.url);
    this.#reader = new PostgresReader(this.#pool, options.timeZone);
    this.#lease = new ProcessLease(this.#pool, options.leaseMs, (notice) => options.notice?.(notice));
    this.#tasks = new TaskReader(this.#pool, this.#lease);
    const { url, timeZone, clock, giveUpMs = GIVE_UP_MS } = options;
    const onAbandoned = (operations: readonly WriteOperation[]) => this.#abandon(operations);
    this.#writers = Array.from(
      { length: LANES },
      () => new BatchWriter({ url, timeZone, clock, giveUpMs, lease: this.#lease, onAbandoned }),
    );
    this.#lanes = this.#writers.map(
      (writer) =>
        new GroupCommit(
          BATCH_MAX,
          (operations) => writer.apply(operations),
          () => clock.monotonicMs(),
        ),
    );
  }

  async start(): Promise<void> {
    await this.#lease.renew();
    this.#timer = setInterval(() => (this.#beat ??= this.#onBeat()), this.#lease.beatMs);
  }

  write<O extends WriteOperation>(operation: O): Promise<OutcomeOf<O>> {
    const waiting = this.#lanes.reduce((sum, lane) => sum + lane.waiting, 0);
    if (waiting >= this.#options.maxWaiting && operation.kind !== 'settle')
      return Promise.reject(new CallError('overloaded', { retryAfterS: 1 }));
    // A hold that is asked for again is wanted after all.
    if (operation.kind === 'hold') this.#abandoned.delete(operation.callId);
    return this.#laneOf(operation).add(operation) as Promise<OutcomeOf<O>>;
  }

  findKey(hmac: string) {
    return this.#reader.findKey(hmac);
  }

  findAccount(accountId: string) {
    return this.#reader.findAccount(accountId);
  }

  listAccounts(limit: number) {
    return this.#reader.listAccounts(limit);
  }

  listKeys(accountId: string) {
    return this.#reader.listKeys(accountId);
  }

  listPlans() {
    return this.#reader.listPlans();
  }

  listBuckets(accountId: string, dailyRequests: number, nowMs: number) {
    return this.#reader.listBuckets(accountId, dailyRequests, nowMs);
  }

  listUsage(accountId: string, limit: number, before?: string) {
    return this.#reader.listUsage(accountId, limit, before);
  }

  findCostBook() {
    return this.#reader.findCostBook();
  }

  sumUsage(question: UsageQuestion) {
    return this.#reader.sumUsage(question);
  }

  findAnswer(accountId: string, idempotencyKey: string) {
    return this.#reader.findAnswer(accountId, idempotencyKey);
  }

  findTask(taskId: number) {
    return this.#tasks.find(taskId);
  }

  findTaskWork(taskId: number, whose?: 'anybody') {
    return this.#tasks.findWork(taskId, whose);
  }

  listDueWebhooks(nowMs: number, limit: number) {
    return this.#tasks.listDueWebhooks(nowMs, limit);
  }

  adoptTasks() {
    return this.#tasks.adopt();
  }

  async audit(): Promise<AuditReport> {
    const connection = new Connection(this.#options.url);
    const report = await connection.use(AUDIT_MS, auditDatabase);
    await connection.close();
    return report;
  }

  get writeDelayMs() {
    return Math.max(...this.#lanes.map((lane) => lane.delayMs));
  }

  ping() {
    return this.#reader.ping();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#lanes.map((lane) => lane.close()));
    await this.#beat;
    await this.#sweeping;
    crashPoint('postgres.closing');
    await Promise.all(this.#writers.map((writer) => writer.close()));
    // Where this fails the lease lapses by itself.
    await this.#lease.end().catch(() => undefined);
    await this.#pool.close();
  }

  #laneOf(operation: WriteOperation): GroupCommit {
    return this.#lanes[Bun.hash.crc32(accountOf(operation) ?? '') % LANES] as GroupCommit;
  }

  /** Renews the lease. Sweeping is not waited for: it may take longer than a lease, and the process lives meanwhile. */
  async #onBeat(): Promise<void> {
    try {
      await this.#lease.renew();
      this.#sweeping ??= this.#sweep();
    } catch (error) {
      this.#notice('lease_not_renewed', error);
    } finally {
      this.#beat = undefined;
    }
  }

  async #sweep(): Promise<void> {
    try {
      await this.#lease.sweep((operation) => this.write(operation));
      await this.#voidAbandoned();
    } catch (error) {
      this.#notice('sweep_failed', error);
    } finally {
      this.#sweeping = undefined;
    }
  }

  #notice(kind: 'lease_not_renewed' | 'sweep_failed', error: unknown): void {
    this.#options.notice?.({ kind, detail: failureDetail(error) });
  }

  #abandon(operations: readonly WriteOperation[]): void {
    for (const operation of operations) if (operation.kind === 'hold') this.#abandoned.set(operation.callId, operation);
  }

  /** A void of a hold that was never committed answers `unknown_call`, which is as good. */
  async #voidAbandoned(): Promise<void> {
    const nowMs = this.#options.clock.nowMs();
    await Promise.all(
      Array.from(this.#abandoned.values(), async (hold) => {
        await this.write(voidOrphan(hold, nowMs, 'temporarily_unavailable'));
        this.#abandoned.delete(hold.callId);
      }),
    );
  }
}
