// How the real process stops: running calls end as if nothing had happened, new ones are sent away, and a second signal
// does not wait for anybody.
import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test';
import type { Script } from '../../src/testing/fault-scripts.ts';
import { hang, httpChunk, streamFrames, streamHead } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import type { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { GatewayFolder } from '../../src/testing/gateway-process.ts';

let upstream: FaultUpstream;
let folder: GatewayFolder;
let gateway: GatewayProcess;

beforeAll(async () => {
  upstream = await FaultUpstream.start();
});
afterAll(() => upstream.stop());
afterEach(async () => {
  await gateway.kill();
  folder.remove();
  upstream.clear();
});

async function start(timeouts: Record<string, number>): Promise<Customer> {
  folder = new GatewayFolder([upstream], { timeouts: { firstByteMs: 10_000, idleMs: 10_000, ...timeouts } });
  gateway = await folder.start();
  return gateway.customer('requests', { requests: 100 });
}

/** Sends half of a stream, waits to be let go, and sends the rest. */
function halfStream(go: Promise<unknown>): Script {
  return async (wire) => {
    const frames = streamFrames('one two three four');
    await wire.send(streamHead());
    await wire.send(httpChunk(frames.slice(0, 3).join('')));
    await Promise.race([go, wire.closed]);
    await wire.send(httpChunk(frames.slice(3).join('')));
    await wire.send('0\r\n\r\n');
  };
}

const ask = (customer: Customer, isStream: boolean) =>
  gateway.chat(customer, { model: 'strict', stream: isStream, messages: [{ role: 'user', content: 'Hello' }] });

const readiness = async () => (await fetch(`${gateway.url}/readyz`)).status;

async function untilStopping(): Promise<void> {
  while ((await readiness()) === 200) await Bun.sleep(5);
}

test('SIGTERM: streams end whole, /readyz says 503, new calls are sent away, and the status is 0', async () => {
  const customer = await start({ drainMs: 10_000 });
  const go = Promise.withResolvers<void>();
  upstream.answer = () => halfStream(go.promise);
  const streams = await Promise.all(Array.from({ length: 10 }, () => ask(customer, true)));
  const texts = Promise.all(streams.map((response) => response.text()));
  gateway.signal('SIGTERM');
  await untilStopping();
  expect(await readiness()).toBe(503);
  expect((await fetch(`${gateway.url}/livez`)).status).toBe(200);
  const refused = await ask(customer, false);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBeTruthy();
  expect(((await refused.json()) as { error: { code: string } }).error.code).toBe('shutting_down');
  expect(gateway.child.exitCode).toBeNull();
  go.resolve();
  for (const text of await texts) expect(text).toEndWith('data: [DONE]\n\n');
  expect(await gateway.child.exited).toBe(0);

  gateway = await folder.start();
  expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0, calls: 10 } });
  expect((await gateway.balance(customer)).requests).toBe(80);
}, 20_000);

test('calls that outlast the drain end with an error, are charged for what they delivered, and the status is 0', async () => {
  const customer = await start({ drainMs: 300 });
  upstream.answer = (call) => (call.body.stream === true ? halfStream(new Promise(() => undefined)) : hang);
  const streamed = await ask(customer, true);
  const whole = ask(customer, false);
  while (upstream.calls.length < 2) await Bun.sleep(2);
  gateway.signal('SIGTERM');
  const text = await streamed.text();
  expect(text).toContain('shutting_down');
  expect(text).not.toContain('[DONE]');
  expect((await whole).status).toBe(503);
  expect(await gateway.child.exited).toBe(0);

  gateway = await folder.start();
  expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0, calls: 2 } });
  expect((await gateway.usage(customer)).map((row) => [row.outcome, row.charge, row.errorCode]).sort()).toEqual([
    ['settled', 2, 'shutting_down'],
    ['void', 0, 'shutting_down'],
  ]);
}, 20_000);

test('an echo of the signal changes nothing, a second one later ends at once; the hold is voided at the next start', async () => {
  const customer = await start({ drainMs: 60_000 });
  upstream.answer = () => hang;
  const whole = ask(customer, false).catch(() => undefined);
  while (upstream.calls.length < 1) await Bun.sleep(2);
  gateway.signal('SIGTERM');
  await untilStopping();
  gateway.signal('SIGTERM');
  await Bun.sleep(1_100);
  expect(gateway.child.exitCode).toBeNull();
  const startedMs = performance.now();
  gateway.signal('SIGINT');
  expect(await gateway.child.exited).toBe(130);
  expect(performance.now() - startedMs).toBeLessThan(1_000);
  await whole;

  gateway = await folder.start();
  expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0, calls: 1 } });
  expect((await gateway.usage(customer))[0]).toMatchObject({
    outcome: 'void',
    charge: 0,
    errorCode: 'gateway_restarted',
  });
  expect((await gateway.balance(customer)).requests).toBe(100);
}, 20_000);

test('an idle process stops at once, and two processes never share a folder', async () => {
  await start({ drainMs: 60_000 });
  const second = folder.spawn();
  expect(await second.exited).toBe(1);
  expect(await second.told()).toContain('another process is using');
  expect(await readiness()).toBe(200);
  const startedMs = performance.now();
  gateway.signal('SIGTERM');
  expect(await gateway.child.exited).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(2_500);
}, 20_000);
