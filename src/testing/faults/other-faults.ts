// The rows of what clients do, of the gateway's own end, and of providers as a whole.
import type { ErrorCode } from '../../core/errors.ts';
import type { FaultRow, HoldEnd } from './fault-row.ts';
import { allFail, allServe, fails, NO_KIND, serves, streamOnly, taskServes } from './fault-row.ts';

/** A task needs no client and outlives the process; a call needs both. */
const taskServesElseFail = (code: ErrorCode, hold: HoldEnd): FaultRow['ends'] => ({
  ...allFail(code, hold),
  task: taskServes('usage'),
});

/** Refused before anything was held: then a task is not accepted either. */
const UNHELD: FaultRow['ends'] = {
  ...allFail('temporarily_unavailable', 'unheld'),
  task: fails('temporarily_unavailable', 'unheld'),
};

export const CLIENT_FAULTS: readonly FaultRow[] = [
  {
    id: 'F25',
    fault: 'The client leaves before anything of the answer',
    retry: 'never',
    ends: taskServesElseFail('client_closed', 'loss'),
    note: 'The provider is stopped at once, and a job ended there where it can be. A task needs no client.',
    provedBy: [
      ['test/fast/job-ends.test.ts', 'F25, job'],
      ['test/fast/client-faults.test.ts', 'a client that leaves before a whole answer costs nothing'],
      ['test/fast/images.test.ts', 'is none for a client that left before the picture was there'],
      ['test/fast/client-leaves.test.ts', 'F25'],
    ],
  },
  {
    id: 'F26',
    fault: 'The client leaves in the middle of a stream',
    retry: 'never',
    ends: streamOnly({ status: 499, code: 'client_closed', hold: 'delivered' }),
    note: 'The provider is stopped at once.',
    provedBy: [
      ['test/fast/client-faults.test.ts', 'after any of its events: the provider is let go within a second'],
      ['test/fast/client-leaves.test.ts', 'F26'],
    ],
  },
  {
    id: 'F27',
    fault: 'The client stops reading',
    retry: 'never',
    ends: streamOnly({ status: 499, code: 'slow_reader', hold: 'delivered' }),
    provedBy: [['test/fast/client-faults.test.ts', 'hold the provider back, and are cut']],
  },
];

export const OWN_FAULTS: readonly FaultRow[] = [
  {
    id: 'F28',
    fault: 'The gateway is killed before the provider was asked',
    retry: 'never',
    ends: taskServesElseFail('gateway_restarted', 'void'),
    note: 'The client sees a broken connection; the usage of the account has the code. A task runs after the restart.',
    provedBy: [
      ['test/slow/crash.test.ts', 'and at random lose nothing, double nothing and leave nothing held'],
      ['test/slow/crash.test.ts', 'one lone call, and the process dies'],
    ],
  },
  {
    id: 'F29',
    fault: 'The gateway is killed while the provider works or the answer goes out',
    retry: 'never',
    ends: taskServesElseFail('gateway_restarted', 'void'),
    note: 'Whatever was delivered: the next start gives the hold back. A task runs once more, a job runs on for nobody.',
    provedBy: [
      ['test/fast/job-ends.test.ts', 'is killed while a job runs'],
      ['test/slow/crash.test.ts', 'and at random lose nothing, double nothing and leave nothing held'],
      ['test/slow/crash.test.ts', 'one lone call, and the process dies'],
    ],
  },
  {
    id: 'F30',
    fault: 'The gateway is killed after the answer came and before its charge is on disk',
    retry: 'never',
    ends: taskServesElseFail('gateway_restarted', 'void'),
    note: 'No client has seen a complete answer by then.',
    provedBy: [
      ['test/fast/openai-money.test.ts', 'a whole answer is not sent before its charge is durable'],
      ['test/fast/openai-money.test.ts', '[DONE] is not sent before the charge is durable'],
      ['test/slow/crash.test.ts', 'and at random lose nothing, double nothing and leave nothing held'],
    ],
  },
  {
    id: 'F31',
    fault: 'The gateway is killed after the charge is on disk and before the client has all',
    retry: 'never',
    ends: {
      whole: serves('usage'),
      stream: serves('usage'),
      task: taskServes('usage'),
      image: serves('usage'),
      job: serves('usage'),
    },
    note: 'Charged once. The result of a task is there to be polled.',
    provedBy: [['test/slow/crash.test.ts', 'and at random lose nothing, double nothing and leave nothing held']],
  },
  {
    id: 'F32',
    fault: 'The store cannot take the hold',
    retry: 'never',
    ends: UNHELD,
    note: 'No provider is asked.',
    provedBy: [['test/fast/openai-money.test.ts', 'a store that cannot hold means 503 and no provider call']],
  },
  {
    id: 'F33',
    fault: 'The store cannot take the charge',
    retry: 'never',
    ends: allServe('usage'),
    note: 'It is tried until it can; the answer, or the last event of a stream, waits for it.',
    provedBy: [['test/fast/openai-money.test.ts', 'a settle that the store cannot take is tried until it can']],
  },
  {
    id: 'F34',
    fault: 'The disk of the gateway is full',
    retry: 'never',
    ends: UNHELD,
    note: 'What runs already ends as F33.',
    provedBy: [
      ['test/slow/full-disk.test.ts', 'a call is refused with 503 and no provider is asked'],
      [
        'test/slow/full-disk.test.ts',
        'a running stream goes on to its last word, and ends once its charge could be written',
      ],
    ],
  },
];

export const CHOICE_FAULTS: readonly FaultRow[] = [
  {
    id: 'F38',
    fault: 'The provider sends an address instead of a picture',
    retry: 'never',
    ends: {
      ...NO_KIND,
      image: fails('upstream_bad_response', 'loss'),
      job: fails('upstream_bad_response', 'loss'),
    },
    note: 'Addresses are not fetched: one could lead into our own network, and would expire.',
  },
  {
    id: 'F39',
    fault: 'The first provider fails and the second one answers',
    retry: 'never',
    ends: allServe('usage'),
    note: 'Once, at the price of the model asked for. What the first one cost is the operator’s.',
    provedBy: [['test/fast/faults.test.ts', 'another provider is asked if and only if the table says so']],
  },
  {
    id: 'F40',
    fault: 'All providers of the model have failed many times in a row',
    retry: 'never',
    ends: allFail('no_provider', 'void'),
    note: 'At once, without asking them, with `Retry-After`. A task waits for them first.',
    provedBy: [
      ['test/fast/provider-out.test.ts', 'F40'],
      ['test/fast/job-ends.test.ts', 'F40'],
    ],
  },
];
