// FusionBrain, where Kandinsky draws. A picture takes several requests: which pipelines there are, the order, and looks
// at it until it is done. Sources: the vendor's Python SDK and eight public clients. The service is a beta and changes
// without notice, so that both places where pictures were seen are read.
import type { AspectRatio, ImageCall, Picture } from '../core/call.ts';
import { CallError } from '../core/errors.ts';
import type { JsonObject } from '../core/fields.ts';
import { isObject, present, unsupported } from '../core/fields.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { pictureOfBase64 } from '../wire/picture-file.ts';
import { objectsOf, parseVendorJson, parseVendorObject, textOfBody, unreadable } from '../wire/vendor-json.ts';
import type { RemoteProvider, Step, Target, UpstreamRequest } from './provider.ts';

/** Pictures take ten seconds and more; the vendor asks not to be looked at too often. */
const LOOK_MS = 3_000;
const PIPELINE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Both are multiples of 64 and none is above 1024, as the vendor asks. */
const SIZES: Readonly<Record<AspectRatio, readonly [width: number, height: number]>> = {
  '16:9': [1024, 576],
  '3:2': [960, 640],
  '1:1': [1024, 1024],
  '2:3': [640, 960],
  '9:16': [576, 1024],
};
/** Must not occur in a prompt; that it does is ruled out by the JSON around it, which escapes line ends. */
const BOUNDARY = 'tolmach-6f1d2c9b7e';

export const fusionbrain: RemoteProvider = {
  kind: 'remote',
  name: 'fusionbrain',
  options: [{ name: 'secret', env: 'FUSIONBRAIN_SECRET_KEY', about: 'The secret key that belongs to the API key.' }],
  keyHeaders: (apiKey) => (apiKey === undefined ? {} : { 'x-key': `Key ${apiKey}` }),
  faultOfStatus,
  images: { draw },
};

/** A model that is no pipeline's id is looked up among the names of the pipelines. */
function draw(call: ImageCall, target: Target): Step<Picture[]> {
  if (call.n > 1) throw unsupported('n', '"n" greater than 1 is not supported by this model.');
  if (PIPELINE_ID.test(target.upstreamModel)) return order(call, target, target.upstreamModel);
  return {
    request: get(target, 'pipelines'),
    isRepeatable: true,
    read: (body) => ({ next: order(call, target, pipelineOf(textOfBody(body), target.upstreamModel)) }),
  };
}

function pipelineOf(text: string, name: string): string {
  const drawing = objectsOf(parseVendorJson(text)).filter(({ type }) => type === undefined || type === 'TEXT2IMAGE');
  const named = drawing.filter((pipeline) => String(pipeline['name']).toLowerCase().includes(name.toLowerCase()));
  const pipeline = named.find(isActive) ?? drawing.find(isActive) ?? drawing[0];
  if (pipeline === undefined || typeof pipeline['id'] !== 'string') throw unreadable('there is no pipeline that draws');
  if (!isActive(pipeline)) throw overloaded(String(pipeline['status']));
  return pipeline['id'];
}

function isActive({ status }: JsonObject): boolean {
  return status === undefined || status === 'ACTIVE';
}

function order(call: ImageCall, target: Target, pipelineId: string): Step<Picture[]> {
  const [width, height] = SIZES[call.aspectRatio];
  const parameters = {
    type: 'GENERATE',
    numImages: 1,
    width,
    height,
    ...present({ negativePromptDecoder: call.negativePrompt }),
    generateParams: { query: call.style === undefined ? call.prompt : `${call.prompt}\n\n${call.style}` },
  };
  // The vendor takes the parameters only as a part that says of itself that it is JSON.
  const body = [
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="pipeline_id"\r\n\r\n${pipelineId}\r\n`,
    `--${BOUNDARY}\r\ncontent-disposition: form-data; name="params"\r\ncontent-type: application/json\r\n\r\n`,
    `${JSON.stringify(parameters)}\r\n--${BOUNDARY}--\r\n`,
  ].join('');
  const headers = { ...headersOf(target), 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
  return {
    request: { method: 'POST', url: addressOf(target, 'pipeline/run'), origin: target.origin, headers, body },
    read: (answer) => ({ next: look(target, orderIdOf(textOfBody(answer))) }),
  };
}

/** While it has too much to do the vendor answers 200 with the state of the pipeline in place of an order. */
function orderIdOf(text: string): string {
  const body = parseVendorObject(text);
  const { uuid, status } = body;
  if (typeof uuid === 'string' && PIPELINE_ID.test(uuid) && status !== 'FAIL') return uuid;
  const state = body['pipeline_status'] ?? body['model_status'];
  if (typeof state === 'string') throw overloaded(state);
  throw unreadable('the order has no id');
}

function overloaded(state: string): CallError {
  return new CallError('upstream_overloaded', { detail: `the pipeline is ${state.slice(0, 40)}`, retryAfterS: 30 });
}

function look(target: Target, id: string): Step<Picture[]> {
  return {
    request: get(target, `pipeline/status/${id}`),
    afterMs: LOOK_MS,
    isRepeatable: true,
    read(body) {
      const order = parseVendorObject(textOfBody(body));
      if (order['status'] === 'DONE') return { result: picturesOf(order) };
      if (order['status'] === 'INITIAL' || order['status'] === 'PROCESSING') return { next: look(target, id) };
      if (typeof order['status'] !== 'string') throw unreadable('the order has no status');
      throw new CallError('upstream_error', { detail: `the order ended as ${order['status'].slice(0, 40)}` });
    },
  };
}

function picturesOf(order: JsonObject): Picture[] {
  const result = isObject(order['result']) ? order['result'] : order;
  if (result['censored'] === true) throw new CallError('content_refused', { detail: 'the picture was censored' });
  const files = [result['files'], order['files'], result['images'], order['images']].find(Array.isArray) ?? [];
  const texts = files.filter((file): file is string => typeof file === 'string');
  if (texts.length === 0) throw unreadable('the order is done and has no pictures');
  return texts.map(pictureOfBase64);
}

function get(target: Target, path: string): UpstreamRequest {
  return {
    method: 'GET',
    url: addressOf(target, path),
    origin: target.origin,
    headers: headersOf(target),
    body: '',
  };
}

function addressOf({ baseUrl }: Target, path: string): string {
  return `${baseUrl}/key/api/v1/${path}`;
}

/** The words before the keys are a part of their values. */
function headersOf({ apiKey, options }: Target): Record<string, string> {
  return {
    accept: 'application/json',
    ...fusionbrain.keyHeaders(apiKey),
    'x-secret': `Secret ${options['secret'] ?? ''}`,
  };
}
