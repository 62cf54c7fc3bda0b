// What a row of the fault table says, and the words that most rows are made of.
import type { ErrorCode } from '../../core/errors.ts';
import { ERRORS } from '../../core/errors.ts';

/**
 * The kinds of call: a whole answer, a stream, a task that is polled, a picture, and one that its provider makes as a job:
 * it is ordered, looked at until it is done, and fetched.
 */
export const CALL_KINDS = ['whole', 'stream', 'task', 'image', 'job'] as const;
export type CallKind = (typeof CALL_KINDS)[number];

export type HoldEnd =
  /** Nothing was held. */
  | 'unheld'
  /** Given back whole. The provider surely did no work, or what it did is nobody's loss. */
  | 'void'
  /** Given back whole, but the provider may bill: counted as the operator's likely loss. */
  | 'loss'
  /** The provider's own count is charged. */
  | 'usage'
  /** What was delivered is charged, by our own count. */
  | 'delivered';

export type Outcome = {
  /** Of the answer; 202 where a task was accepted, whatever becomes of it; 499 where nobody is there to see it. */
  readonly status: number;
  /** The error, if the client is told of one: in the answer, as a stream's last event, or at the task's end. */
  readonly code: ErrorCode | null;
  readonly hold: HoldEnd;
};

/**
 * Whether another attempt is made. `safe`: the provider surely did no work, so another one is asked, and a task is
 * tried again for as long as its pauses last. `once`: it may have worked, so text is asked for once more, and a task
 * twice more, at the operator's cost; a picture never, however it is made. `never`: it would fail the same way, or the client has a part
 * of the answer already.
 */
export type Retry = 'safe' | 'once' | 'never';

export type FaultRow = {
  readonly id: `F${number}`;
  /** The fault in plain words, as a customer reads them. */
  readonly fault: string;
  readonly retry: Retry;
  /** `null` where this kind of call cannot meet the fault. */
  readonly ends: Readonly<Record<CallKind, Outcome | null>>;
  /** The event of which the operator is told. */
  readonly alarm?: 'provider_needs_operator' | 'absurd_usage';
  /** What a reader should know besides, or why the row has no outcome. */
  readonly note?: string;
  /** Tests that prove the row beside those which the fault upstream drives: file, and a part of the test's name. */
  readonly provedBy?: readonly (readonly [file: string, test: string])[];
};

export const fails = (code: ErrorCode, hold: HoldEnd): Outcome => ({ status: ERRORS[code].status, code, hold });
/** After the first byte: the status is long sent, and an error event is the last thing that comes. */
export const breaks = (code: ErrorCode, hold: HoldEnd): Outcome => ({ status: 200, code, hold });
export const serves = (hold: HoldEnd): Outcome => ({ status: 200, code: null, hold });
export const taskFails = (code: ErrorCode, hold: HoldEnd): Outcome => ({ status: 202, code, hold });
export const taskServes = (hold: HoldEnd): Outcome => ({ status: 202, code: null, hold });

/** The same for every kind of call: it fails before anything of the answer went to the client. */
export const allFail = (code: ErrorCode, hold: HoldEnd): FaultRow['ends'] => ({
  whole: fails(code, hold),
  stream: fails(code, hold),
  task: taskFails(code, hold),
  image: fails(code, hold),
  job: fails(code, hold),
});

/** An answer that is one JSON text fails; a stream breaks off after a part, which is charged. */
export const breaksMidway = (whole: ErrorCode, stream: ErrorCode): FaultRow['ends'] => ({
  ...allFail(whole, 'loss'),
  stream: breaks(stream, 'delivered'),
});

export const allServe = (text: HoldEnd): FaultRow['ends'] => ({
  whole: serves(text),
  stream: serves(text),
  task: taskServes(text),
  image: serves('delivered'),
  job: serves('delivered'),
});

export const NO_KIND: FaultRow['ends'] = { whole: null, stream: null, task: null, image: null, job: null };
export const streamOnly = (stream: Outcome): FaultRow['ends'] => ({ ...NO_KIND, stream });
export const jobOnly = (job: Outcome): FaultRow['ends'] => ({ ...NO_KIND, job });
