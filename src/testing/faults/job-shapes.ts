// Two vendors that make pictures as jobs, as far as the fault upstream has to speak like them: which requests follow each
// other, the sound answer to each, and what else can become of a job. What these vendors take and refuse is the matter of
// their own fakes (src/testing/vendors/).
import type { Script } from '../fault-scripts.ts';
import { bytes, head, json, PIXEL } from '../fault-scripts.ts';
import { OPENAI_SHAPES } from './family-shapes.ts';

/** What a request of a job is for. */
export type JobStepName =
  /** Asks what there is, and begins nothing. */
  | 'list'
  | 'start'
  /** Is told that the job runs. */
  | 'look'
  /** Is told that it does not run any more. */
  | 'left'
  /** Is told how it ended. */
  | 'end'
  | 'picture';

export type JobStep = {
  readonly name: JobStepName;
  /** Method and path. */
  readonly asks: RegExp;
  readonly answer: Script;
};

export type JobShapes = {
  /** Its requests in their order. */
  readonly steps: readonly JobStep[];
  /** Which of the steps stands for those that the vendor has no request of their own for. */
  readonly instead: Readonly<Partial<Record<JobStepName, JobStepName>>>;
  /** The requests that end a job, and at which steps they make sense. */
  readonly interrupts?: { readonly asks: RegExp; readonly count: number; readonly during: readonly JobStepName[] };
  /** The bodies of answers: that a job runs, that it failed, is nowhere, is in a state of which nobody has heard. */
  readonly running: unknown;
  readonly failed: unknown;
  readonly lost: Script;
  readonly strange: unknown;
  /** The answer that brings these bytes as the picture. */
  picture(bytes: Uint8Array): Script;
};

export const FUSIONBRAIN_JOB: JobShapes = {
  steps: [
    { name: 'list', asks: /^GET .*\/pipelines$/, answer: json(pipelines()) },
    { name: 'start', asks: /^POST .*\/pipeline\/run$/, answer: json(order('INITIAL'), 201) },
    { name: 'look', asks: /^GET .*\/pipeline\/status\//, answer: json(order('PROCESSING')) },
    { name: 'picture', asks: /^GET .*\/pipeline\/status\//, answer: drawnByOrder(PIXEL) },
  ],
  instead: { left: 'look', end: 'picture' },
  running: order('PROCESSING'),
  failed: { ...order('FAIL'), errorDescription: 'our-secret-host has no room' },
  lost: json({ message: 'our-secret-host has no such order' }, 404),
  strange: order('SUSPENDED'),
  picture: drawnByOrder,
};

export const COMFYUI_JOB: JobShapes = {
  steps: [
    { name: 'start', asks: /^POST .*\/prompt$/, answer: json(queued()) },
    { name: 'look', asks: /^GET .*\/queue$/, answer: json(queueOf([0, queued().prompt_id, {}, {}, ['9']])) },
    { name: 'left', asks: /^GET .*\/queue$/, answer: json(queueOf()) },
    { name: 'end', asks: /^GET .*\/history\//, answer: json(historyOf('success', 1)) },
    { name: 'picture', asks: /^GET .*\/view\?/, answer: file(PIXEL) },
  ],
  instead: {},
  interrupts: { asks: /^POST .*\/(queue|interrupt)$/, count: 2, during: ['look', 'left'] },
  running: queueOf([0, queued().prompt_id, {}, {}, ['9']]),
  failed: historyOf('error', 0),
  lost: json({}),
  strange: historyOf('suspended', 0),
  picture: file,
};

/** Errors are told in OpenAI's shape, which both are read by: it tells the statuses apart, and both send little besides. */
export const FUSIONBRAIN_SHAPES = {
  ...OPENAI_SHAPES,
  family: 'fusionbrain',
  whole: () => order('INITIAL'),
  job: FUSIONBRAIN_JOB,
} as const;
export const COMFYUI_SHAPES = { ...OPENAI_SHAPES, family: 'comfyui', whole: queued, job: COMFYUI_JOB } as const;

function pipelines() {
  const id = '99d833d6-fec0-44fd-a1c2-35d6bf96b5c2';
  return [{ id, name: 'Kandinsky', version: 3.1, status: 'ACTIVE', type: 'TEXT2IMAGE' }];
}

function order(status: string) {
  return { uuid: 'd2c6a3e5-0d3b-4a4e-9a0f-6c1f4f1f8b11', status };
}

function drawnByOrder(picture: Uint8Array): Script {
  const files = [Buffer.from(picture).toString('base64')];
  return json({ ...order('DONE'), result: { files, censored: false } });
}

function queued() {
  return { prompt_id: 'b6e4a1c2-77aa-4b0d-8f0e-0f6f4a2f9c33', number: 1, node_errors: {} };
}

function queueOf(...running: unknown[]) {
  return { queue_running: running, queue_pending: [] };
}

function historyOf(status: string, pictures: number) {
  const images = Array.from({ length: pictures }, () => ({ filename: 'ComfyUI_1_.png', subfolder: '', type: 'temp' }));
  const messages = [['execution_error', { exception_type: 'our-secret-error' }]];
  const entry = { outputs: { 9: { images } }, status: { status_str: status, completed: pictures > 0, messages } };
  return { [queued().prompt_id]: entry };
}

function file(picture: Uint8Array): Script {
  return bytes(head(200, { 'content-type': 'image/png', 'content-length': String(picture.length) }), picture);
}
