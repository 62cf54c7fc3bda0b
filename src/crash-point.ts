// Places at which the process can be made to die as a power cut would end it, for `npm run test:crash`: that suite kills
// the gateway at each of them and compares what is left with what clients and providers saw. Only where TOLMACH_CRASH_AT
// names one (`name` or `name:n`, the n-th time it is passed) does anything happen; else a point is one comparison with a
// constant. The writer thread counts its own passes, and each point is passed in one thread only.
//
// It is apart from the configuration because both threads read it and an operator should never meet it.

/** Of the embedded store. */
const SQLITE_POINTS = [
  // Starting.
  'start.migrating',
  'start.migrated',
  'start.deaths-counted',
  'start.orphans-voided',
  // The writer thread, around every kind of row of its transaction.
  'writer.received',
  'writer.begun',
  'writer.hold-written',
  'writer.task-written',
  'writer.hold-deleted',
  'writer.charge-written',
  'writer.task-ended',
  'writer.grant-written',
  'writer.record-written',
  'writer.purged',
  'writer.webhook-claimed',
  'writer.rows-written',
  'writer.committed',
  'writer.answered',
  'writer.closing',
  'store.batch-sent',
  'store.batch-answered',
] as const;

/** Of the store on PostgreSQL. What the server does between two of them it does as a whole or not at all. */
const POSTGRES_POINTS = [
  'postgres.migrating',
  'postgres.migrated',
  // A batch, around every round trip of its transaction.
  'postgres.received',
  'postgres.begun',
  'postgres.record-written',
  'postgres.purged',
  'postgres.webhook-claimed',
  'postgres.books-loaded',
  'postgres.decided',
  'postgres.commit-sent',
  'postgres.committed',
  // The lease, and what is taken over from processes that are gone.
  'postgres.lease-renewed',
  'postgres.orphans-voided',
  'postgres.tasks-taken',
  'postgres.closing',
  'postgres.lease-ended',
] as const;

const COMMON_POINTS = [
  'start.recovered',
  'start.listening',
  'start.adopted',
  // A call, from its key to the end of its answer.
  'call.authenticated',
  'call.admitted',
  'call.held',
  'call.interrupted',
  'attempt.begun',
  'attempt.sent',
  'attempt.answered',
  'attempt.failed',
  'whole.read',
  'whole.charged',
  'stream.opened',
  'stream.piece-written',
  'stream.provider-ended',
  'stream.charged',
  'stream.ended',
  'image.drawn',
  'image.file-written',
  'image.kept',
  'image.charged',
  'settle.asked',
  'settle.durable',
  // Tasks and their messages.
  'task.accepted',
  'task.queued',
  'task.resumed',
  'task.begun',
  'task.answered',
  'task.ended',
  'task.pausing',
  'task.cancelling',
  'task.cancelled',
  'webhook.claimed',
  'webhook.delivered',
  'webhook.ended',
  // Stopping.
  'stop.begun',
  'stop.drained',
  'stop.interrupted',
  'stop.closed',
] as const;

/** All that a process comes by, by its store. */
export const CRASH_POINTS = {
  sqlite: [...COMMON_POINTS, ...SQLITE_POINTS],
  postgres: [...COMMON_POINTS, ...POSTGRES_POINTS],
} as const;

export type CrashPoint = (typeof CRASH_POINTS)[keyof typeof CRASH_POINTS][number];

const [WANTED, nth = '1'] = process.env['TOLMACH_CRASH_AT']?.split(':') ?? [];
let passesLeft = Number(nth);

/** Ends the process here, at once and with no clean-up, if this is the point and the pass that were asked for. */
export function crashPoint(name: CrashPoint): void {
  if (WANTED !== name) return;
  passesLeft -= 1;
  if (passesLeft === 0) process.kill(process.pid, 'SIGKILL');
}
