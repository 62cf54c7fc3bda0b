// One process of a simulation: the real gateway, task runner and webhook sender, put together as main.ts does it, with
// time, chance, providers, customers' servers and the disk in the simulation's hands.
import type { Config } from '../../config.ts';
import { toPlan } from '../../config.ts';
import { fileSchema } from '../../config-schema.ts';
import { Calendar } from '../../core/calendar.ts';
import { steadyClock } from '../../core/clock.ts';
import { builtInModes } from '../../core/modes.ts';
import type { FileShelf } from '../../files/file-shelf.ts';
import { AnswerRecorder } from '../../pipeline/answer-recorder.ts';
import { Asides } from '../../pipeline/asides.ts';
import { KeyRing } from '../../pipeline/authenticate.ts';
import { CallGate } from '../../pipeline/call-gate.ts';
import { FetchedKeys } from '../../pipeline/fetched-keys.ts';
import { FreeLimits } from '../../pipeline/free-limits.ts';
import { FreeWork } from '../../pipeline/free-work.ts';
import type { Gateway } from '../../pipeline/gateway.ts';
import { ModelBook } from '../../pipeline/model-book.ts';
import { lexicalModerator } from '../../pipeline/moderator.ts';
import { PlanBook } from '../../pipeline/plan-book.ts';
import { ResponseCache } from '../../pipeline/response-cache.ts';
import { VendorCosts } from '../../pipeline/vendor-costs.ts';
import { TaskRunner } from '../../tasks/task-runner.ts';
import { WebhookSender } from '../../tasks/webhook-sender.ts';
import { Watchdog } from '../../upstream/watch.ts';
import type { FaultyDatabase } from './faulty-database.ts';
import { SimulatedStore } from './simulated-store.ts';
import type { SimulatedTime } from './simulated-time.ts';
import type { Asked } from './simulated-upstream.ts';
import { SimulatedUpstream } from './simulated-upstream.ts';

export const TIME_ZONE = 'Europe/Berlin';

/** Timers of the real clock must never fire in a simulation: this is as long as they can be. */
const NEVER_MS = 2_000_000_000;

const MONEY = { inputPerMTok: 100_000, cachedInputPerMTok: 50_000, outputPerMTok: 200_000 };
const LIMITS = [{ name: 'calls', endpoints: ['chat', 'task'], perMinute: 6, perDay: 40 }];

/** Small numbers, so that balances, allowances and limits are met again and again. */
const FILE = fileSchema.parse({
  timeZone: TIME_ZONE,
  providers: [
    { name: 'first', vendor: 'openai', baseUrl: 'http://first.test/v1', apiKey: 'key-1' },
    { name: 'second', baseUrl: 'http://second.test/v1', apiKey: 'key-2' },
    { name: 'third', vendor: 'openai', baseUrl: 'http://third.test/v1', apiKey: 'key-3' },
  ],
  models: [
    {
      name: 'both',
      maxOutputTokens: 20,
      targets: [
        { provider: 'first', model: 'm', weight: 3 },
        { provider: 'second', model: 'm' },
        { provider: 'third', model: 'm', priority: 1 },
      ],
    },
  ],
  plans: [
    { id: 'requests', name: 'Requests', dailyRequests: 8, prices: [{ requests: 2 }], limits: LIMITS },
    { id: 'larger', name: 'Larger', dailyRequests: 14, prices: [{ requests: 2 }], limits: LIMITS },
    { id: 'money', name: 'Money', prices: [{ microRub: MONEY }], limits: LIMITS },
  ],
  tasks: { concurrency: 4, perAccount: 2, keepResultsMs: 3_600_000 },
  timeouts: { connectMs: 500, firstByteMs: 3_000, idleMs: 2_000, callMs: 20_000, stalledReaderMs: 4_000 },
});

const CONFIG: Config = {
  ...FILE,
  timeouts: { ...FILE.timeouts, keepAliveMs: NEVER_MS },
  port: 0,
  host: '127.0.0.1',
  dataDir: '',
  databaseUrl: undefined,
  publicUrl: 'http://gateway.test',
  logLevel: 'silent',
  preset: undefined,
  environment: {},
};

const MODES = builtInModes();

const NO_SHELF: FileShelf = {
  keep: () => Promise.reject(new Error('nothing is drawn here')),
  find: async () => undefined,
  sweep: async () => undefined,
};

/** What a process is given by its world. */
export type Surroundings = {
  readonly db: FaultyDatabase;
  readonly time: SimulatedTime;
  readonly owner: string;
  readonly random: () => number;
  readonly newCallId: () => string;
  onAsked(asked: Asked): void;
  /** A message to a customer's server; answers its status. */
  onWebhook(url: string, body: string): Promise<number>;
  onAlarm(event: string, fields: Readonly<Record<string, unknown>>): void;
};

export type SimulatedProcess = {
  readonly gateway: Gateway;
  readonly store: SimulatedStore;
  readonly upstream: SimulatedUpstream;
  readonly tasks: TaskRunner;
  readonly webhooks: WebhookSender;
  readonly watchdog: Watchdog;
};

/** Starts a process on the database, as after a crash: what the last one left is voided, its tasks are adopted. */
export async function startProcess(around: Surroundings): Promise<SimulatedProcess> {
  const clock = steadyClock(around.time.clock);
  const store = new SimulatedStore(around.db, TIME_ZONE, around.owner, clock);
  const upstream = new SimulatedUpstream(clock.monotonicMs, around.onAsked);
  const watchdog = new Watchdog(clock);
  // Its ticks come from the simulation.
  watchdog.stop();
  const tasks = new TaskRunner(() => gateway, CONFIG.tasks);
  const plans = new PlanBook(
    [],
    CONFIG.plans.map((plan) => toPlan(plan, 1)),
  );
  const gateway: Gateway = {
    config: CONFIG,
    clock,
    calendar: new Calendar(TIME_ZONE),
    random: around.random,
    newCallId: around.newCallId,
    sleep: around.time.sleep,
    store,
    keys: new KeyRing(store, (key) => `hmac of ${key}`, clock.monotonicMs),
    plans,
    models: new ModelBook(CONFIG, {}, []),
    costs: new VendorCosts(),
    upstream,
    watchdog,
    fetchedKeys: new FetchedKeys({ upstream, watchdog, clock, newNonce: around.newCallId, fetchMs: 1_000 }),
    gate: new CallGate(CONFIG.bounds, around.random),
    recorder: new AnswerRecorder(CONFIG.bounds),
    responses: new ResponseCache(CONFIG.responseCache, clock.monotonicMs),
    freeLimits: new FreeLimits(),
    freeWork: new FreeWork(1),
    moderator: lexicalModerator,
    files: NO_SHELF,
    modes: MODES,
    tasks,
    webhooks: {
      secretOf: (keyId) => `secret of ${keyId}`,
      problemOf: () => undefined,
      post: (url, message) => around.onWebhook(url, message.body),
    },
    report: {
      call: () => undefined,
      attempt: () => undefined,
      refusal: () => undefined,
      alarm: (event, fields) => around.onAlarm(event, fields),
    },
    open: new Set(),
    asides: new Asides(),
    isStopping: false,
  };
  for (const task of await store.adoptTasks()) tasks.add(task);
  return { gateway, store, upstream, tasks, webhooks: new WebhookSender(() => gateway), watchdog };
}
