// The ways to cause the rows about providers' jobs, and what else the request that begins one can meet. Each says at
// which of a job's requests it happens, how often, and how often that request is then sent.
import type { Script } from '../fault-scripts.ts';
import { bytes, endless, hang, head, json, PIXEL, resetAtOnce } from '../fault-scripts.ts';
import type { FaultCase, Given } from './fault-case.ts';
import { bomb, trickle } from './fault-case.ts';
import type { Outcome } from './fault-row.ts';
import { fails } from './fault-row.ts';
import type { JobShapes, JobStepName } from './job-shapes.ts';

/** Looks at a job that fail, and the first of them: then it counts as lost. */
const LOOKS = 6;
/** Between two looks of a job that never ends. The tests' gateways do not wait by themselves. */
const PACE_MS = 25;

/** A fault at a request of a job, by what stands in for its answer. */
type JobCase = Pick<FaultCase, 'row' | 'name' | 'family' | 'retry' | 'alarm' | 'retryAfterS'> & {
  readonly at: JobStepName;
  readonly cause: (given: Given) => Script;
  /** How often, until all is well again; for good where absent. */
  readonly times?: number;
  /** How often the request is sent. */
  readonly asks?: number;
  readonly end?: Outcome;
};

const page = (status = 200) => json('<html>our-secret-host</html>', status, { 'content-type': 'text/html' });
const HUGE = bytes(head(200, { 'content-type': 'image/png', 'content-length': '1099511627776' }), PIXEL);
const bitten: Script = async (wire) => {
  await wire.send(head(200, { 'content-type': 'application/json', 'content-length': '1000' }));
  await wire.send('{"uuid":');
  await Bun.sleep(PACE_MS);
  wire.reset();
};
const halted: Script = async (wire) => {
  await wire.send(`${head(200, { 'content-type': 'application/json', 'content-length': '1000' })}{"uuid":`);
  await wire.closed;
};

/** What a job says, by the words of its vendor. */
const says =
  (choose: (job: JobShapes) => Script) =>
  ({ shapes }: Given): Script => {
    if (shapes.job === undefined) throw new Error(`${shapes.family} has no jobs`);
    return choose(shapes.job);
  };

const STARTS: readonly JobCase[] = [
  {
    row: 'F10',
    name: 'an error in place of a job',
    at: 'start',
    cause: ({ shapes }) => json(shapes.error('server')),
  },
  {
    row: 'F7',
    name: 'the state of a full queue in place of a job',
    at: 'start',
    family: 'fusionbrain',
    cause: () => json({ pipeline_status: 'DISABLED_BY_QUEUE' }, 201),
    retryAfterS: 30,
  },
  {
    row: 'F8',
    name: 'a graph that it cannot run',
    at: 'start',
    family: 'comfyui',
    cause: () => json({ error: { type: 'prompt_outputs_failed_validation' }, node_errors: {} }, 400),
  },
];

/** Questions before anything is begun: whatever fails there, nothing was. */
const QUESTIONS: readonly JobCase[] = [
  { row: 'F1', name: 'a question before the job fails with 500', at: 'list', cause: () => json('', 500) },
  { row: 'F1', name: 'a question before the job meets silence', at: 'list', cause: () => hang },
  { row: 'F1', name: 'a question before the job is cut off', at: 'list', cause: () => resetAtOnce },
  { row: 'F1', name: 'a question before the job gets a page', at: 'list', cause: () => page() },
  { row: 'F5', name: 'a question before the job', at: 'list', cause: () => json('', 429), retryAfterS: 5 },
  { row: 'F8', name: 'a question before the job', at: 'list', cause: () => json('', 401) },
].map((one) => ({ ...one, family: 'fusionbrain' }) as const as JobCase);

/** What a look can meet that says nothing of the job. */
const FAILED_LOOKS: readonly (readonly [name: string, cause: (given: Given) => Script, code?: Outcome])[] = [
  ['500', () => json('', 500)],
  ['502 with a page', () => page(502)],
  ['503 until 1 s', () => json('', 503, { 'retry-after': '1' })],
  ['429', () => json('', 429)],
  ['401', () => json('', 401)],
  ['a redirect', () => json('', 302, { location: 'http://127.0.0.1:9/elsewhere' })],
  ['a reset', () => resetAtOnce],
  ['a reset in the middle', () => bitten],
  ['a page', () => page(), fails('upstream_bad_response', 'loss')],
  ['nothing', () => json(''), fails('upstream_bad_response', 'loss')],
  ['half an answer', () => json('{"uuid":'), fails('upstream_bad_response', 'loss')],
  ['an error in a 200', ({ shapes }) => json(shapes.error('server')), fails('upstream_bad_response', 'loss')],
  ['a bomb', (given) => bomb(given, 'gzip', 1), fails('upstream_bad_response', 'loss')],
];

const LOOKS_THAT_RECOVER: readonly JobCase[] = [
  ...FAILED_LOOKS.map(([name, cause]): JobCase => ({ row: 'F41', name, at: 'look', cause, times: 1 })),
  { row: 'F41', name: 'silence', at: 'look', cause: () => hang, times: 1 },
  { row: 'F41', name: 'a part and silence', at: 'look', cause: () => halted, times: 1 },
  { row: 'F41', name: '500 five times', at: 'look', cause: () => json('', 500), times: 5 },
  { row: 'F41', name: '500 when the job has left', at: 'left', cause: () => json('', 500), times: 1 },
  { row: 'F41', name: '500 when the job has ended', at: 'end', cause: () => json('', 500), times: 1 },
  { row: 'F41', name: 'a picture cut off by a reset', at: 'picture', cause: () => bitten, times: 1 },
  { row: 'F41', name: 'a picture that breaks off', at: 'picture', cause: brokenPicture, times: 1 },
];

const LOOKS_THAT_DO_NOT: readonly JobCase[] = [
  ...FAILED_LOOKS.map(([name, cause, end]): JobCase => {
    const common = { row: 'F42', name, at: 'look', cause, asks: LOOKS } as const;
    return end === undefined ? common : { ...common, end };
  }),
  { row: 'F42', name: '500 when the job has ended', at: 'end', cause: () => json('', 500), asks: LOOKS },
  { row: 'F42', name: '400', at: 'look', cause: () => json('', 400) },
  {
    row: 'F42',
    name: 'an answer without end',
    at: 'look',
    cause: () => endless('application/json', ' '),
    end: fails('upstream_too_large', 'loss'),
  },
];

const ENDS: readonly JobCase[] = [
  { row: 'F35', name: 'at once', at: 'look', cause: () => json('', 404) },
  { row: 'F35', name: 'at its end', at: 'end', cause: says(({ lost }) => lost) },
  {
    row: 'F36',
    name: 'a job that runs on',
    at: 'look',
    cause: says(({ running }) => async (wire, call) => {
      await Bun.sleep(PACE_MS);
      await json(running)(wire, call);
    }),
    asks: Number.POSITIVE_INFINITY,
  },
  { row: 'F36', name: 'looks that hang', at: 'look', cause: () => hang, asks: Number.POSITIVE_INFINITY },
  { row: 'F36', name: 'a look that trickles', at: 'look', cause: trickle },
  { row: 'F43', name: 'failed', at: 'end', cause: says(({ failed }) => json(failed)) },
  { row: 'F43', name: 'a state of which nobody has heard', at: 'end', cause: says(({ strange }) => json(strange)) },
  {
    row: 'F43',
    name: 'refused content',
    at: 'end',
    family: 'fusionbrain',
    cause: () => json({ status: 'DONE', result: { files: [PIXEL.toString('base64')], censored: true } }),
    end: fails('content_refused', 'void'),
  },
];

const PICTURES: readonly JobCase[] = [
  { row: 'F44', name: 'no byte', at: 'picture', cause: pictureOf(''), asks: LOOKS },
  { row: 'F44', name: 'a page', at: 'picture', cause: pictureOf('<html>our-secret-host</html>'), asks: LOOKS },
  { row: 'F44', name: 'a picture that breaks off', at: 'picture', cause: brokenPicture, asks: LOOKS },
  {
    row: 'F44',
    name: 'an announced terabyte',
    at: 'picture',
    cause: () => HUGE,
    end: fails('upstream_too_large', 'loss'),
  },
  {
    row: 'F38',
    name: 'an address',
    at: 'picture',
    family: 'fusionbrain',
    cause: () => json({ status: 'DONE', result: { files: ['http://127.0.0.1:9/picture.png'], censored: false } }),
    asks: LOOKS,
    retry: 'once',
  },
];

function pictureOf(text: string): (given: Given) => Script {
  return says((job) => job.picture(Buffer.from(text)));
}

/** In order for HTTP, and cut off before it was written: the file has its beginning and not its end. */
function brokenPicture(given: Given): Script {
  return says((job) => job.picture(PIXEL.subarray(0, -20)))(given);
}

export const JOB_CASES: readonly FaultCase[] = [
  ...STARTS,
  ...QUESTIONS,
  ...LOOKS_THAT_RECOVER,
  ...LOOKS_THAT_DO_NOT,
  ...ENDS,
  ...PICTURES,
].map(({ end, ...one }) => ({ ...one, kinds: ['job'], ...(end === undefined ? {} : { ends: { job: end } }) }));
