// A call whose worst price is held. It is closed exactly once: settled for what was delivered, or voided. Closing may
// be asked for from several sides at once (the answer's end, the client's leaving, the process's stop); the first one
// counts and all get the same promise.
import { Cancellation } from '../core/cancellation.ts';
import { CallError, toCallError } from '../core/errors.ts';
import type { Balance, FinalOutcome, SettleOperation } from '../core/ledger.ts';
import type { LimitState } from '../core/limits.ts';
import type { Meter } from '../core/meter.ts';
import { actualCost, shareOf } from '../core/price.ts';
import { crashPoint } from '../crash-point.ts';
import type { CallContext, CallRecord, StoredAnswer, TaskEnd } from '../store/store.ts';
import type { Admission } from './admit.ts';
import { AttemptTally } from './attempt-tally.ts';
import type { Place } from './call-gate.ts';
import type { Gateway } from './gateway.ts';
import type { Incoming } from './reply.ts';
import type { KeptAnswer } from './response-cache.ts';

type Settle = SettleOperation & {
  readonly record: CallRecord;
  readonly taskEnd?: TaskEnd;
  readonly answer?: StoredAnswer;
};

export type Closed = { readonly outcome: FinalOutcome; readonly charge: number; readonly balance: Balance };

/** Pauses between tries of a settle that the store could not take. The hold covers the wait. */
const SETTLE_RETRY_MS = [20, 50, 100, 250, 500, 1000, 2000] as const;

export class HeldCall {
  readonly callId: string;
  readonly admission: Admission;
  readonly startedMs: number;
  readonly balance: Balance;
  readonly limit: LimitState | undefined;
  /** Set when something of the answer went, or is about to go, to the client. */
  isDelivered = false;
  readonly attempts = new AttemptTally();
  /** The whole answer, where it may be given again. That of a call that its client named is kept in the commit of the charge. */
  answer: StoredAnswer | undefined;
  /** Where the request may be answered from the response cache. */
  cache: { readonly name: string; readonly isHit: boolean } | undefined;
  provider: string | null = null;
  upstreamModel: string | null = null;
  firstByteMs: number | null = null;
  readonly #gateway: Gateway;
  readonly #context: CallContext;
  #place: Place | undefined;
  #client: Pick<Incoming, 'signal' | 'connection'> | undefined;
  /** How much of its price the call costs. */
  #chargePercent = 100;
  #isConnectionHeld = false;
  #attempt: Cancellation | undefined;
  #interruption: CallError | undefined;
  #closing: Promise<Closed> | undefined;

  constructor(
    gateway: Gateway,
    callId: string,
    admission: Admission,
    context: CallContext,
    held: { balance: Balance; limit?: LimitState },
  ) {
    this.#gateway = gateway;
    this.#context = context;
    this.callId = callId;
    this.admission = admission;
    this.startedMs = gateway.clock.monotonicMs();
    this.balance = held.balance;
    this.limit = held.limit;
  }

  /** Whether the client named the call, and may ask for its answer again. */
  get isNamed(): boolean {
    return this.#context.idempotencyKey !== undefined;
  }

  /** Whether the answer may be asked for again. */
  get isKept(): boolean {
    return this.isNamed || this.cache !== undefined;
  }

  /** The answer is one that was given before, for a share of its price. */
  repeat({ answer, usage, provider, upstreamModel }: KeptAnswer, chargePercent: number): void {
    this.answer = answer;
    this.provider = provider;
    this.upstreamModel = upstreamModel;
    this.admission.meter.repeat(usage);
    this.#chargePercent = chargePercent;
    if (this.cache !== undefined) this.cache = { ...this.cache, isHit: true };
  }

  /** Whether closing has begun; what happens afterwards no longer changes the charge. */
  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Why the call was stopped from outside, if it was. */
  get interruption(): CallError | undefined {
    return this.#interruption;
  }

  /**
   * Ties the call to the client that waits for it: when the client leaves, the call is closed from its side. That is
   * looked at after a moment only, since most calls have ended by then and the looking costs a twentieth of a call.
   */
  attachClient(client: Pick<Incoming, 'signal' | 'connection'>): void {
    this.#client = client;
    this.#gateway.watchdog.soon(this);
  }

  /** The call has lasted a moment. */
  comeSoon(): void {
    if (this.#client === undefined || this.isClosing) return;
    const { signal, connection } = this.#client;
    connection.hold();
    this.#isConnectionHeld = true;
    const leave = () => this.interrupt(new CallError('client_closed'));
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
  }

  /** Keeps the call's place until it is closed. */
  keepPlace(place: Place): void {
    place.keep();
    this.#place = place;
  }

  /** A new outbound request of this call begins. Each has a signal of its own, so that one's end is not the next's. */
  beginAttempt(): Cancellation {
    const attempt = this.beginWait();
    this.attempts.begin();
    this.admission.meter.restart();
    return attempt;
  }

  /** The call waits for its turn at a provider, and nothing goes out yet. */
  beginWait(): Cancellation {
    if (this.#interruption !== undefined) throw this.#interruption;
    this.#attempt = new Cancellation();
    return this.#attempt;
  }

  /** Stops the call from outside: the outbound request ends, and what was delivered is charged. */
  interrupt(error: CallError): void {
    this.#interruption ??= error;
    crashPoint('call.interrupted');
    this.#attempt?.abort(error);
    if (error.code === 'slow_reader') this.#client?.connection.drop();
    this.close(error).catch(() => undefined);
  }

  /** Ends the outbound request and leaves the hold open: the call is a task, which another process will go on with. */
  abandon(error: CallError): void {
    this.#interruption ??= error;
    this.#attempt?.abort(error);
  }

  /**
   * Closes a call whose whole answer is there. Throws if the call was ended otherwise, by an interruption or because
   * another process had voided its hold: then the client must not see a complete answer.
   */
  async complete(): Promise<Closed> {
    if (this.#closing !== undefined)
      throw this.#interruption ?? new CallError('internal_error', { detail: 'closed before the answer was complete' });
    this.isDelivered = true;
    const wanted: FinalOutcome = this.admission.meter.hasOutput ? 'settled' : 'void';
    const closed = await this.close();
    if (closed.outcome !== wanted)
      throw new CallError('gateway_restarted', { detail: `the ledger says ${closed.outcome} instead of ${wanted}` });
    return closed;
  }

  /**
   * Settles what was delivered, or voids. Resolves when that is durable; it never gives up while the process lives.
   * @param error why the call ended early, if it did.
   * @param taskEnd what a polling client will see, written in the same commit.
   */
  close(error?: CallError, taskEnd?: TaskEnd): Promise<Closed> {
    this.#closing ??= this.#close(error, taskEnd);
    return this.#closing;
  }

  async #close(error: CallError | undefined, taskEnd: TaskEnd | undefined): Promise<Closed> {
    const { owner, meter, price, call, generations } = this.admission;
    const isCharged = this.isDelivered && meter.hasOutput;
    const usage = isCharged ? meter.usage() : null;
    const outcome: FinalOutcome = isCharged ? 'settled' : 'void';
    // Of pictures the made ones count, which may be fewer than were asked for.
    const made = call.endpoint === 'image' ? (usage?.images ?? 0) : generations;
    const cost = this.#cost(meter);
    this.attempts.close(isCharged);
    const full = usage === null ? 0 : actualCost(price, usage, made, this.admission.amount);
    const charge = shareOf(full, this.#chargePercent);
    if (meter.isUsageAbsurd)
      this.#gateway.report.alarm('absurd_usage', {
        callId: this.callId,
        provider: this.provider,
        model: this.upstreamModel,
      });
    const record: CallRecord = {
      ...this.#context,
      priceVersion: this.#priceVersion,
      provider: this.provider,
      upstreamModel: this.upstreamModel,
      usage,
      status: error?.status ?? 200,
      errorCode: error?.code ?? null,
      attempts: this.attempts.count,
      unpaidAttempts: this.attempts.unpaid,
      costMicroRub: cost,
      countedTokens: usage?.source === 'exact' && this.attempts.count > 0 ? meter.countedTokens : null,
      firstByteMs: this.firstByteMs,
      durationMs: Math.round(this.#gateway.clock.monotonicMs() - this.startedMs),
    };
    crashPoint('settle.asked');
    const settled = await this.#settle({
      kind: 'settle',
      callId: this.callId,
      accountId: owner.accountId,
      outcome,
      charge,
      record,
      ...(taskEnd === undefined ? {} : { taskEnd }),
      ...(isCharged && this.isNamed && this.answer !== undefined ? { answer: this.answer } : {}),
    });
    crashPoint('settle.durable');
    this.#gateway.open.delete(this);
    this.#place?.leave();
    if (this.#isConnectionHeld && error?.code !== 'slow_reader') this.#client?.connection.release();
    this.#report(settled, record, error);
    return settled;
  }

  /** With the share that was charged, so that the charge can be worked out again from the record. */
  get #priceVersion(): string {
    const { priceVersion } = this.#context;
    return this.#chargePercent === 100 ? priceVersion : `${priceVersion}*${this.#chargePercent}%`;
  }

  /** What the latest attempt costs us by what is known of it, whether the customer pays for it or not. */
  #cost(meter: Meter): number | null {
    if (!this.attempts.mayBeBilled || this.provider === null) return 0;
    return this.#gateway.costs.costOf(this.provider, this.upstreamModel ?? '', meter.usage());
  }

  async #settle(operation: Settle): Promise<Closed> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#write(operation);
      } catch (thrown) {
        const { code, details } = toCallError(thrown);
        this.#gateway.report.alarm('settle_failed', { callId: this.callId, tries, code, detail: details.detail });
        await this.#gateway.sleep(SETTLE_RETRY_MS[Math.min(tries, SETTLE_RETRY_MS.length - 1)] as number);
      }
    }
  }

  async #write(operation: Settle): Promise<Closed> {
    const written = await this.#gateway.store.write(operation);
    if (written.kind === 'final')
      return { outcome: written.final.outcome, charge: written.final.charge, balance: written.balance };
    // The hold was written by this process, so its absence is a broken invariant; retrying cannot mend it.
    this.#gateway.report.alarm('hold_lost', { callId: this.callId });
    return { outcome: 'void', charge: 0, balance: this.balance };
  }

  #report(closed: Closed, record: CallRecord, error: CallError | undefined): void {
    this.#gateway.report.call({
      callId: this.callId,
      accountId: this.admission.owner.accountId,
      keyId: record.keyId,
      dialect: record.dialect,
      endpoint: record.endpoint,
      model: record.model,
      provider: record.provider,
      stream: this.admission.call.endpoint === 'chat' && this.admission.call.stream,
      status: record.status,
      errorCode: record.errorCode,
      detail: error?.details.detail,
      outcome: closed.outcome,
      unit: this.admission.price.unit,
      held: this.admission.amount,
      charge: closed.charge,
      inputTokens: record.usage?.inputTokens ?? 0,
      outputTokens: record.usage?.outputTokens ?? 0,
      usageSource: record.usage?.source ?? null,
      attempts: record.attempts,
      unpaidAttempts: record.unpaidAttempts,
      firstByteMs: record.firstByteMs,
      durationMs: record.durationMs,
    });
  }
}
