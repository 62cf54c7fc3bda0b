// The shelf in a bucket keeps the contract of shelves against a server that speaks the S3 protocol, and a gateway with
// such a shelf serves what it drew. Skipped by name where PyPI's `moto` can be neither found nor installed.
import { afterAll, describe, expect, test } from 'bun:test';
import { S3Client } from 'bun';
import { BucketShelf } from '../../src/files/bucket-shelf.ts';
import { TestGateway } from '../../src/testing/test-gateway.ts';
import { startMoto } from '../clients/s3/moto.ts';
import { BASE_URL, KEEP_MS, shelfContract } from '../contract/file-shelf/shelf-contract.ts';

const server = await startMoto();
afterAll(() => server?.stop());
if (server === undefined) test.skip('the shelf in a bucket: no S3 server, moto cannot be installed', () => undefined);

const optionsOf = (bucket: string) => ({
  endpoint: server?.endpoint ?? '',
  bucket,
  accessKeyId: 'test',
  secretAccessKey: 'test',
  region: 'us-east-1',
});
/** The server lets anyone make a bucket. */
const makeBucket = (name: string) => fetch(`${server?.endpoint}/${name}`, { method: 'PUT' });
const keysOf = async (client: S3Client) => {
  const { contents = [] } = await client.list({ maxKeys: 1000 });
  return contents.map(({ key }) => key);
};

describe.skipIf(server === undefined)('the shelf in a bucket', () => {
  shelfContract(async (clock) => {
    await makeBucket('contract');
    const options = optionsOf('contract');
    const client = new S3Client(options);
    return {
      shelf: new BucketShelf(options, BASE_URL, KEEP_MS, clock),
      list: async () => (await keysOf(client)).map((key) => key.slice('tolmach/'.length)),
      close: () => Promise.resolve(),
    };
  });

  test('a sweep leaves what is not its own, and removes more than a hundred at once', async () => {
    await makeBucket('sweep');
    const client = new S3Client(optionsOf('sweep'));
    let nowMs = 1_800_000_000_000;
    const shelf = new BucketShelf(optionsOf('sweep'), BASE_URL, KEEP_MS, { nowMs: () => nowMs, monotonicMs: () => 0 });
    await client.write('else/1000000000-file.png', 'x');
    await client.write('tolmach/readme.txt', 'x');
    const picture = { bytes: new Uint8Array([1]), contentType: 'image/png' } as const;
    await Promise.all(Array.from({ length: 120 }, () => shelf.keep(picture)));
    nowMs += KEEP_MS;
    await shelf.sweep();
    expect((await keysOf(client)).sort()).toEqual(['else/1000000000-file.png', 'tolmach/readme.txt']);
  });

  test('a gateway serves the pictures of a private bucket without a key, and no bucket no charge', async () => {
    await makeBucket('pictures');
    const gateway = await TestGateway.start({ config: { files: { bucket: optionsOf('pictures') } } });
    const customer = await gateway.customer('requests', { requests: 10 });
    const draw = () =>
      fetch(`${gateway.url}/v1/images/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${customer.key}` },
        body: JSON.stringify({ model: 'picture', prompt: 'a cat' }),
      });
    const { data } = (await (await draw()).json()) as { data: { url: string }[] };
    const address = gateway.url + new URL(data[0]?.url ?? '').pathname;
    const file = await fetch(address);
    expect(file.headers.get('content-type')).toBe('image/png');
    expect(await keysOf(new S3Client(optionsOf('pictures')))).toHaveLength(1);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 8 });

    await server?.stop();
    const refused = await draw();
    expect(refused.status).toBe(503);
    expect(await refused.text()).not.toContain(server?.endpoint ?? 'endpoint');
    expect((await fetch(address)).status).toBe(503);
    expect(await gateway.balance(customer)).toMatchObject({ requests: 8 });
    expect(await gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    await gateway.stop();
  });
});
