// Turns at providers that take few requests at once, for any order of coming, ending and leaving.
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { fileSchema } from '../../src/config-schema.ts';
import { Cancellation } from '../../src/core/cancellation.ts';
import { CallError } from '../../src/core/errors.ts';
import type { Gateway } from '../../src/pipeline/gateway.ts';
import type { KeyedTarget } from '../../src/pipeline/model-book.ts';
import { ModelBook } from '../../src/pipeline/model-book.ts';
import { leave, TargetChoice } from '../../src/pipeline/target-choice.ts';

type Bounds = { readonly concurrency: number; readonly keys: number; readonly waitingMax?: number };

/** A place to choose in: two providers of which each key takes so many at once, one model on both and one on each. */
function open({ concurrency, keys, waitingMax = 100 }: Bounds) {
  const names = ['one', 'other'];
  const config = fileSchema.parse({
    providers: names.map((name) => ({
      name,
      baseUrl: `http://${name}.test/v1`,
      apiKeys: Array.from({ length: keys }, (_, i) => `${name}-${i}`),
      concurrency,
    })),
    models: [['one'], ['other'], names].map((on) => ({
      name: on.join('-'),
      targets: on.map((provider) => ({ provider, model: 'm' })),
    })),
    bounds: { waitingForProvider: waitingMax },
  });
  const models = new ModelBook(config, {}, []);
  const watch = { expect: () => undefined, deadline: () => undefined, end: () => undefined };
  const gateway = {
    config,
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    random: () => 0.5,
    watchdog: { watch: () => watch },
  } as unknown as Gateway;
  const take = (model: string, signal: Cancellation) =>
    new TargetChoice(gateway, models.find(model)?.routes ?? []).take({ beginWait: () => signal, startedMs: 0 });
  return { take, models };
}

const settled = async () => {
  for (let i = 0; i < 6; i++) await Promise.resolve();
};

test('never more than the keys take, in order, none left over while there is room, and all given back, whoever leaves', async () => {
  const steps = fc.array(fc.constantFrom('come', 'end', 'leave'), { maxLength: 60 });
  const bounds = fc.record({ concurrency: fc.integer({ min: 1, max: 3 }), keys: fc.integer({ min: 1, max: 2 }) });
  await fc.assert(
    fc.asyncProperty(steps, bounds, async (wanted, { concurrency, keys }) => {
      const { take, models } = open({ concurrency, keys });
      const inside: KeyedTarget[] = [];
      const waiting: { readonly signal: Cancellation; readonly id: number }[] = [];
      const order: number[] = [];
      for (const [id, step] of wanted.entries()) {
        if (step === 'come') {
          const caller = { signal: new Cancellation(), id };
          waiting.push(caller);
          const gone = () => void waiting.splice(waiting.indexOf(caller), 1);
          Promise.resolve(take('one', caller.signal)).then((keyed) => {
            gone();
            inside.push(keyed as KeyedTarget);
            order.push(id);
          }, gone);
        } else if (step === 'end') {
          const first = inside.shift();
          if (first !== undefined) leave(first);
        } else waiting.at(-1)?.signal.abort(new CallError('client_closed'));
        await settled();
        expect(inside.length).toBeLessThanOrEqual(concurrency * keys);
        if (waiting.length > 0) expect(inside.length).toBe(concurrency * keys);
        for (const { key } of models.find('one')?.routes[0]?.keyed ?? []) {
          expect(key.capacity.open).toBe(inside.filter((keyed) => keyed.key === key).length);
          expect(key.capacity.open).toBeLessThanOrEqual(concurrency);
        }
      }
      expect(order).toEqual([...order].sort((a, b) => a - b));
    }),
    { numRuns: 300 },
  );
});

test('one provider’s line is not another’s, a call that may go to both takes the first room, and a line has its bound', async () => {
  const { take } = open({ concurrency: 1, keys: 1, waitingMax: 1 });
  const signal = new Cancellation();
  const one = (await take('one', signal)) as KeyedTarget;
  const other = (await take('other', signal)) as KeyedTarget;
  const both = take('one-other', signal) as Promise<KeyedTarget>;
  const full = { code: 'upstream_rate_limited', details: { retryAfterS: 10 } };
  expect(await Promise.resolve(take('one', signal)).catch((error) => error)).toMatchObject(full);
  leave(other);
  expect((await both).target.providerName).toBe('other');
  leave(one);
  expect(((await take('one', signal)) as KeyedTarget).target.providerName).toBe('one');
});
