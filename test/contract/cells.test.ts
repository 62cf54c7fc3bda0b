// Every kind of client at every kind of provider: text, streams, tools, pictures, schemas and failures, end to end over
// real sockets. What a cell promises is in src/testing/cells/cell-table.ts, of which docs/reference/providers.md is made.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { DIALECTS } from '../../src/dialects/index.ts';
import { PROVIDERS } from '../../src/providers/index.ts';
import { CellSite } from '../../src/testing/cells/cell-site.ts';
import type { ClientName, Feature } from '../../src/testing/cells/cell-table.ts';
import { CELL_PROVIDERS, CLIENT_ROWS } from '../../src/testing/cells/cell-table.ts';
import { CACHED, wrongOfCell } from '../../src/testing/cells/drive-cell.ts';

let site: CellSite;

beforeAll(async () => {
  site = await CellSite.start();
});
afterAll(async () => {
  expect(await site.gateway.auditAtRest()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  await site.stop();
});

test('every provider that talks has its column', () => {
  const talking = PROVIDERS.filter((provider) => provider.kind === 'local' || provider.chat !== undefined);
  expect(talking.map(({ name }) => name).sort()).toEqual([...CELL_PROVIDERS].sort());
});

test('every route that reaches a chat model is one of a client', () => {
  const actions: readonly string[] = ['call', 'createTask', 'submitTask'];
  const routes = DIALECTS.flatMap((dialect) => dialect.routes.filter(({ action }) => actions.includes(action)));
  const driven: readonly string[] = Object.values(CLIENT_ROWS).flatMap((row) => [...row.routes]);
  expect(routes.map(({ path }) => path).sort()).toEqual([...driven].sort());
});

test('every vendor calls some of its input cached, so that a cell shows whether it is priced so', () => {
  for (const provider of CELL_PROVIDERS) if (provider !== 'demo') expect(CACHED[provider]).toBeGreaterThan(0);
});

describe.each(Object.entries(CLIENT_ROWS))('%s', (key, { features }) => {
  test.each([...CELL_PROVIDERS])('by %s', async (provider) => {
    const cells = (features as readonly Feature[]).map((feature) =>
      wrongOfCell(site, key as ClientName, provider, feature),
    );
    expect((await Promise.all(cells)).flat()).toEqual([]);
  });
});
