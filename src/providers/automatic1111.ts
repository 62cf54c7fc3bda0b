// AUTOMATIC1111's web UI for Stable Diffusion, and what speaks its API, such as Forge. It draws one picture after the
// other and answers when it is done. Source: the API that the program documents of itself, and the `webuiapi` client.
import type { ImageCall, Picture } from '../core/call.ts';
import { faultOfStatus } from '../wire/openai/fault.ts';
import { pictureOfBase64 } from '../wire/picture-file.ts';
import { SDXL_SIZES } from '../wire/sdxl-sizes.ts';
import { parseVendorObject, textOfBody, unreadable } from '../wire/vendor-json.ts';
import type { RemoteProvider, Step, Target, UpstreamRequest } from './provider.ts';

/** The model's name of what is loaded: nothing is switched. */
const LOADED = 'loaded';

export const automatic1111: RemoteProvider = {
  kind: 'remote',
  name: 'automatic1111',
  options: [
    { name: 'steps', env: 'AUTOMATIC1111_STEPS', fallback: '30', about: 'Steps of sampling for each picture.' },
  ],
  concurrency: () => 1,
  keyHeaders,
  faultOfStatus,
  images: { draw },
};

/** The key is `user:password`, as the program is given it by `--api-auth`. */
function keyHeaders(apiKey: string | undefined): Record<string, string> {
  return apiKey === undefined ? {} : { authorization: `Basic ${btoa(apiKey)}` };
}

function draw(call: ImageCall, target: Target): Step<Picture[]> {
  const [width, height] = SDXL_SIZES[call.aspectRatio];
  const checkpoint = target.upstreamModel;
  const body = {
    prompt: call.style === undefined ? call.prompt : `${call.prompt}, ${call.style}`,
    negative_prompt: call.negativePrompt ?? '',
    steps: Number(target.options['steps']),
    width,
    height,
    n_iter: call.n,
    batch_size: 1,
    ...(checkpoint === LOADED ? {} : { override_settings: { sd_model_checkpoint: checkpoint } }),
  };
  return {
    request: post(target, 'txt2img', JSON.stringify(body)),
    isSlow: true,
    // It ends whatever is being drawn, which is ours: no other call is there at the same time.
    interrupts: [post(target, 'interrupt', '')],
    read: (answer) => ({ result: picturesOf(textOfBody(answer), call.n) }),
  };
}

/** With several pictures the program may put one of all of them together before them. */
function picturesOf(text: string, n: number): Picture[] {
  const { images } = parseVendorObject(text);
  const texts = (Array.isArray(images) ? images : []).filter((image) => typeof image === 'string');
  if (texts.length === 0) throw unreadable('the answer has no pictures');
  return texts.slice(-n).map(pictureOfBase64);
}

function post(target: Target, path: string, body: string): UpstreamRequest {
  const headers = { 'content-type': 'application/json', accept: 'application/json', ...keyHeaders(target.apiKey) };
  return { method: 'POST', url: `${target.baseUrl}/sdapi/v1/${path}`, origin: target.origin, headers, body };
}
