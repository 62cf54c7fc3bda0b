// The writer thread: opens the database, brings it up to date, voids what a dead process left, then applies batches.
// Messages are JSON text, which crosses the thread boundary three times cheaper than cloned objects (measured).
import { Database } from 'bun:sqlite';
import { Calendar } from '../../core/calendar.ts';
import { crashPoint } from '../../crash-point.ts';
import type { Batch } from './batch.ts';
import { BatchWriter } from './batch.ts';
import { migrate } from './migrate.ts';

export type OpenMessage = {
  readonly path: string;
  readonly timeZone: string;
  readonly owner: string;
  readonly nowMs: number;
};
export type OpenedMessage =
  | { readonly opened: true; readonly voidedHolds: number }
  | { readonly opened: false; readonly detail: string };

declare const self: Worker;

let writer: BatchWriter | undefined;
let database: Database | undefined;

self.onmessage = (event: MessageEvent<string>) => {
  if (writer === undefined) {
    self.postMessage(JSON.stringify(open(JSON.parse(event.data))));
    return;
  }
  if (event.data === 'close') {
    crashPoint('writer.closing');
    database?.close();
    self.postMessage('closed');
    return;
  }
  crashPoint('writer.received');
  const batch = JSON.parse(event.data) as Batch;
  self.postMessage(JSON.stringify(writer.apply(batch)));
  crashPoint('writer.answered');
  // The regular chore of forgetting, after its caller has been answered.
  if (batch.operations.some((operation) => operation.kind === 'purgeTasks')) writer.forget();
};

function open(message: OpenMessage): OpenedMessage {
  try {
    const db = new Database(message.path, { create: true, strict: true });
    // A store that was closed a moment ago may still be finishing its journal in its own thread.
    db.run('PRAGMA busy_timeout = 5000');
    // FULL makes every commit reach the disk before it is acknowledged.
    db.run('PRAGMA journal_mode = WAL');
    db.run('PRAGMA synchronous = FULL');
    db.run('PRAGMA foreign_keys = ON');
    db.run('PRAGMA wal_autocheckpoint = 4000');
    // What is deleted is overwritten by zeros: prompts and answers that were forgotten are gone from the file as well.
    db.run('PRAGMA secure_delete = ON');
    migrate(db);
    database = db;
    const made = new BatchWriter(db, new Calendar(message.timeZone), message.owner);
    const voidedHolds = made.recover(message.nowMs);
    writer = made;
    return { opened: true, voidedHolds };
  } catch (error) {
    return { opened: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
