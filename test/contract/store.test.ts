// The contract of stores, run over every store. PostgreSQL runs where a server can be started.
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { TemporaryPostgres } from '../../src/testing/temporary-postgres.ts';
import type { TemporaryStore } from '../../src/testing/temporary-stores.ts';
import { openTemporaryPostgres, openTemporarySqlite } from '../../src/testing/temporary-stores.ts';
import { batchContract } from './store/batch-contract.ts';
import { daysContract } from './store/days-contract.ts';
import { idempotencyContract } from './store/idempotency-contract.ts';
import { ledgerContract } from './store/ledger-contract.ts';
import { limitsContract } from './store/limits-contract.ts';
import type { OpenStore } from './store/operations.ts';
import { NOON } from './store/operations.ts';
import { recordsContract } from './store/records-contract.ts';
import { tasksContract } from './store/tasks-contract.ts';

const server = TemporaryPostgres.start();
afterAll(() => server?.remove());

const STORES: readonly (readonly [name: string, open: OpenStore | undefined])[] = [
  ['sqlite', (changes) => openTemporarySqlite(NOON, changes)],
  ['postgres', server && ((changes) => openTemporaryPostgres(server, NOON, changes))],
];

for (const [name, open] of STORES) {
  if (open === undefined) {
    test.skip(`${name}: no server of a supported version is installed`, () => undefined);
    continue;
  }
  describe(name, () => {
    const opened: TemporaryStore[] = [];
    beforeEach(() => opened.splice(0));
    // Whatever a test did, the books are in order afterwards.
    afterEach(async () => {
      for (const temporary of opened) {
        const report = await temporary.store.audit();
        await temporary.remove();
        expect(report.findings).toEqual([]);
      }
    });
    const openAndRemember: OpenStore = async (changes) => {
      const temporary = await open(changes);
      opened.push(temporary);
      return temporary;
    };
    ledgerContract(openAndRemember);
    batchContract(openAndRemember);
    idempotencyContract(openAndRemember);
    daysContract(openAndRemember);
    limitsContract(openAndRemember);
    recordsContract(openAndRemember);
    tasksContract(openAndRemember);
  });
}
