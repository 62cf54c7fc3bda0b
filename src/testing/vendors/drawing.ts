// The servers that draw with Stable Diffusion: Stability AI's API, and AUTOMATIC1111's as its `webuiapi` client has it.
import { PIXEL } from '../fault-scripts.ts';
import { FakeVendor, refuse } from './fake-vendor.ts';

const SDXL_SIZES = ['1024x1024', '1152x896', '896x1152', '1216x832', '832x1216', '1344x768', '768x1344'];
const base64 = PIXEL.toString('base64');

export class FakeStability extends FakeVendor {
  isFiltering = false;

  constructor(key: string) {
    super(async ({ path, headers, text }) => {
      if (headers.get('authorization') !== `Bearer ${key}`) return refuse(401, { name: 'unauthorized', id: 'x' });
      if (path === '/v1/generation/stable-diffusion-xl-1024-v1-0/text-to-image') return this.#byEngine(text);
      if (!/^\/v2beta\/stable-image\/generate\/(core|ultra|sd3)$/.test(path)) return refuse(404, { name: 'not_found' });
      if (!/^multipart\/form-data;/.test(headers.get('content-type') ?? ''))
        return refuse(400, { name: 'bad_request' });
      const form = await new Response(text, {
        headers: { 'content-type': headers.get('content-type') ?? '' },
      }).formData();
      if (String(form.get('prompt') ?? '') === '') return refuse(400, { name: 'bad_request', errors: ['prompt'] });
      if (this.isFiltering) return refuse(403, { id: 'x', name: 'content_moderation', errors: ['flagged'] });
      return Response.json({ image: base64, finish_reason: 'SUCCESS', seed: 1 });
    });
  }

  #byEngine(text: string): Response {
    const body = JSON.parse(text) as { width: number; height: number; samples?: number; text_prompts?: unknown[] };
    if (!SDXL_SIZES.includes(`${body.width}x${body.height}`))
      return refuse(400, { id: 'x', name: 'invalid_sdxl_v1_dimensions', message: 'for SDXL other dimensions' });
    if (body.text_prompts === undefined) return refuse(400, { name: 'bad_request' });
    const finishReason = this.isFiltering ? 'CONTENT_FILTERED' : 'SUCCESS';
    const artifact = { base64, seed: 1, finishReason };
    return Response.json({ artifacts: Array.from({ length: body.samples ?? 1 }, () => artifact) });
  }
}

export class FakeAutomatic1111 extends FakeVendor {
  /** How long a picture takes. */
  drawMs = 0;
  interrupts = 0;

  constructor(userAndPassword: string) {
    super(async ({ path, headers, text }) => {
      if (headers.get('authorization') !== `Basic ${btoa(userAndPassword)}`)
        return refuse(401, { detail: 'Not authenticated' });
      if (path === '/sdapi/v1/interrupt') {
        this.interrupts += 1;
        return Response.json({});
      }
      if (path !== '/sdapi/v1/txt2img') return refuse(404, { detail: 'Not Found' });
      const body = JSON.parse(text) as { width?: unknown; height?: unknown; n_iter?: number; batch_size?: number };
      if (typeof body.width !== 'number' || typeof body.height !== 'number')
        return refuse(422, { detail: [{ loc: ['body', 'width'], msg: 'value is not a valid integer' }] });
      await Bun.sleep(this.drawMs);
      const n = (body.n_iter ?? 1) * (body.batch_size ?? 1);
      // A grid of all of them goes before several.
      const images = Array.from({ length: n > 1 ? n + 1 : 1 }, () => base64);
      return Response.json({ images, parameters: body, info: '{"seed": 1, "all_seeds": [1]}' });
    });
  }
}
