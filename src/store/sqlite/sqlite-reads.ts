// The reading half of the embedded store: the reader's answers as promises, so that a database which fails rejects.
import type { UsageQuestion } from '../usage-sums.ts';
import type { SqliteReader } from './reader.ts';

export abstract class SqliteReads {
  protected readonly reader: SqliteReader;
  /** The last task that an earlier process left; 0 once those are adopted. */
  #lastLeft: number;

  constructor(reader: SqliteReader) {
    this.reader = reader;
    this.#lastLeft = reader.lastTaskId();
  }

  async findKey(hmac: string) {
    return this.reader.findKey(hmac);
  }

  async findAccount(accountId: string) {
    return this.reader.findAccount(accountId);
  }

  async listAccounts(limit: number) {
    return this.reader.listAccounts(limit);
  }

  async listKeys(accountId: string) {
    return this.reader.listKeys(accountId);
  }

  async listPlans() {
    return this.reader.listPlans();
  }

  async listBuckets(accountId: string, dailyRequests: number, nowMs: number) {
    return this.reader.listBuckets(accountId, dailyRequests, nowMs);
  }

  async listUsage(accountId: string, limit: number, before?: string) {
    return this.reader.listUsage(accountId, limit, before);
  }

  async findCostBook() {
    return this.reader.findCostBook();
  }

  async sumUsage(question: UsageQuestion) {
    return this.reader.sumUsage(question);
  }

  async findAnswer(accountId: string, idempotencyKey: string) {
    return this.reader.findAnswer(accountId, idempotencyKey);
  }

  async findTask(taskId: number) {
    return this.reader.findTask(taskId);
  }

  async findTaskWork(taskId: number) {
    return this.reader.findTaskWork(taskId);
  }

  async listDueWebhooks(nowMs: number, limit: number) {
    return this.reader.listDueWebhooks(nowMs, limit);
  }

  /** One process has this store to itself, so that every task that was queued at its start is its own. */
  async adoptTasks() {
    const lastLeft = this.#lastLeft;
    this.#lastLeft = 0;
    return lastLeft === 0 ? [] : this.reader.listQueuedTasks(lastLeft);
  }

  async audit() {
    return this.reader.audit();
  }
}
