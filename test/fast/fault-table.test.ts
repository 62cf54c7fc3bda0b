// The fault table says nothing that the program could not keep: its codes are those of the catalogue, its attempts those
// of the router, and every row is proved by tests that exist. That the billing policy shows it as it is, is a matter of
// docs.test.ts; that the gateway does what it says, of faults.test.ts.
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../src/core/errors.ts';
import { ERRORS } from '../../src/core/errors.ts';
import { mayBeBilled, retryClass } from '../../src/core/routing.ts';
import type { FaultRow } from '../../src/testing/faults/fault-row.ts';
import { CALL_KINDS } from '../../src/testing/faults/fault-row.ts';
import { FAULT_CASES } from '../../src/testing/faults/fault-run.ts';
import { FAULT_TABLE } from '../../src/testing/faults/fault-table.ts';

const ROOT = join(import.meta.dir, '..', '..');
const outcomesOf = (row: FaultRow) => CALL_KINDS.flatMap((kind) => row.ends[kind] ?? []);
const rows = FAULT_TABLE.map((row) => [row.id, row] as const);

test('the table has the rows F1 to F44, once each', () => {
  const ids = FAULT_TABLE.map((row) => row.id).sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
  expect(ids).toEqual(Array.from({ length: 44 }, (_, i) => `F${i + 1}` as const));
});

describe.each(rows)('%s', (_, row) => {
  test('has statuses that go with its codes', () => {
    for (const { status, code } of outcomesOf(row)) {
      // 200 is a stream that had begun, 202 a task that was accepted.
      const allowed = code === null ? [200, 202] : [200, 202, ERRORS[code].status];
      expect(allowed).toContain(status);
    }
  });

  test('is tried again as the router does it, and counts as a loss what the router thinks may be billed', () => {
    const wanted = { safe: 'safe', once: 'ambiguous', never: 'final' } as const;
    for (const { code, hold } of outcomesOf(row)) {
      if (code === null || !code.startsWith('upstream_')) continue;
      if (row.id !== 'F38') expect(retryClass(code)).toBe(wanted[row.retry]);
      if (hold === 'void' || hold === 'loss') expect(mayBeBilled(code)).toBe(hold === 'loss');
    }
  });

  test('is proved: caused by the fault upstream, or by tests that exist, or it says why it cannot happen', () => {
    const isCaused = FAULT_CASES.some((one) => one.row === row.id);
    const proofs = row.provedBy ?? [];
    if (outcomesOf(row).length === 0) expect(row.note).toBeDefined();
    else expect(isCaused || proofs.length > 0).toBe(true);
    for (const [file, name] of proofs) {
      expect(existsSync(join(ROOT, file))).toBe(true);
      expect(readFileSync(join(ROOT, file), 'utf8')).toContain(name);
    }
  });
});

test('no code of a provider is missing from the table', () => {
  const told = new Set(FAULT_TABLE.flatMap((row) => outcomesOf(row).map(({ code }) => code)));
  const codes = (Object.keys(ERRORS) as ErrorCode[]).filter((code) => /^upstream_|^no_provider$|^provider_/.test(code));
  expect(codes.filter((code) => !told.has(code))).toEqual([]);
});
