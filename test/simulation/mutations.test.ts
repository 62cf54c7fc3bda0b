// The simulation can fail: each of these known bugs, planted in the program, is found within so many steps. A piece that
// is no longer in its file fails as well, so that the list cannot rot.
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';

type Mutation = {
  readonly bug: string;
  readonly file: string;
  readonly piece: string;
  readonly replacement: string;
};

const STEPS_MAX = 40_000;

const MUTATIONS: readonly Mutation[] = [
  {
    bug: 'a settle charges twice what was used',
    file: 'src/core/ledger.ts',
    piece: 'bucket.used += part;',
    replacement: 'bucket.used += 2 * part;',
  },
  {
    bug: 'a settle forgets to free the hold',
    file: 'src/core/ledger.ts',
    piece: 'bucket.held -= amount;',
    replacement: 'bucket.held -= part;',
  },
  {
    bug: 'a stream that breaks off is given away',
    file: 'src/pipeline/held-call.ts',
    piece: 'const isCharged = this.isDelivered && meter.hasOutput;',
    replacement: 'const isCharged = this.isDelivered && meter.hasOutput && error === undefined;',
  },
  {
    bug: 'a hold is not checked against the balance',
    file: 'src/core/ledger.ts',
    piece: 'if (spendable[operation.unit] < operation.amount)',
    replacement: 'if (spendable[operation.unit] < 0)',
  },
  {
    bug: 'a pack that has expired is spent',
    file: 'src/core/bucket.ts',
    piece: 'bucket.expiresAtMs === null || bucket.expiresAtMs > nowMs',
    replacement: 'true',
  },
  {
    bug: 'packs are spent before the allowance of the day',
    file: 'src/core/bucket.ts',
    piece: "BUCKET_KINDS = ['daily', 'pack', 'wallet']",
    replacement: "BUCKET_KINDS = ['pack', 'daily', 'wallet']",
  },
  {
    bug: 'a limit is not counted',
    file: 'src/core/ledger.ts',
    piece: 'window.admit(nowMs, day.name);',
    replacement: '',
  },
  {
    bug: 'a limit is counted in memory and not in the commit',
    file: 'src/store/sqlite/ledger-rows.ts',
    piece: 'this.#sql.putWindow.run(book.accountId, subject, window.bytes(), window.day, window.dayCount);',
    replacement: '',
  },
  {
    bug: 'a clock that is set back over a restart opens a minute again',
    file: 'src/core/limits.ts',
    piece: 'if (count > 0) this.#add(nowMs, count);',
    replacement: '',
  },
  {
    bug: 'time goes back with the wall clock',
    file: 'src/core/clock.ts',
    piece: 'Math.max(wallMs, latestMs + readMs - atMs)',
    replacement: 'wallMs',
  },
  {
    bug: 'what a failed batch has decided stays in memory',
    file: 'src/store/sqlite/batch.ts',
    piece: 'this.#books.clear();',
    replacement: '',
  },
  {
    bug: 'holds of a dead process stay open',
    file: 'src/store/sqlite/batch.ts',
    piece: 'const rows = this.#sql.foreignHolds.all(this.#owner);',
    replacement: 'const rows = [];',
  },
  {
    bug: 'a grant is applied each time it is told',
    file: 'src/core/ledger.ts',
    piece: 'if (earlier === undefined) addGrant',
    replacement: 'if (true) addGrant',
  },
  {
    bug: 'a settle that the store could not take is given up',
    file: 'src/pipeline/held-call.ts',
    piece: "this.#gateway.report.alarm('settle_failed'",
    replacement:
      "if (tries >= 0) return { outcome: 'settled', charge: 0, balance: this.balance };\n this.#gateway.report.alarm('settle_failed'",
  },
  {
    bug: 'the end of a stream goes out before its charge is durable',
    file: 'src/pipeline/serve-call.ts',
    piece:
      "await held.complete();\n    keepResponse(gateway, held);\n    crashPoint('stream.charged');\n    await client.write(end);",
    replacement: 'await client.write(end);\n    await held.complete();',
  },
  {
    bug: 'a whole answer goes out before its charge is durable',
    file: 'src/pipeline/serve-call.ts',
    piece: 'const closed = await held.complete();',
    replacement: 'const closed = { outcome: "settled", charge: 0, balance: held.balance }; void held.complete();',
  },
  {
    bug: 'providers are asked three times',
    file: 'src/core/routing.ts',
    piece: 'export const ATTEMPTS_MAX = 2;',
    replacement: 'export const ATTEMPTS_MAX = 3;',
  },
  {
    bug: 'a target that asked for rest is asked first',
    file: 'src/core/routing.ts',
    piece: 'if (coolUntilMs > nowMs) return 2;',
    replacement: '',
  },
  {
    bug: 'the name of a request is not remembered',
    file: 'src/store/sqlite/idempotency-table.ts',
    piece: 'this.#sql.put.run(accountId, key, fingerprint, callId, state, nowMs);',
    replacement: '',
  },
  {
    bug: 'a task ends apart from its charge',
    file: 'src/store/sqlite/batch.ts',
    piece: 'if (operation.taskEnd !== undefined) {',
    replacement: 'if (false) {',
  },
  {
    bug: 'tasks of a dead process are forgotten',
    file: 'src/store/sqlite/reader.ts',
    piece: "WHERE status = 'queued' AND task_id <= ? ORDER BY task_id",
    replacement: 'WHERE task_id > ? AND 1 = 0',
  },
  {
    bug: 'a webhook that was not taken is not sent again',
    file: 'src/tasks/webhook-sender.ts',
    piece: 'const nextDueAtMs = pauseMs === undefined ? null :',
    replacement: 'const nextDueAtMs = pauseMs !== undefined ? null :',
  },
];

describe('the simulation finds that', () => {
  for (const { bug, file, piece, replacement } of MUTATIONS) {
    test(bug, async () => {
      const command = [process.execPath, join(import.meta.dir, 'mutant.ts'), file, piece, replacement, `${STEPS_MAX}`];
      const child = Bun.spawn(command, { stdout: 'pipe', stderr: 'pipe' });
      const [said, errors] = await Promise.all([read(child.stdout), read(child.stderr)]);
      await child.exited;
      expect({ errors, isFound: said !== '' }).toEqual({ errors: '', isFound: true });
      expect(JSON.parse(said)).toMatchObject({ steps: expect.any(Number), violation: expect.any(String) });
    });
  }
});

function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  return new Response(stream).text();
}
