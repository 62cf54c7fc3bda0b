// What becomes of one lone call when the process dies at a point of its way: docs/billing-policy.md and the table of
// faults, as data. A call whose charge is not on disk is void at the next start; a task goes on, and its provider is
// asked again only where its answer was not on disk.
import type { CrashPoint } from '../../../src/crash-point.ts';

export type Kind = 'whole' | 'streamed' | 'picture' | 'task' | 'cancellation' | 'grant';

/** `nothing` is no trace; of a grant `settled` is that it is there. */
export type Outcome = 'nothing' | 'void' | 'settled';

export type Fate = {
  readonly kind: Kind;
  readonly point: CrashPoint;
  /** The writer's first batch of a process is the forgetting of old tasks; then come hold and charge. */
  readonly pass: 1 | 2 | 3;
  /** Two where the server alone knows whether it committed before it noticed the death. */
  readonly outcomes: readonly Outcome[];
  /** Requests that the provider gets in all, with those of the next process. */
  readonly asked: 0 | 1 | 2;
};

const fate = (
  kind: Kind,
  point: CrashPoint,
  outcomes: Outcome | readonly Outcome[],
  asked: Fate['asked'],
  pass: Fate['pass'] = 1,
): Fate => ({ kind, point, outcomes: [outcomes].flat(), asked, pass });

const HOLD = 2;
const CHARGE = 3;

const SQLITE_FATES: readonly Fate[] = [
  fate('whole', 'writer.received', 'nothing', 0, HOLD),
  fate('whole', 'writer.begun', 'nothing', 0, HOLD),
  fate('whole', 'writer.hold-written', 'nothing', 0),
  fate('whole', 'writer.rows-written', 'nothing', 0, HOLD),
  fate('whole', 'writer.committed', 'void', 0, HOLD),
  fate('whole', 'store.batch-answered', 'void', 0, HOLD),
  fate('whole', 'writer.received', 'void', 1, CHARGE),
  fate('whole', 'writer.hold-deleted', 'void', 1),
  fate('whole', 'writer.charge-written', 'void', 1),
  fate('whole', 'writer.rows-written', 'void', 1, CHARGE),
  fate('whole', 'writer.committed', 'settled', 1, CHARGE),
  fate('whole', 'store.batch-answered', 'settled', 1, CHARGE),
  fate('task', 'writer.task-written', 'nothing', 0),
  fate('task', 'writer.task-ended', 'settled', 2),
  fate('grant', 'writer.grant-written', 'nothing', 0),
  fate('grant', 'writer.committed', 'settled', 0, 2),
];

// Decisions of the ledger are counted alone here: of one lone call those of the hold and of the charge.
const POSTGRES_FATES: readonly Fate[] = [
  fate('whole', 'postgres.books-loaded', 'nothing', 0),
  fate('whole', 'postgres.decided', 'nothing', 0),
  fate('whole', 'postgres.commit-sent', ['nothing', 'void'], 0),
  fate('whole', 'postgres.books-loaded', 'void', 1, 2),
  fate('whole', 'postgres.decided', 'void', 1, 2),
  fate('whole', 'postgres.commit-sent', ['void', 'settled'], 1, 2),
  fate('task', 'postgres.decided', 'nothing', 0),
  fate('task', 'postgres.decided', 'settled', 2, 2),
  fate('grant', 'postgres.decided', 'nothing', 0),
  fate('grant', 'postgres.commit-sent', ['nothing', 'settled'], 0),
];

const COMMON_FATES: readonly Fate[] = [
  // Before the hold is durable nothing has happened.
  fate('whole', 'call.authenticated', 'nothing', 0),
  fate('whole', 'call.admitted', 'nothing', 0),
  // With the hold, but before the provider is asked.
  fate('whole', 'call.held', 'void', 0),
  fate('whole', 'attempt.begun', 'void', 0),
  // The provider has worked, and the operator pays for that.
  fate('whole', 'attempt.sent', 'void', 1),
  fate('whole', 'attempt.answered', 'void', 1),
  fate('whole', 'whole.read', 'void', 1),
  fate('whole', 'settle.asked', 'void', 1),
  // The charge is durable and the client has not seen its answer: the one window that there must be.
  fate('whole', 'settle.durable', 'settled', 1),
  fate('whole', 'whole.charged', 'settled', 1),
  fate('streamed', 'stream.opened', 'void', 1),
  fate('streamed', 'stream.piece-written', 'void', 1),
  fate('streamed', 'stream.provider-ended', 'void', 1),
  fate('streamed', 'stream.charged', 'settled', 1),
  fate('streamed', 'stream.ended', 'settled', 1),
  fate('picture', 'image.drawn', 'void', 1),
  fate('picture', 'image.file-written', 'void', 1),
  fate('picture', 'image.kept', 'void', 1),
  fate('picture', 'image.charged', 'settled', 1),
  fate('task', 'task.accepted', 'settled', 1),
  fate('task', 'task.queued', 'settled', 1),
  fate('task', 'task.begun', 'settled', 1),
  fate('task', 'attempt.sent', 'settled', 2),
  fate('task', 'task.answered', 'settled', 2),
  fate('task', 'settle.asked', 'settled', 2),
  fate('task', 'settle.durable', 'settled', 1),
  fate('task', 'task.ended', 'settled', 1),
  fate('cancellation', 'task.cancelled', 'void', 1),
];

export const FATES = {
  sqlite: [...COMMON_FATES, ...SQLITE_FATES],
  postgres: [...COMMON_FATES, ...POSTGRES_FATES],
} as const;
