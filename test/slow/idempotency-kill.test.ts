// `kill -9` of the real gateway under calls that their clients named, on both stores. Each client sends its request again,
// under its name, until it has an answer: after whatever history every name is charged once, and whoever got an answer
// gets the same one again.
//
// ROUNDS sets how many kills (a tenth of them on PostgreSQL, where holds of the dead wait for their lease), SEED which
// history; SLICE=ci is a short run.
import { afterAll, expect, test } from 'bun:test';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { completion, json, pictures, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import type { ReceivedCall } from '../../src/testing/fault-upstream.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { Customer, GatewayClient } from '../../src/testing/gateway-client.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';
import { SeededRandom } from '../../src/testing/seeded-random.ts';
import { TemporaryPostgres } from '../../src/testing/temporary-postgres.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? (process.env['SLICE'] === 'ci' ? 10 : 100));
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const CLIENTS = 12;
const PRICE = 2;
const GRANTED = 1_000_000;

const server = TemporaryPostgres.start();
afterAll(() => server?.remove());

/** What a client has seen of the request that it names. */
type Seen = { readonly name: string; readonly path: string; readonly body: string; text: string | undefined };

const totals = { kills: 0, names: 0, seenBefore: 0, replayed: 0, ranAgain: 0 };

/** The answer tells which upstream call made it, so that a second one cannot be taken for the first. */
function scriptOf(call: ReceivedCall): Script {
  const random = new SeededRandom(call.id + SEED);
  const text = `answer ${call.id}`;
  if (call.path.endsWith('/images/generations')) return json(pictures(1));
  if (call.body.stream === true) return stream(streamFrames(text), { paceMs: random.whole(0, 3) });
  return async (wire, one) => {
    await Bun.sleep(random.whole(0, 15));
    await json(completion(text))(wire, one);
  };
}

function newRequest(name: string, random: SeededRandom): Seen {
  const messages = [{ role: 'user', content: name }];
  const kind = random.whole(0, 3);
  if (kind === 0)
    return {
      name,
      path: '/v1/images/generations',
      body: JSON.stringify({ model: 'picture', prompt: name }),
      text: undefined,
    };
  const body = JSON.stringify({ model: kind === 1 ? 'loose' : 'strict', messages, stream: kind > 1 });
  return { name, path: '/v1/chat/completions', body, text: undefined };
}

/** One try. Answers the status, and the text if it came whole. */
async function send(gateway: GatewayClient, customer: Customer, seen: Seen) {
  try {
    const response = await fetch(gateway.url + seen.path, {
      method: 'POST',
      headers: { authorization: `Bearer ${customer.key}`, 'idempotency-key': seen.name },
      body: seen.body,
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const isWhole = response.ok && (!isStream || text.endsWith('data: [DONE]\n\n'));
    const isReplayed = response.headers.get('idempotency-replayed') === 'true';
    return { status: response.status, text, isWhole, isReplayed };
  } catch {
    return { status: 0, text: '', isWhole: false, isReplayed: false };
  }
}

/** Sends requests one after another until the gateway is gone. */
async function work(
  gateway: GatewayClient,
  customer: Customer,
  prefix: string,
  random: SeededRandom,
  isOver: () => boolean,
): Promise<Seen[]> {
  const all: Seen[] = [];
  for (let i = 0; !isOver(); i++) {
    const seen = newRequest(`${prefix}.${i}`, random);
    const told = await send(gateway, customer, seen);
    if (told.isWhole) seen.text = told.text;
    all.push(seen);
  }
  return all;
}

/** Sends a request again until it is answered: a kill leaves no name charged without its answer. */
async function insist(gateway: GatewayClient, customer: Customer, seen: Seen): Promise<void> {
  for (let tries = 0; ; tries++) {
    const told = await send(gateway, customer, seen);
    if (told.isWhole) {
      if (seen.text !== undefined)
        expect({ name: seen.name, text: told.text }).toEqual({ name: seen.name, text: seen.text });
      totals[told.isReplayed ? 'replayed' : 'ranAgain'] += 1;
      return;
    }
    const code = told.text.startsWith('{') ? JSON.parse(told.text).error.code : told.text;
    expect({ code, tries: tries < 400 }).toEqual({ code: 'idempotency_running', tries: true });
    await Bun.sleep(100);
  }
}

async function settledCalls(gateway: GatewayClient, customer: Customer): Promise<number> {
  const { requests } = await gateway.balance(customer);
  return (GRANTED - requests) / PRICE;
}

async function killLoop(rounds: number, env: Readonly<Record<string, string>>): Promise<void> {
  const random = new SeededRandom(SEED);
  const upstream = await FaultUpstream.start();
  upstream.answer = scriptOf;
  const folder = new GatewayFolder([upstream]);
  let gateway = await folder.start(env);
  const customer = await gateway.customer('requests', { requests: GRANTED });
  let names = 0;
  for (let round = 0; round < rounds; round++) {
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, (_, i) =>
      work(gateway, customer, `${round}.${i}`, new SeededRandom(random.whole(0, 1e9)), () => isOver),
    );
    await Bun.sleep(random.whole(5, 250));
    isOver = true;
    await gateway.kill();
    const all = (await Promise.all(clients)).flat();
    gateway = await folder.start(env);
    await Promise.all(all.map((seen) => insist(gateway, customer, seen)));
    names += all.length;
    totals.kills += 1;
    totals.seenBefore += all.filter(({ text }) => text !== undefined).length;
    expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
    expect(await settledCalls(gateway, customer)).toBe(names);
  }
  totals.names += names;
  await gateway.kill();
  folder.remove();
  await upstream.stop();
}

test(
  `sqlite: ${ROUNDS} kills charge every name once and change no answer (SEED=${SEED})`,
  () => killLoop(ROUNDS, {}),
  ROUNDS * 10_000 + 60_000,
);

const postgresRounds = Math.max(1, Math.round(ROUNDS / 10));
test.skipIf(server === undefined)(
  `postgres: ${postgresRounds} kills charge every name once and change no answer (SEED=${SEED})`,
  async () => {
    if (server === undefined) return;
    await killLoop(postgresRounds, { DATABASE_URL: await server.createDatabase() });
  },
  postgresRounds * 60_000 + 60_000,
);

afterAll(() => {
  process.stdout.write(`named kill loop: ${JSON.stringify({ seed: SEED, ...totals })}\n`);
});
