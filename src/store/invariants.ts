// The invariants of the ledger that an audit proves over the whole database, in the words that it reports. Each store
// has one query for each of them.

export const INVARIANTS = {
  bucketBounds: 'a bucket never holds and uses more than it was granted',
  bucketHeld: 'what a bucket holds is the sum of the open holds on it',
  bucketUsed: 'what a bucket has used is the sum of the charges on it',
  bucketGranted: 'what a pack or wallet was granted is the sum of its grants',
  oneState: 'a call has an open hold or a terminal entry, never both',
  charge: 'a charge is the sum of its postings and never more than the hold',
  hold: 'a hold is the sum of its postings',
  void: 'a void call is charged nothing',
  posting: 'every posting belongs to a bucket of the same account',
  task: 'a task that waits or runs has an open hold, one that has ended has none',
} as const;

export type InvariantName = keyof typeof INVARIANTS;

/** Findings shown per invariant; more would say nothing new. */
export const FINDINGS_SHOWN = 20;
