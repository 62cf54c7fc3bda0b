// The axios slip of the Sydney document: its example passes the headers, and with them the key, inside the body.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { TestGateway } from '../../src/testing/test-gateway.ts';

let gateway: TestGateway;
let key: string;

beforeAll(async () => {
  gateway = await TestGateway.start();
  key = (await gateway.customer('requests')).key;
});
afterAll(() => gateway.stop());

function moderate(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/v1/moderate`, { method: 'POST', headers, body: JSON.stringify(body) });
}

const data = { q: 'Привет, как дела?', filters: ['nsfw'] };

test.each(['', 'Bearer '])('a key in the headers of the body is taken, after %j', async (scheme) => {
  const response = await moderate({ headers: { Authorization: scheme + key }, data });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({ flagged: false, filters: { nsfw: { flagged: false } } });
});

test('a body without a key is refused for the key, a wrong one as well', async () => {
  expect((await moderate({ data })).status).toBe(401);
  expect((await moderate({ headers: { Authorization: 'wrong' }, data })).status).toBe(401);
});

test('a key in the real headers goes before one in the body', async () => {
  const body = { headers: { Authorization: 'wrong' }, data };
  expect((await moderate(body, { authorization: key })).status).toBe(200);
});
