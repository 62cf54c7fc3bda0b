// ComfyUI: a graph of nodes is put in its queue, looked for there until it is done, and its pictures are fetched. The
// graph is the usual one of SDXL, with the node numbers of ComfyUI's own examples. Sources: `server.py`, `execution.py`
// and `script_examples` of the program itself.
import type { ImageCall, Picture } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { pictureOfBytes } from '../wire/picture-file.ts';
import { SDXL_SIZES } from '../wire/sdxl-sizes.ts';
import { objectOf, objectsOf, parseVendorObject, textOfBody, unreadable } from '../wire/vendor-json.ts';
import { loggedWord } from '../wire/vendor-words.ts';
import type { AnswerHeaders, RemoteProvider, Step, Target, UpstreamRequest } from './provider.ts';

/** A picture takes seconds at best, and the queue is told without effort. */
const LOOK_MS = 1_000;
/** The model's name of the checkpoint that the options name. */
const DEFAULT = 'default';
/** The node whose pictures are wanted. */
const SHOWN = '9';

export const comfyui: RemoteProvider = {
  kind: 'remote',
  name: 'comfyui',
  options: [
    {
      name: 'checkpoint',
      env: 'COMFYUI_CHECKPOINT',
      fallback: 'sd_xl_base_1.0.safetensors',
      about: 'The checkpoint of the model `default`; any other name of a model is a checkpoint itself.',
    },
    { name: 'steps', env: 'COMFYUI_STEPS', fallback: '30', about: 'Steps of sampling for each picture.' },
    { name: 'cfg', env: 'COMFYUI_CFG', fallback: '7', about: 'How closely a picture keeps to its words.' },
    { name: 'sampler', env: 'COMFYUI_SAMPLER', fallback: 'dpmpp_2m', about: 'Name of the sampler.' },
    { name: 'scheduler', env: 'COMFYUI_SCHEDULER', fallback: 'karras', about: 'Name of the scheduler of its steps.' },
  ],
  // Its own queue draws one graph after the other; those that wait here can still go to another target.
  concurrency: () => 1,
  keyHeaders,
  faultOfStatus: faultOf,
  images: { draw },
};

/** The program asks for no key. A server in front of it may: for `user:password`, or for a token. */
function keyHeaders(apiKey: string | undefined): Record<string, string> {
  if (apiKey === undefined) return {};
  return { authorization: apiKey.includes(':') ? `Basic ${btoa(apiKey)}` : `Bearer ${apiKey}` };
}

/**
 * A graph that is refused is ours, and so is a checkpoint that is not there: nothing in it could the customer mend. The
 * log is told which input it was, and no value of it.
 */
function faultOf(status: number, headers: AnswerHeaders, text: string): CallError {
  if (status !== 400 || !/"node_errors"/.test(text)) return faultOfStatus(status, headers, text);
  const { error, node_errors } = parseVendorObject(text);
  const refused = Object.values(objectOf(node_errors)).flatMap((node) => objectsOf(objectOf(node)['errors']));
  const words = refused.map(({ type, extra_info }) => wordsOf(objectOf(extra_info)['input_name'], type));
  const detail = `the graph was refused: ${[wordsOf(objectOf(error)['type']), ...words].join(', ')}`;
  return new CallError('provider_unavailable', { detail: detail.slice(0, 200) });
}

function draw(call: ImageCall, target: Target, seed: number): Step<Picture[]> {
  const body = JSON.stringify({ prompt: graphOf(call, target, seed), client_id: 'tolmach' });
  return {
    request: post(target, 'prompt', body),
    read(answer) {
      const id = parseVendorObject(textOfBody(answer))['prompt_id'];
      if (typeof id !== 'string' || !/^[\w-]{1,64}$/.test(id)) throw unreadable('the queue gave no id');
      return { next: lookForIt(target, id) };
    },
  };
}

function graphOf(call: ImageCall, { upstreamModel, options }: Target, seed: number): JsonObject {
  const [width, height] = SDXL_SIZES[call.aspectRatio];
  const words = call.style === undefined ? call.prompt : `${call.prompt}, ${call.style}`;
  const checkpoint = upstreamModel === DEFAULT ? options['checkpoint'] : upstreamModel;
  return {
    3: node('KSampler', {
      model: ['4', 0],
      positive: ['6', 0],
      negative: ['7', 0],
      latent_image: ['5', 0],
      seed,
      steps: Number(options['steps']),
      cfg: Number(options['cfg']),
      sampler_name: options['sampler'],
      scheduler: options['scheduler'],
      denoise: 1,
    }),
    4: node('CheckpointLoaderSimple', { ckpt_name: checkpoint }),
    5: node('EmptyLatentImage', { width, height, batch_size: call.n }),
    6: node('CLIPTextEncode', { clip: ['4', 1], text: words }),
    7: node('CLIPTextEncode', { clip: ['4', 1], text: call.negativePrompt ?? '' }),
    8: node('VAEDecode', { samples: ['3', 0], vae: ['4', 2] }),
    // `SaveImage` would keep every customer's pictures for good; these are gone when the program starts anew.
    [SHOWN]: node('PreviewImage', { images: ['8', 0] }),
  };
}

function node(className: string, inputs: JsonObject): JsonObject {
  return { class_type: className, inputs };
}

/** What is neither waiting nor running is in the history, or was lost: the program moves it in one go. */
function lookForIt(target: Target, id: string): Step<Picture[]> {
  return {
    request: get(target, 'queue'),
    afterMs: LOOK_MS,
    isRepeatable: true,
    // One of them does something: out of the queue it never begins, and running it ends, whatever else is drawn there.
    interrupts: [
      post(target, 'queue', JSON.stringify({ delete: [id] })),
      post(target, 'interrupt', JSON.stringify({ prompt_id: id })),
    ],
    read(body) {
      const { queue_running: running, queue_pending: pending } = parseVendorObject(textOfBody(body));
      if (!Array.isArray(running) || !Array.isArray(pending)) throw unreadable('the queue is none');
      const entries: unknown[] = [...running, ...pending];
      const isThere = entries.some((entry) => Array.isArray(entry) && entry[1] === id);
      return { next: isThere ? lookForIt(target, id) : readHistory(target, id) };
    },
  };
}

function readHistory(target: Target, id: string): Step<Picture[]> {
  return {
    request: get(target, `history/${id}`),
    isRepeatable: true,
    read(body) {
      const entry = objectOf(parseVendorObject(textOfBody(body))[id]);
      const status = objectOf(entry['status']);
      if (status['status_str'] === 'error') throw new CallError('upstream_error', { detail: reasonOf(status) });
      const files = objectsOf(objectOf(objectOf(entry['outputs'])[SHOWN])['images']);
      if (files.length === 0) throw new CallError('upstream_error', { detail: 'the graph ended without pictures' });
      return { next: fetchPictures(target, files.map(addressOfFile), []) };
    },
  };
}

/** The kind of failure, such as `torch.OutOfMemoryError`. The message beside it may quote the prompt. */
function reasonOf({ messages }: JsonObject): string {
  const told = (Array.isArray(messages) ? messages : []).find(
    (message) => Array.isArray(message) && /^execution_(error|interrupted)$/.test(String(message[0])),
  );
  return Array.isArray(told) ? wordsOf(told[0], objectOf(told[1])['exception_type']) : 'the graph failed';
}

function wordsOf(...words: readonly unknown[]): string {
  return words.flatMap((word) => (typeof word === 'string' ? (loggedWord(word) ?? []) : [])).join(' ');
}

function addressOfFile({ filename, subfolder, type }: JsonObject): string {
  if (typeof filename !== 'string') throw unreadable('a picture has no name');
  const folder = typeof subfolder === 'string' ? subfolder : '';
  return `view?${new URLSearchParams({ filename, subfolder: folder, type: typeof type === 'string' ? type : 'temp' })}`;
}

/** One after the other, since each is a request of its own. */
function fetchPictures(target: Target, addresses: readonly string[], done: readonly Picture[]): Step<Picture[]> {
  const [address = '', ...others] = addresses;
  return {
    request: get(target, address),
    isRepeatable: true,
    read(body) {
      const pictures = [...done, pictureOfBytes(body)];
      return others.length === 0 ? { result: pictures } : { next: fetchPictures(target, others, pictures) };
    },
  };
}

function get(target: Target, path: string): UpstreamRequest {
  return {
    method: 'GET',
    url: `${target.baseUrl}/${path}`,
    origin: target.origin,
    headers: headersOf(target),
    body: '',
  };
}

function post(target: Target, path: string, body: string): UpstreamRequest {
  const headers = { ...headersOf(target), 'content-type': 'application/json' };
  return { method: 'POST', url: `${target.baseUrl}/${path}`, origin: target.origin, headers, body };
}

function headersOf({ apiKey }: Target): Record<string, string> {
  return { accept: '*/*', ...keyHeaders(apiKey) };
}
