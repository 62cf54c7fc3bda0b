// The composition root: reads the configuration, builds everything, starts, and stops in order. Nothing else in the
// program makes its own effects.
import { hkdfSync } from 'node:crypto';
import type { Config } from './config.ts';
import { ConfigError, loadSecrets, toPlan } from './config.ts';
import { Calendar } from './core/calendar.ts';
import type { Clock } from './core/clock.ts';
import { CallError } from './core/errors.ts';
import type { HttpServer } from './http/server.ts';
import { startServer } from './http/server.ts';
import { KeyRing } from './pipeline/authenticate.ts';
import type { Gateway } from './pipeline/gateway.ts';
import { ModelBook, modelProblems } from './pipeline/model-book.ts';
import { PlanBook } from './pipeline/plan-book.ts';
import { MODEL_PRESETS } from './presets/models.ts';
import { PLAN_PRESETS } from './presets/plans.ts';
import { openStore } from './store/open-store.ts';
import { openLog } from './telemetry/log.ts';
import { makeMetrics } from './telemetry/metrics.ts';
import { makeReporter } from './telemetry/reporter.ts';
import { discoverModels } from './upstream/discover.ts';
import { Upstream } from './upstream/upstream.ts';
import { Watchdog } from './upstream/watch.ts';

const SYSTEM_CLOCK: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };

export type RunningGateway = { readonly url: string; readonly gateway: Gateway; stop(): Promise<void> };

/** Starts the gateway. Resolves when `/readyz` answers 200. */
export async function startGateway(config: Config): Promise<RunningGateway> {
  const problems = modelProblems(config, config.environment);
  if (problems.length > 0) throw new ConfigError(problems);
  const secrets = loadSecrets(config);
  const { log, close: closeLog } = openLog(config.logLevel);
  const clock = SYSTEM_CLOCK;
  const { store, voidedHolds } = await openStore(config, clock);
  if (voidedHolds > 0) log.warn({ voidedHolds }, 'recovered');
  const plans = new PlanBook(
    PLAN_PRESETS,
    config.plans.map((plan) => toPlan(plan, 1)),
  );
  plans.load(await store.listPlans());
  const open: Gateway['open'] = new Set();
  const metrics = makeMetrics(() => open.size);
  const gateway: Gateway = {
    config,
    clock,
    calendar: new Calendar(config.timeZone),
    random: Math.random,
    newCallId: () => Bun.randomUUIDv7(),
    sleep: (ms) => Bun.sleep(ms),
    store,
    keys: new KeyRing(store, keyHmac(secrets.masterSecret), clock.monotonicMs),
    plans,
    models: new ModelBook(config, config.environment, MODEL_PRESETS),
    upstream: new Upstream(
      { answerBytes: config.bounds.answerBytes, connectMs: config.timeouts.connectMs },
      clock.monotonicMs,
    ),
    watchdog: new Watchdog(clock),
    report: makeReporter(log, metrics),
    open,
    isStopping: false,
  };
  const server = startServer(gateway, metrics, secrets.adminToken);
  discoverModels(gateway).catch((error) => log.warn({ detail: String(error) }, 'discovery failed'));
  log.info({ url: server.url, providers: gateway.models.providerNames() }, 'started');
  return { url: server.url, gateway, stop: () => stopGateway(gateway, server, closeLog) };
}

/**
 * Stops in order: unready at once, no new calls, running ones are waited for up to `drainMs`, the rest are ended with
 * an error and charged for what they delivered; then the store is closed.
 */
async function stopGateway(gateway: Gateway, server: HttpServer, closeLog: () => void): Promise<void> {
  gateway.isStopping = true;
  const untilMs = gateway.clock.monotonicMs() + gateway.config.timeouts.drainMs;
  while (gateway.open.size > 0 && gateway.clock.monotonicMs() < untilMs) await Bun.sleep(20);
  for (const held of gateway.open) held.interrupt(new CallError('shutting_down'));
  while (gateway.open.size > 0) await Bun.sleep(20);
  await Promise.race([server.stop(), Bun.sleep(2_000)]);
  // A call whose hold was being written when the others had ended.
  while (gateway.open.size > 0) await Bun.sleep(20);
  gateway.watchdog.stop();
  await gateway.store.close();
  closeLog();
}

/** Each purpose has a key of its own, so that what is made for one is worth nothing for another. */
function keyHmac(masterSecret: string): (key: string) => string {
  const secret = new Uint8Array(hkdfSync('sha256', masterSecret, '', 'tolmach customer keys v1', 32));
  return (key) => new Bun.CryptoHasher('sha256', secret).update(key).digest('base64url');
}
