// Work of several requests that nobody waits for any more: wherever its steps are at that moment, the vendor is told to
// end it, once and in the order that its provider asks for. And when a look at it that failed is sent again.
import { describe, expect, test } from 'bun:test';
import { Cancellation } from '../../src/core/cancellation.ts';
import { CallError } from '../../src/core/errors.ts';
import { untilCancelled } from '../../src/core/until-cancelled.ts';
import { Asides } from '../../src/pipeline/asides.ts';
import type { Gateway } from '../../src/pipeline/gateway.ts';
import { runSteps } from '../../src/pipeline/run-steps.ts';
import type { Remote } from '../../src/pipeline/send.ts';
import { automatic1111 } from '../../src/providers/automatic1111.ts';
import type { Step, UpstreamRequest } from '../../src/providers/provider.ts';
import type { Watch } from '../../src/upstream/watch.ts';

const LEFT = new CallError('client_closed');
const ENDED = ['/dequeue', '/interrupt'];

/** What the vendor does with a request: its answer's body, a failure, or nothing until the caller leaves. */
type Behaviour = 'answers' | 'fails' | 'is late' | 'hangs' | 'hangs in its body';

function request(path: string): UpstreamRequest {
  return { method: 'POST', url: path, origin: '', headers: {}, body: '' };
}

/** An order, and looks at it that never come to an end by themselves. */
function order(look: Partial<Step<string>> = {}): Step<string> {
  const looking: Step<string> = {
    request: request('/look'),
    isRepeatable: true,
    interrupts: ENDED.map(request),
    read: () => ({ next: looking }),
    ...look,
  };
  return { request: request('/order'), read: () => ({ next: looking }) };
}

/** Runs steps against a vendor until `leaveAt` was reached, and leaves. Answers what the vendor was asked for. */
async function leave(first: Step<string>, behaviours: Readonly<Record<string, Behaviour>>, leaveAt: string) {
  const asked: string[] = [];
  const signal = new Cancellation();
  const untilLeft = () => untilCancelled(new Promise<never>(() => undefined), signal);
  const reached = (place: string) => {
    if (place === leaveAt) queueMicrotask(() => signal.abort(LEFT));
  };
  const send = async ({ url }: UpstreamRequest) => {
    asked.push(url);
    reached(url);
    if (behaviours[url] === 'hangs') await untilLeft();
    if (behaviours[url] === 'fails') throw new CallError('upstream_reset');
    if (behaviours[url] === 'is late') throw new CallError('upstream_timeout');
    return { status: 200, headers: new Headers(), body: { url, cancel: () => undefined } };
  };
  const readBytes = async ({ body: { url } }: { body: { url: string } }) =>
    behaviours[url] === 'hangs in its body' ? untilLeft() : Buffer.from('{}');
  const watch = { expect: () => undefined, touch: () => undefined, end: () => undefined } as unknown as Watch;
  const gateway = {
    config: { timeouts: { callMs: 1_000, firstByteMs: 1_000, idleMs: 1_000, connectMs: 1_000 } },
    upstream: { send, readBytes },
    watchdog: { watch: () => watch },
    asides: new Asides(),
    sleep: () => {
      reached('pause');
      return new Promise(() => undefined);
    },
  } as unknown as Gateway;
  const remote = { provider: automatic1111, target: {} } as unknown as Remote;
  const outcome = await runSteps(gateway, remote, () => first, watch, signal).catch((error: unknown) => error);
  // The vendor is told beside the call's own end.
  await Bun.sleep(0);
  return { outcome, asked };
}

describe('work that is given up is ended at its vendor', () => {
  test('between two looks at it', async () => {
    const { outcome, asked } = await leave(order({ afterMs: 1_000 }), {}, 'pause');
    expect([outcome, asked]).toEqual([LEFT, ['/order', ...ENDED]]);
  });

  test('while a look is out', async () => {
    const { outcome, asked } = await leave(order(), { '/look': 'hangs' }, '/look');
    expect([outcome, asked]).toEqual([LEFT, ['/order', '/look', ...ENDED]]);
  });

  test('in the middle of the answer to a look', async () => {
    const { outcome, asked } = await leave(order(), { '/look': 'hangs in its body' }, '/look');
    expect([outcome, asked]).toEqual([LEFT, ['/order', '/look', ...ENDED]]);
  });

  test('after a look that failed, before the next one', async () => {
    const { outcome, asked } = await leave(order(), { '/look': 'fails' }, 'pause');
    expect([outcome, asked]).toEqual([LEFT, ['/order', '/look', ...ENDED]]);
  });

  test('where its only request was out of time, for then it may still be worked on', async () => {
    const drawing: Step<string> = {
      request: request('/draw'),
      interrupts: ENDED.map(request),
      read: () => ({ result: '' }),
    };
    const late = await leave(drawing, { '/draw': 'is late' }, 'nowhere');
    expect([late.outcome, late.asked]).toEqual([new CallError('upstream_timeout'), ['/draw', ...ENDED]]);
    const { asked } = await leave(drawing, { '/draw': 'fails' }, 'nowhere');
    expect(asked).toEqual(['/draw']);
  });

  test('no further than the vendor takes it', async () => {
    const { asked } = await leave(order({ afterMs: 1_000 }), { '/dequeue': 'fails' }, 'pause');
    expect(asked).toEqual(['/order', '/dequeue']);
  });
});

test('work whose result has come is not ended', async () => {
  const { outcome, asked } = await leave(order({ read: () => ({ result: 'done' }) }), {}, 'nowhere');
  expect([outcome, asked]).toEqual(['done', ['/order', '/look']]);
});

describe('a look that fails is sent again', () => {
  /** The pauses before looks, where those before them failed so. */
  async function pausesAfter(failures: readonly CallError[]): Promise<readonly number[]> {
    const pauses: number[] = [];
    const left = [...failures];
    const watch = { expect: () => undefined, touch: () => undefined, end: () => undefined } as unknown as Watch;
    const gateway = {
      config: { timeouts: { callMs: 1_000, firstByteMs: 1_000, idleMs: 1_000 } },
      upstream: {
        send: async ({ url }: UpstreamRequest) => {
          const failure = url === '/look' ? left.shift() : undefined;
          if (failure !== undefined) throw failure;
          return { status: 200, headers: new Headers(), body: {} };
        },
        readBytes: async () => Buffer.from('{}'),
      },
      watchdog: { watch: () => watch },
      sleep: async (ms: number) => void pauses.push(ms),
    } as unknown as Gateway;
    const remote = { provider: automatic1111, target: {} } as unknown as Remote;
    const first = order({ read: () => ({ result: 'done' }) });
    expect(await runSteps(gateway, remote, () => first, watch, new Cancellation())).toBe('done');
    return pauses;
  }

  test('after a second, or when its vendor asked for it, but within a minute', async () => {
    const failures = [undefined, 0, 7, 3_600].map(
      (retryAfterS) => new CallError('upstream_overloaded', retryAfterS === undefined ? {} : { retryAfterS }),
    );
    expect(await pausesAfter(failures)).toEqual([1_000, 1_000, 7_000, 60_000]);
  });
});
