// The composition root: reads the configuration, builds everything, starts, and stops in order. Nothing else in the
// program makes its own effects.
import { hkdfSync } from 'node:crypto';
import type { Config } from './config.ts';
import { ConfigError, loadSecrets, toPlan } from './config.ts';
import { Calendar } from './core/calendar.ts';
import type { Clock } from './core/clock.ts';
import { steadyClock } from './core/clock.ts';
import { CallError } from './core/errors.ts';
import { failureDetail } from './core/failure-detail.ts';
import { builtInModes, overlayModes } from './core/modes.ts';
import { crashPoint } from './crash-point.ts';
import { openEngines } from './engines/open-engines.ts';
import { openShelf } from './files/open-shelf.ts';
import type { HttpServer } from './http/server.ts';
import { startServer } from './http/server.ts';
import { AnswerRecorder } from './pipeline/answer-recorder.ts';
import { Asides } from './pipeline/asides.ts';
import type { PublicKey } from './pipeline/authenticate.ts';
import { KeyRing } from './pipeline/authenticate.ts';
import { CallGate } from './pipeline/call-gate.ts';
import { FetchedKeys } from './pipeline/fetched-keys.ts';
import { FreeLimits } from './pipeline/free-limits.ts';
import { FreeWork } from './pipeline/free-work.ts';
import type { Gateway } from './pipeline/gateway.ts';
import { ModelBook } from './pipeline/model-book.ts';
import { modelProblems } from './pipeline/model-problems.ts';
import { openModerator } from './pipeline/open-moderator.ts';
import { PlanBook } from './pipeline/plan-book.ts';
import { ResponseCache } from './pipeline/response-cache.ts';
import { VendorCosts } from './pipeline/vendor-costs.ts';
import { presetsOf } from './presets/services.ts';
import { REMEMBER_KEY_MS } from './store/idempotency.ts';
import { openStore } from './store/open-store.ts';
import { LEASE_BEATS } from './store/store.ts';
import { TaskRunner } from './tasks/task-runner.ts';
import { WebhookSender } from './tasks/webhook-sender.ts';
import { watchLoad } from './telemetry/load-watch.ts';
import { openLog } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';
import { makeMetrics } from './telemetry/metrics.ts';
import { makeReporter } from './telemetry/reporter.ts';
import { discoverModels } from './upstream/discover.ts';
import { startProbes } from './upstream/probe-providers.ts';
import { Upstream } from './upstream/upstream.ts';
import { Watchdog } from './upstream/watch.ts';
import { openWebhookDoor } from './upstream/webhook-door.ts';

const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

/** How often expired files and results are looked for. */
const CHORES_MS = 10_000;
/** How long stopping waits for what goes on beside calls. */
const ASIDES_MS = 5_000;
/** How often due webhooks are looked for. */
const WEBHOOKS_MS = 500;

export type RunningGateway = { readonly url: string; readonly gateway: Gateway; stop(): Promise<void> };

/** Starts the gateway. Resolves when `/readyz` answers 200. */
export async function startGateway(given: Config): Promise<RunningGateway> {
  const { config, secrets, log, close } = await openGround(given);
  const clock = steadyClock(SYSTEM_CLOCK);
  const { store, voidedHolds } = await openStore(config, clock, secretCheck(secrets.masterSecret), (notice) =>
    log.warn(notice, 'store'),
  );
  crashPoint('start.recovered');
  if (voidedHolds > 0) log.warn({ voidedHolds }, 'recovered');
  const presets = presetsOf(config.preset);
  const plans = new PlanBook(
    presets.plans,
    config.plans.map((plan) => toPlan(plan, 1)),
  );
  plans.load(await store.listPlans());
  const open: Gateway['open'] = new Set();
  const metrics = makeMetrics(() => open.size);
  const models = new ModelBook(config, config.environment, presets.models);
  const costs = new VendorCosts();
  costs.load(await store.findCostBook());
  const tasks = new TaskRunner(() => gateway, config.tasks);
  const hmac = keyHmac(secrets.masterSecret);
  const publicKey = publicKeyOf(config, hmac);
  const gateway: Gateway = {
    config,
    clock,
    calendar: new Calendar(config.timeZone),
    random: Math.random,
    newCallId: () => Bun.randomUUIDv7(),
    sleep: (ms) => Bun.sleep(ms),
    store,
    keys: new KeyRing(store, hmac, clock.monotonicMs, publicKey),
    plans,
    models,
    costs,
    ...openOutbound(config, clock),
    gate: new CallGate(config.bounds, Math.random),
    freeLimits: new FreeLimits(),
    freeWork: new FreeWork(config.moderation.concurrency),
    moderator: openModerator(config.moderation, models),
    recorder: new AnswerRecorder(config.bounds),
    responses: new ResponseCache(config.responseCache, clock.monotonicMs),
    files: openShelf(config, clock),
    modes: overlayModes(builtInModes(), config.modes),
    tasks,
    webhooks: openWebhookDoor({
      allowHosts: config.webhooks.allowHosts,
      secretOf: webhookSecret(secrets.masterSecret),
    }),
    report: makeReporter(log, metrics),
    open,
    asides: new Asides(),
    isStopping: false,
  };
  if (publicKey !== undefined) await openPublicAccount(gateway, publicKey);
  const server = startServer(gateway, metrics, secrets.adminToken, presets.dialects);
  crashPoint('start.listening');
  for (const task of await store.adoptTasks()) tasks.add(task);
  crashPoint('start.adopted');
  const stopBackground = startBackground(gateway, tasks, metrics);
  discoverModels(gateway).catch((error) => log.warn({ detail: String(error) }, 'discovery failed'));
  log.info({ url: server.url, providers: gateway.models.providerNames() }, 'started');
  return { url: server.url, gateway, stop: () => stopGateway(gateway, server, tasks, stopBackground, close) };
}

/** What everything else stands on: a configuration without problems, its secrets, the log, and the models run here. */
async function openGround(given: Config) {
  const problems = modelProblems(given, given.environment);
  if (problems.length > 0) throw new ConfigError(problems);
  const secrets = loadSecrets(given);
  // Logs tell the machine's own time, so that they can be laid beside those of others.
  const { log, close: closeLog } = openLog(given.logLevel, SYSTEM_CLOCK.nowMs);
  const { config, stop } = await openEngines(given, (provider, detail) =>
    log.error({ provider, detail }, 'engine_died'),
  );
  const close = () => {
    stop();
    closeLog();
  };
  return { config, secrets, log, close };
}

/** Everything on the way to providers. */
function openOutbound(
  { bounds, timeouts }: Config,
  clock: Clock,
): Pick<Gateway, 'upstream' | 'watchdog' | 'fetchedKeys'> {
  const watchdog = new Watchdog(clock);
  const { answerBytes, streamReceiveBytes } = bounds;
  const upstreamBounds = { answerBytes, streamReceiveBytes, connectMs: timeouts.connectMs };
  const upstream = new Upstream(upstreamBounds, clock.monotonicMs);
  const newNonce = () => crypto.randomUUID();
  const fetchedKeys = new FetchedKeys({ upstream, watchdog, clock, newNonce, fetchMs: timeouts.firstByteMs });
  return { upstream, watchdog, fetchedKeys };
}

/**
 * Stops in order: unready at once, no new calls, running ones are waited for up to `drainMs`, the rest are ended with
 * an error and charged for what they delivered, and tasks are left to the next process; vendors are told what is not wanted
 * any more; then the store is closed.
 */
async function stopGateway(
  gateway: Gateway,
  server: HttpServer,
  tasks: TaskRunner,
  stopBackground: () => void,
  close: () => void,
): Promise<void> {
  gateway.isStopping = true;
  stopBackground();
  crashPoint('stop.begun');
  const untilMs = gateway.clock.monotonicMs() + gateway.config.timeouts.drainMs;
  const isBusy = () => gateway.open.size > 0 || tasks.running > 0;
  while (isBusy() && gateway.clock.monotonicMs() < untilMs) await Bun.sleep(20);
  crashPoint('stop.drained');
  for (const held of gateway.open) held.interrupt(new CallError('shutting_down'));
  tasks.abandon();
  crashPoint('stop.interrupted');
  while (isBusy()) await Bun.sleep(20);
  await Promise.race([server.stop(), Bun.sleep(2_000)]);
  // A call whose hold was being written when the others had ended.
  while (gateway.open.size > 0) await Bun.sleep(20);
  await Promise.race([gateway.asides.ended(), Bun.sleep(ASIDES_MS)]);
  gateway.watchdog.stop();
  gateway.upstream.close();
  await gateway.store.close();
  crashPoint('stop.closed');
  close();
}

/** Removes expired files, one sweep at a time and apart from the other chores: a bucket may be slow, or away. */
function startSweeps(gateway: Gateway): Timer {
  let isSweeping = false;
  return setInterval(async () => {
    if (isSweeping) return;
    isSweeping = true;
    await gateway.files
      .sweep()
      .catch((error) => gateway.report.alarm('sweep_failed', { detail: String((error as { code?: unknown }).code) }));
    isSweeping = false;
  }, CHORES_MS);
}

/** Tells customers of their tasks' ends. A store that is away for a while only delays that. */
function startWebhooks(gateway: Gateway): Timer {
  const sender = new WebhookSender(() => gateway);
  return setInterval(() => {
    sender.sendDue().catch((error) => gateway.report.alarm('webhooks_failed', { detail: failureDetail(error) }));
  }, WEBHOOKS_MS);
}

/** What runs beside the calls, until it is stopped. */
function startBackground(gateway: Gateway, tasks: TaskRunner, metrics: Metrics): () => void {
  const timers = [startChores(gateway), startAdoption(gateway, tasks), startSweeps(gateway), startWebhooks(gateway)];
  const stopWatching = watchLoad(gateway, metrics.registry);
  const stopProbes = startProbes(gateway);
  return () => {
    tasks.stop();
    stopWatching();
    stopProbes();
    for (const timer of timers) clearInterval(timer);
  };
}

/** At once as well: where no process lives for long, what has expired is forgotten all the same. */
function startChores(gateway: Gateway): Timer {
  doChores(gateway).catch(() => undefined);
  return setInterval(() => doChores(gateway), CHORES_MS);
}

/** Takes over the tasks of processes that are gone. It looks as often as their holds are looked for. */
function startAdoption(gateway: Gateway, tasks: TaskRunner): Timer {
  return setInterval(async () => {
    try {
      for (const task of await gateway.store.adoptTasks()) tasks.add(task);
    } catch (error) {
      gateway.report.alarm('adoption_failed', { detail: failureDetail(error) });
    }
  }, gateway.config.timeouts.processLeaseMs / LEASE_BEATS);
}

/** Forgets what has expired, and learns what other processes have been given. */
async function doChores(gateway: Gateway): Promise<void> {
  try {
    const endedBeforeMs = gateway.clock.nowMs() - gateway.config.tasks.keepResultsMs;
    const keysBeforeMs = gateway.clock.nowMs() - REMEMBER_KEY_MS;
    for (let isMoreLeft: true | undefined = true; isMoreLeft; ) {
      const purged = await gateway.store.write({ kind: 'purgeTasks', endedBeforeMs, keysBeforeMs });
      isMoreLeft = purged.kind === 'written' ? purged.isMoreLeft : undefined;
    }
    // Another process may have been given a newer book, or newer plans.
    gateway.costs.load(await gateway.store.findCostBook());
    gateway.plans.load(await gateway.store.listPlans());
  } catch (error) {
    gateway.report.alarm('chores_failed', { detail: failureDetail(error) });
  }
}

/** The id tells one public key from the next, so that a key that was replaced is not found under the new one's id. */
function publicKeyOf({ publicKey: key }: Config, hmac: (key: string) => string): PublicKey | undefined {
  return key === undefined ? undefined : { key, keyId: `key_public_${hmac(key).slice(0, 12)}` };
}

/** The account behind the public key. Making it again changes nothing. */
async function openPublicAccount(gateway: Gateway, { key: publicKey, keyId }: PublicKey): Promise<void> {
  const createdAtMs = gateway.clock.nowMs();
  const accountId = 'acc_public';
  await gateway.store.write({
    kind: 'createAccount',
    account: { accountId, email: 'public@localhost', planId: 'public', status: 'active', createdAtMs },
  });
  const key = {
    keyId,
    accountId,
    name: 'public',
    display: `${publicKey.slice(0, 4)}…`,
    createdAtMs,
    revokedAtMs: null,
    usesCache: false,
  };
  await gateway.store.write({ kind: 'createKey', key, hmac: gateway.keys.hmac(publicKey) });
}

/** Tells one master secret from another, without telling it. */
function secretCheck(masterSecret: string): string {
  return Buffer.from(hkdfSync('sha256', masterSecret, '', 'tolmach secret check v1', 32)).toString('base64url');
}

/** The secret of each API key for signing webhooks; it tells nothing of the key or of the others' secrets. */
function webhookSecret(masterSecret: string): (keyId: string) => string {
  const derive = (keyId: string) => hkdfSync('sha256', masterSecret, keyId, 'tolmach webhooks v1', 32);
  return (keyId) => `whsec_${Buffer.from(derive(keyId)).toString('hex')}`;
}

/** Each purpose has a key of its own, so that what is made for one is worth nothing for another. */
function keyHmac(masterSecret: string): (key: string) => string {
  const secret = new Uint8Array(hkdfSync('sha256', masterSecret, '', 'tolmach customer keys v1', 32));
  return (key) => new Bun.CryptoHasher('sha256', secret).update(key).digest('base64url');
}
