// The gateway's data folder on a real file system that is full: it fails closed, what runs is finished, settled and not
// charged twice, and once there is room again it serves without repair and without a restart. A full log never blocks.
//
// The file system is a tmpfs of a few megabytes; where mounting is not allowed these tests are skipped.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { healthy, stream, streamFrames } from '../../src/testing/fault-scripts.ts';
import { FaultUpstream } from '../../src/testing/fault-upstream.ts';
import type { Customer } from '../../src/testing/gateway-client.ts';
import { GatewayProcess } from '../../src/testing/gateway-process.ts';
import { configFor, environmentFor } from '../../src/testing/test-gateway.ts';
import { until } from '../../src/testing/until.ts';

const MAIN = join(import.meta.dir, '..', '..', 'src', 'cli', 'main.ts');
const disk = mkdtempSync(join(tmpdir(), 'tolmach-disk-'));
const isMounted = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]).exitCode === 0;
const ballast = join(disk, 'ballast');

let upstream: FaultUpstream;
let gateway: GatewayProcess;
let customer: Customer;

/** Takes all the room that is left, to the last page. */
function fill(): void {
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(bavail * bsize));
}

/** The disk is full, and stays it: the database may still have room in pages that it has. */
async function exhaust(): Promise<Response> {
  fill();
  for (let calls = 0; calls < 2_000; calls++) {
    const response = await call();
    if (response.status === 503) return response;
    await response.text();
  }
  throw new Error('the disk never became full');
}

function call(isStream = false): Promise<Response> {
  const messages = [{ role: 'user', content: 'Hello.' }];
  return gateway.chat(
    customer,
    { model: 'strict', stream: isStream, messages },
    { signal: AbortSignal.timeout(20_000) },
  );
}

async function untilServing(): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const response = await call();
    await response.text();
    if (response.status === 200) return;
    await Bun.sleep(50);
  }
  throw new Error('the gateway does not serve again');
}

describe.skipIf(!isMounted)('on a full disk', () => {
  beforeAll(async () => {
    upstream = await FaultUpstream.start();
    const config = join(disk, 'config.yaml');
    writeFileSync(config, JSON.stringify(configFor([upstream], { timeouts: { idleMs: 20_000, callMs: 60_000 } })));
    // The log goes to the full disk as well.
    const errors = Bun.file(join(disk, 'stderr.txt'));
    const env = environmentFor(disk, config, { LOG_LEVEL: 'info' });
    const child = Bun.spawn([process.execPath, MAIN, 'start'], {
      env,
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: errors,
    });
    gateway = await GatewayProcess.ready(Object.assign(child, { told: () => errors.text() }));
    customer = await gateway.customer('requests', { requests: 100_000 });
  });
  afterAll(async () => {
    gateway.signal('SIGTERM');
    await gateway.child.exited;
    await upstream.stop();
    Bun.spawnSync(['umount', disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  test('a call is refused with 503 and no provider is asked', async () => {
    const refused = await exhaust();
    expect(await refused.json()).toMatchObject({ error: { code: 'temporarily_unavailable' } });
    upstream.clear();
    for (let i = 0; i < 5; i++) expect((await call()).status).toBe(503);
    expect(upstream.calls).toHaveLength(0);
  });

  test('with room again it serves at once, without repair or restart, and its books are right', async () => {
    rmSync(ballast);
    await untilServing();
    expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  });

  test('a running stream goes on to its last word, and ends once its charge could be written', async () => {
    const gate = Promise.withResolvers<void>();
    const frames = streamFrames('one two three');
    upstream.answer = (received) =>
      received.body.stream === true
        ? async (wire, one) => {
            await gate.promise;
            await stream(frames)(wire, one);
          }
        : healthy();
    const running = call(true);
    while (!upstream.calls.some((one) => one.body.stream === true)) await Bun.sleep(5);
    await exhaust();
    gate.resolve();
    const response = await running;
    let text = '';
    const reading = (async () => {
      for await (const piece of response.body as ReadableStream<Uint8Array>) text += Buffer.from(piece).toString();
    })();
    while (!text.includes('three')) await Bun.sleep(5);
    // A charge that cannot be written is no charge, and no end of an answer goes out before it.
    await Bun.sleep(300);
    expect(text).not.toContain('[DONE]');
    rmSync(ballast);
    await reading;
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    const [newest] = await gateway.usage(customer);
    expect(newest).toMatchObject({ outcome: 'settled', charge: 2, errorCode: null });
    expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  });

  test('what cannot be wiped from the disk for now does not end the writer', async () => {
    upstream.answer = () => healthy();
    const messages = [{ role: 'user', content: 'Hello.'.repeat(5_000) }];
    const task = await gateway.ask(
      '/v1/tasks',
      { model: 'strict', messages },
      { authorization: `Bearer ${customer.key}` },
    );
    expect(task.status).toBe(202);
    await until(async () => (await gateway.usage(customer))[0]?.endpoint === 'task');
    await exhaust();
    // The chore that wipes runs every ten seconds.
    await Bun.sleep(12_000);
    rmSync(ballast);
    await untilServing();
    expect(await gateway.audit()).toMatchObject({ ok: true, counted: { openHolds: 0 } });
  }, 60_000);
});
