// FusionBrain as its Python SDK has it: pipelines, an order as a form whose parameters must be a JSON part, looks at it.
import { PIXEL } from '../fault-scripts.ts';
import type { Asked } from './fake-vendor.ts';
import { FakeVendor, refuse } from './fake-vendor.ts';

export const PIPELINE_ID = '99d833d6-fec0-44fd-a1c2-35d6bf96b5c2';
const PIPELINE = {
  id: PIPELINE_ID,
  name: 'Kandinsky',
  nameEn: 'Kandinsky',
  description: null,
  tags: [],
  version: 3.1,
  status: 'ACTIVE',
  type: 'TEXT2IMAGE',
  createdDate: '2025-03-01T09:00:00.000000Z',
  lastModified: '2025-03-01T09:00:00.000000Z',
};

type Order = { looks: number; readonly parameters: Record<string, unknown> };

export class FakeFusionBrain extends FakeVendor {
  /** Looks at an order before it is done. */
  looks = 1;
  /** What an order ends with. */
  ending: 'done' | 'done in the old shape' | 'censored' | 'fail' = 'done';
  pipelineStatus = 'ACTIVE';
  /** Set, an order is answered by this state instead of an id. */
  queue: string | undefined;
  /** Looks that fail before one succeeds. */
  failingLooks = 0;
  readonly orders = new Map<string, Order>();

  constructor(key: string, secret: string) {
    super((asked) => {
      const { headers, path } = asked;
      if (headers.get('x-key') !== `Key ${key}` || headers.get('x-secret') !== `Secret ${secret}`)
        return refuse(401, { message: 'Unauthorized' });
      if (/^\/key\/api\/v1\/pipelines(\?type=TEXT2IMAGE)?$/.test(path))
        return Response.json([{ ...PIPELINE, status: this.pipelineStatus }]);
      if (path === '/key/api/v1/pipeline/run') return this.#run(asked);
      const id = /^\/key\/api\/v1\/pipeline\/status\/([\w-]+)$/.exec(path)?.[1];
      return this.#look(id ?? '');
    });
  }

  #run({ headers, text }: Asked): Response {
    const parts = partsOf(headers.get('content-type') ?? '', text);
    const parameters = parts.find(({ name }) => name === 'params');
    if (parameters === undefined || !/^application\/json/.test(parameters.contentType)) return refuse(415, {});
    if (parts.find(({ name }) => name === 'pipeline_id')?.text !== PIPELINE_ID) return refuse(400, {});
    const read = JSON.parse(parameters.text) as Record<string, unknown>;
    const query = (read['generateParams'] as { query?: unknown } | undefined)?.query;
    if (typeof query !== 'string' || query.length > 1000) return refuse(400, { message: 'query is too long' });
    if (this.queue !== undefined) return refuse(201, { pipeline_status: this.queue });
    const uuid = crypto.randomUUID();
    this.orders.set(uuid, { looks: this.looks, parameters: read });
    return refuse(201, { uuid, status: 'INITIAL', status_time: 17 });
  }

  #look(uuid: string): Response {
    const order = this.orders.get(uuid);
    if (order === undefined) return refuse(404, { message: 'not found' });
    if (this.failingLooks-- > 0) return refuse(502, '<html>');
    if (order.looks-- > 0) return Response.json({ uuid, status: 'PROCESSING' });
    if (this.ending === 'fail') return Response.json({ uuid, status: 'FAIL', errorDescription: 'of the operator' });
    const files = [PIXEL.toString('base64')];
    if (this.ending === 'done in the old shape')
      return Response.json({ uuid, status: 'DONE', files: [`data:image/png;base64,${files[0]}`], censored: false });
    const censored = this.ending === 'censored';
    return Response.json({ uuid, status: 'DONE', result: { files, censored }, generationTime: 12 });
  }
}

type FormPart = { readonly name: string; readonly contentType: string; readonly text: string };

/** The parts of a form; the runtime's own reader does not tell their types. */
function partsOf(contentType: string, text: string): FormPart[] {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType)?.[1];
  if (boundary === undefined) return [];
  const whole = text.split(`--${boundary}`).slice(1, -1);
  return whole.map((part) => {
    const [head = '', ...rest] = part.replace(/^\r\n|\r\n$/g, '').split('\r\n\r\n');
    return {
      name: /name="([^"]*)"/i.exec(head)?.[1] ?? '',
      contentType: /content-type: *([^\r\n]+)/i.exec(head)?.[1] ?? '',
      text: rest.join('\r\n\r\n'),
    };
  });
}
