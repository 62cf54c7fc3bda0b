// Yandex AI Studio's API that is compatible with OpenAI: models by addresses, the folder in a header.
import { completion, pictures, streamFrames } from '../fault-scripts.ts';
import { FakeVendor, refuse, streamOf } from './fake-vendor.ts';

export class FakeYandex extends FakeVendor {
  constructor(key: string, folder: string) {
    super(({ path, headers, text }) => {
      const authorization = headers.get('authorization');
      // Its own pages name the first, and clients of OpenAI can only do the second.
      if (authorization !== `Api-Key ${key}` && authorization !== `Bearer ${key}`)
        return refuse(401, { error: { message: 'Unknown api key', type: 'UNAUTHENTICATED', code: 16 } });
      if (path === '/v1/models')
        return Response.json({ object: 'list', data: [{ id: `gpt://${folder}/qwen3/latest` }] });
      const body = JSON.parse(text) as { model?: unknown; stream?: boolean; n?: number };
      const address = /^(gpt|art):\/\/([\w-]+)\/([\w.-]+)\/[\w.-]+$/.exec(String(body.model));
      if (address === null) return refuse(400, { error: { message: 'Failed to parse model URI', type: 'invalid' } });
      if (address[2] !== folder)
        return refuse(403, { error: { message: 'Specified folder ID does not match', type: 'PERMISSION_DENIED' } });
      if (path === '/v1/images/generations' && address[1] === 'art') return Response.json(pictures(body.n ?? 1));
      if (path !== '/v1/chat/completions' || address[1] !== 'gpt')
        return refuse(404, { error: { message: 'Not found' } });
      return body.stream === true ? streamOf(streamFrames('Hello there.')) : Response.json(completion('Hello there.'));
    });
  }
}
