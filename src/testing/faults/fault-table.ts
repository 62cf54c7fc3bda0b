// What each fault means for the client and for the money: fault × kind of call → status, code, hold, another attempt.
//
// This is the one statement of it. The fault tests drive every row, and docs/billing-policy.md shows it in plain words,
// so that promise, proof and program cannot drift apart. It is data and nothing of the program depends on it.
import type { FaultRow } from './fault-row.ts';
import { JOB_FAULTS } from './job-faults.ts';
import { CHOICE_FAULTS, CLIENT_FAULTS, OWN_FAULTS } from './other-faults.ts';
import { PROVIDER_FAULTS } from './provider-faults.ts';

export const FAULT_TABLE: readonly FaultRow[] = [
  ...PROVIDER_FAULTS,
  ...JOB_FAULTS,
  ...CLIENT_FAULTS,
  ...OWN_FAULTS,
  ...CHOICE_FAULTS,
];

export function faultRow(id: FaultRow['id']): FaultRow {
  const row = FAULT_TABLE.find((candidate) => candidate.id === id);
  if (row === undefined) throw new Error(`the fault table has no row ${id}`);
  return row;
}
