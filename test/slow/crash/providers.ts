// The providers behind a gateway that is killed, and the server that its webhooks go to. They note what they were asked,
// and by which process: their log is the judge of double calls.
import type { Script } from '../../../src/testing/fault-scripts.ts';
import {
  completion,
  hang,
  json,
  pictures,
  resetAtOnce,
  stream,
  streamFrames,
} from '../../../src/testing/fault-scripts.ts';
import type { ReceivedCall } from '../../../src/testing/fault-upstream.ts';
import { FaultUpstream } from '../../../src/testing/fault-upstream.ts';
import { SeededRandom } from '../../../src/testing/seeded-random.ts';
import type { Witness } from './witness.ts';
import { markOf } from './witness.ts';

/** Shares of calls that fail: in a way that is tried again elsewhere, and by a broken connection. */
const FAILED = 0.05;
const BROKEN = 0.08;

export class Providers {
  readonly upstreams: readonly FaultUpstream[];
  readonly #receiver: ReturnType<typeof Bun.serve>;
  readonly #witness: Witness;
  /** `faulty` fails now and then, `healthy` never, `hanging` never answers. */
  mood: 'faulty' | 'healthy' | 'hanging' = 'faulty';

  private constructor(witness: Witness, upstreams: readonly FaultUpstream[]) {
    this.#witness = witness;
    this.upstreams = upstreams;
    for (const upstream of upstreams) upstream.answer = (call) => this.#answer(call);
    this.#receiver = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => this.#receive(request) });
  }

  static async start(witness: Witness): Promise<Providers> {
    return new Providers(witness, [await FaultUpstream.start(), await FaultUpstream.start()]);
  }

  get webhookHost(): string {
    return `127.0.0.1:${this.#receiver.port}`;
  }

  get webhookUrl(): string {
    return `http://${this.webhookHost}/hook`;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.upstreams.map((upstream) => upstream.stop()), this.#receiver.stop(true)]);
  }

  #answer(call: ReceivedCall): Script {
    const mark = markOf(call.text);
    let random = new SeededRandom(0);
    let chance = 1;
    this.#witness.addProviderCall(mark, (earlier) => {
      random = new SeededRandom(Bun.hash.crc32(`${mark} ${earlier}`));
      chance = this.mood === 'faulty' ? random.next() : 1;
      return chance < BROKEN;
    });
    if (this.mood === 'hanging') return hang;
    if (chance < FAILED) return json('', 500);
    if (chance < BROKEN) return resetAtOnce;
    if (call.body.stream === true)
      return stream(streamFrames('one two three four five'), { paceMs: random.whole(0, 4) });
    const answer = call.path.endsWith('/images/generations') ? pictures(1) : completion(`echo ${mark}`);
    const waitMs = random.whole(0, 20);
    return async (wire, one) => {
      await Bun.sleep(waitMs);
      await json(answer)(wire, one);
    };
  }

  async #receive(request: Request): Promise<Response> {
    const { task } = (await request.json()) as { task: { id: number; status: string } };
    const told = this.#witness.toldWebhooks;
    told.set(task.id, [...(told.get(task.id) ?? []), task.status]);
    return new Response();
  }
}
