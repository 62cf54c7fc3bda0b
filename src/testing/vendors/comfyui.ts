// ComfyUI as its own `server.py` and `execution.py` have it: a queue that is worked off one graph after the other, a
// history of what has ended, and files. A graph that ComfyUI would not take is refused in its words.
import { PIXEL } from '../fault-scripts.ts';
import type { Asked } from './fake-vendor.ts';
import { FakeVendor, refuse } from './fake-vendor.ts';

type Inputs = Readonly<Record<string, unknown>>;
type Graph = Readonly<Record<string, { readonly class_type: string; readonly inputs: Inputs }>>;
type Job = { readonly id: string; readonly graph: Graph; looks: number };
type Ending = 'done' | 'error' | 'nothing' | 'lost';

export const CHECKPOINT = 'sd_xl_base_1.0.safetensors';
/** The inputs that each class needs. */
const NODES: Readonly<Record<string, readonly string[]>> = {
  KSampler: ['model', 'seed', 'steps', 'cfg', 'sampler_name', 'scheduler', 'positive', 'negative', 'latent_image'],
  CheckpointLoaderSimple: ['ckpt_name'],
  EmptyLatentImage: ['width', 'height', 'batch_size'],
  CLIPTextEncode: ['text', 'clip'],
  VAEDecode: ['samples', 'vae'],
  SaveImage: ['images', 'filename_prefix'],
  PreviewImage: ['images'],
};
/** The values that are numbers, with their least ones. */
const NUMBERS: Readonly<Record<string, number>> = { seed: 0, steps: 1, cfg: 0, width: 16, height: 16, batch_size: 1 };

export class FakeComfyUi extends FakeVendor {
  /** Looks at the queue for which a graph is still there. */
  looks = 1;
  ending: Ending = 'done';
  /** Looks that fail before one succeeds. */
  failingLooks = 0;
  readonly graphs: Graph[] = [];
  readonly deleted: string[] = [];
  readonly interrupted: string[] = [];
  readonly #queue: Job[] = [];
  readonly #history = new Map<string, unknown>();

  constructor() {
    super((asked) => {
      const { method, path } = asked;
      // Every route is there with `/api` before it as well.
      const [route = '', query = ''] = path.replace(/^\/api(?=\/)/, '').split('?');
      if (method === 'POST' && route === '/prompt') return this.#enqueue(asked);
      if (method === 'POST' && route === '/queue') return this.#delete(asked);
      if (method === 'POST' && route === '/interrupt') return this.#interrupt(asked);
      if (method === 'GET' && route === '/queue') return this.#showQueue();
      const id = /^\/history\/([\w-]+)$/.exec(route)?.[1];
      if (method === 'GET' && id !== undefined) return this.#showHistory(id);
      if (method === 'GET' && route === '/view') return view(new URLSearchParams(query));
      return new Response('404: Not Found', { status: 404 });
    });
  }

  #enqueue({ text }: Asked): Response {
    const { prompt } = JSON.parse(text) as { prompt?: Graph };
    if (prompt === undefined) return refuse(400, { error: { type: 'no_prompt' }, node_errors: {} });
    const errors = errorsOf(prompt);
    if (Object.keys(errors).length > 0) {
      const message = 'Prompt outputs failed validation';
      const error = { type: 'prompt_outputs_failed_validation', message, details: '', extra_info: {} };
      return refuse(400, { error, node_errors: errors });
    }
    const id = crypto.randomUUID();
    this.graphs.push(prompt);
    if (this.ending !== 'lost') this.#queue.push({ id, graph: prompt, looks: this.looks });
    return Response.json({ prompt_id: id, number: this.graphs.length, node_errors: {} });
  }

  #showQueue(): Response {
    if (this.failingLooks-- > 0) return refuse(502, '<html>');
    this.#work();
    const [running, ...pending] = this.#queue.map(({ id, graph }, i) => [i, id, graph, { client_id: 'a' }, ['9']]);
    return Response.json({ queue_running: running === undefined ? [] : [running], queue_pending: pending });
  }

  #showHistory(id: string): Response {
    this.#work();
    return Response.json(this.#history.has(id) ? { [id]: this.#history.get(id) } : {});
  }

  /** Each look brings the first graph of the queue nearer to its end. */
  #work(): void {
    const job = this.#queue[0];
    if (job === undefined || job.looks-- > 0) return;
    this.#queue.shift();
    this.#history.set(job.id, entryOf(job, this.ending));
  }

  #delete({ text }: Asked): Response {
    const { delete: ids = [] } = JSON.parse(text) as { delete?: string[] };
    // The first one runs, and what runs is not in the queue any more.
    for (const id of ids) {
      const at = this.#queue.findIndex((job) => job.id === id);
      if (at > 0) this.deleted.push(...this.#queue.splice(at, 1).map((job) => job.id));
    }
    return new Response(null);
  }

  #interrupt({ text }: Asked): Response {
    const { prompt_id: id } = JSON.parse(text) as { prompt_id?: string };
    const running = this.#queue[0];
    if (running !== undefined && (id === undefined || id === running.id)) {
      this.#queue.shift();
      this.interrupted.push(running.id);
      this.#history.set(running.id, failed(running, 'execution_interrupted', { node_id: '3' }));
    }
    return new Response(null);
  }
}

function entryOf(job: Job, ending: Ending): unknown {
  const { id, graph } = job;
  if (ending === 'error') {
    const failure = { exception_type: 'torch.OutOfMemoryError', exception_message: 'of the operator' };
    return failed(job, 'execution_error', failure);
  }
  const [shown, { class_type }] = Object.entries(graph).find(([, node]) =>
    /^(Save|Preview)Image$/.test(node.class_type),
  ) ?? ['', { class_type: '' }];
  const n = Object.values(graph).find((node) => node.class_type === 'EmptyLatentImage')?.inputs['batch_size'];
  const type = class_type === 'PreviewImage' ? 'temp' : 'output';
  const images = Array.from({ length: Number(n) }, (_, i) => ({ filename: `Comfy UI_${i}_.png`, subfolder: '', type }));
  const messages = [['execution_start', { prompt_id: id }]];
  return {
    prompt: promptOf(job),
    outputs: ending === 'nothing' ? {} : { [shown]: { images } },
    status: { status_str: 'success', completed: true, messages },
  };
}

function failed(job: Job, how: string, details: object): unknown {
  const messages = [[how, { prompt_id: job.id, ...details }]];
  return { prompt: promptOf(job), outputs: {}, status: { status_str: 'error', completed: false, messages } };
}

function promptOf({ id, graph }: Job): unknown {
  return [0, id, graph, { client_id: 'a' }, ['9']];
}

/** Every input that is missing, out of its range, or the name of nothing that is there, by the node that has it. */
function errorsOf(graph: Graph): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [id, { class_type, inputs }] of Object.entries(graph)) {
    const errors = (NODES[class_type] ?? []).flatMap((name) => {
      const type = problemOf(graph, name, inputs[name]);
      return type === undefined
        ? []
        : [{ type, message: type, details: String(inputs[name]), extra_info: { input_name: name } }];
    });
    if (errors.length > 0) found[id] = { errors, dependent_outputs: ['9'], class_type };
  }
  return found;
}

function problemOf(graph: Graph, name: string, value: unknown): string | undefined {
  if (value === undefined) return 'required_input_missing';
  if (Array.isArray(value)) return graph[String(value[0])] === undefined ? 'bad_linked_input' : undefined;
  const least = NUMBERS[name];
  if (least !== undefined && typeof value !== 'number') return 'invalid_input_type';
  if (typeof value === 'number' && value < (least ?? value)) return 'value_smaller_than_min';
  return name === 'ckpt_name' && value !== CHECKPOINT ? 'value_not_in_list' : undefined;
}

function view(query: URLSearchParams): Response {
  const isThere =
    /^Comfy UI_\d_\.png$/.test(query.get('filename') ?? '') && /^(temp|output)$/.test(query.get('type') ?? '');
  return isThere
    ? new Response(PIXEL, { headers: { 'content-type': 'image/png' } })
    : new Response(null, { status: 404 });
}
