// What the steps of a call are given: every effect they may have, made once by the composition root.
import type { Config } from '../config.ts';
import type { Calendar } from '../core/calendar.ts';
import type { Clock } from '../core/clock.ts';
import type { Mode } from '../core/modes.ts';
import type { FileShelf } from '../files/file-shelf.ts';
import type { Store, TaskReference } from '../store/store.ts';
import type { Upstream } from '../upstream/upstream.ts';
import type { Watchdog } from '../upstream/watch.ts';
import type { AnswerRecorder } from './answer-recorder.ts';
import type { Asides } from './asides.ts';
import type { KeyRing } from './authenticate.ts';
import type { CallGate } from './call-gate.ts';
import type { FetchedKeys } from './fetched-keys.ts';
import type { FreeLimits } from './free-limits.ts';
import type { FreeWork } from './free-work.ts';
import type { HeldCall } from './held-call.ts';
import type { ModelBook } from './model-book.ts';
import type { Moderator } from './moderator.ts';
import type { PlanBook } from './plan-book.ts';
import type { ResponseCache } from './response-cache.ts';
import type { ReadyCall } from './stored-call.ts';
import type { VendorCosts } from './vendor-costs.ts';

/** What is told to logs and metrics about a call and its attempts. It has no room for prompts, answers or keys. */
export type CallReport = {
  readonly callId: string;
  readonly accountId: string;
  readonly keyId: string;
  readonly dialect: string;
  readonly endpoint: string;
  readonly model: string;
  readonly provider: string | null;
  readonly stream: boolean;
  readonly status: number;
  readonly errorCode: string | null;
  readonly detail: string | undefined;
  readonly outcome: string;
  readonly unit: string;
  readonly held: number;
  readonly charge: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usageSource: string | null;
  readonly attempts: number;
  /** Those of them that a provider may bill and this call's charge does not pay for. */
  readonly unpaidAttempts: number;
  readonly firstByteMs: number | null;
  readonly durationMs: number;
};

export type AttemptReport = {
  readonly callId: string;
  readonly attempt: number;
  readonly provider: string;
  readonly model: string;
  /** Which of the provider's keys it was, where it has several. */
  readonly keyNumber?: number;
  readonly errorCode: string | null;
  readonly detail: string | undefined;
  readonly durationMs: number;
};

export type Reporter = {
  call(report: CallReport): void;
  attempt(report: AttemptReport): void;
  /** A call that ended before it was held. */
  refusal(code: string, dialect: string, endpoint: string): void;
  /** Something an operator should look at. Fields must not hold secrets. */
  alarm(event: string, fields: Readonly<Record<string, string | number | null | undefined>>): void;
};

/** The way to customers' servers. */
export type WebhookDoor = {
  /** What messages to the maker of a task are signed with: one secret for each API key. */
  secretOf(keyId: string): string;
  /** Why an address cannot be a webhook, in public words; `undefined` where it can. */
  problemOf(url: string): string | undefined;
  /** Answers the status. Rejects where there is none, or where the address must not be connected to. */
  post(
    url: string,
    message: { readonly body: string; readonly headers: Readonly<Record<string, string>> },
  ): Promise<number>;
};

export type Gateway = {
  readonly config: Config;
  readonly clock: Clock;
  readonly calendar: Calendar;
  readonly random: () => number;
  readonly newCallId: () => string;
  readonly sleep: (ms: number) => Promise<void>;
  readonly store: Store;
  readonly keys: KeyRing;
  readonly plans: PlanBook;
  readonly models: ModelBook;
  readonly costs: VendorCosts;
  readonly upstream: Upstream;
  readonly watchdog: Watchdog;
  readonly fetchedKeys: FetchedKeys;
  readonly gate: CallGate;
  readonly freeLimits: FreeLimits;
  readonly freeWork: FreeWork;
  readonly moderator: Moderator;
  readonly recorder: AnswerRecorder;
  readonly responses: ResponseCache;
  readonly files: FileShelf;
  readonly modes: readonly Mode[];
  /** Takes accepted tasks, with their calls where those are at hand; `waiting` is how many do not run yet. */
  readonly tasks: {
    readonly waiting: number;
    add(task: TaskReference, ready?: ReadyCall): void;
    drop(taskId: number): void;
  };
  readonly webhooks: WebhookDoor;
  readonly report: Reporter;
  /** Calls that hold something now. Stopping waits for them. */
  readonly open: Set<HeldCall>;
  /** What goes on beside calls, or after them. Stopping waits for it as well. */
  readonly asides: Asides;
  /** Set once the process is stopping: no new call is taken. */
  isStopping: boolean;
};
