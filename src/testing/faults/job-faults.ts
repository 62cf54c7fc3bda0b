// The rows of providers' own jobs: what can go wrong with a picture after its provider has begun to make it. What goes
// wrong with the request that begins one stands in the rows of providers (provider-faults.ts).
import type { FaultRow } from './fault-row.ts';
import { fails, jobOnly, NO_KIND, serves } from './fault-row.ts';

export const JOB_FAULTS: readonly FaultRow[] = [
  {
    id: 'F35',
    fault: 'The provider loses the job it took',
    retry: 'once',
    ends: jobOnly(fails('upstream_error', 'loss')),
    note: 'No second job is begun: the first one may have been drawn.',
  },
  {
    id: 'F36',
    fault: "The provider's job does not end in the time that a call may take",
    retry: 'never',
    ends: jobOnly(fails('deadline_exceeded', 'loss')),
    note: 'The job is ended there where the provider can be told to.',
  },
  {
    id: 'F37',
    fault: 'Word of a job comes twice, late or forged',
    retry: 'never',
    ends: NO_KIND,
    note: 'No provider sends word: Tolmach asks for it, with its own key.',
  },
  {
    id: 'F41',
    fault: 'Looks at a running job fail, and a later one succeeds',
    retry: 'never',
    ends: jobOnly(serves('delivered')),
    note: 'Whatever failed: the job is begun once and looked at again, five times before it counts as lost.',
  },
  {
    id: 'F42',
    fault: 'No look at a running job succeeds any more',
    retry: 'once',
    ends: jobOnly(fails('upstream_error', 'loss')),
    note: 'The job is ended there where the provider can be told to. Unreadable answers end as `upstream_bad_response`.',
  },
  {
    id: 'F43',
    fault: "The provider's job fails, or ends as something that nobody knows",
    retry: 'once',
    ends: jobOnly(fails('upstream_error', 'loss')),
    note: 'Refused content is `content_refused`.',
  },
  {
    id: 'F44',
    fault: 'What a job has made is no whole picture: empty, cut off, another thing',
    retry: 'once',
    ends: jobOnly(fails('upstream_bad_response', 'loss')),
    note: 'It is fetched again first. One larger than `bounds.answerBytes` is `upstream_too_large`.',
  },
];
