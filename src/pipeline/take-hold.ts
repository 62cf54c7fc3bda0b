// Takes the hold of a call: limits, balance and the client's name for the request are decided together, in one durable
// commit, and every refusal of theirs is told from here.
import { CallError } from '../core/errors.ts';
import type { LimitState } from '../core/limits.ts';
import type { CallContext, IdempotencyKey, NewTask } from '../store/store.ts';
import type { Admission } from './admit.ts';
import type { Place } from './call-gate.ts';
import type { Gateway } from './gateway.ts';
import { HeldCall } from './held-call.ts';
import { priceVersion } from './plan-book.ts';

/**
 * Takes the hold of a call that is answered now, and keeps its place for it. Throws when limits or balance refuse. Answers `undefined` where a call
 * of the same name was answered before: then nothing is held.
 */
export async function hold(
  gateway: Gateway,
  callId: string,
  admission: Admission,
  name: IdempotencyKey | undefined,
  place: Place,
): Promise<HeldCall | undefined> {
  const plain = contextOf(gateway, admission);
  const context = name === undefined ? plain : { ...plain, idempotencyKey: name.key };
  const outcome = await writeHold(gateway, callId, admission, context, { name });
  if (outcome.kind === 'answered') return undefined;
  if (outcome.kind === 'repeated')
    throw new CallError('internal_error', { detail: 'the name of a call stands for a task' });
  const held = new HeldCall(gateway, callId, admission, context, outcome);
  held.keepPlace(place);
  gateway.open.add(held);
  return held;
}

export function contextOf(gateway: Gateway, admission: Admission): CallContext {
  return {
    keyId: admission.owner.keyId,
    dialect: admission.dialect,
    endpoint: admission.endpoint,
    model: admission.model.name,
    admittedAtMs: gateway.clock.nowMs(),
    priceVersion: priceVersion(admission.plan),
  };
}

/** Limits and balance are decided together, in one durable commit. */
export async function writeHold(
  gateway: Gateway,
  callId: string,
  admission: Admission,
  context: CallContext,
  { task, name }: { readonly task?: NewTask; readonly name: IdempotencyKey | undefined },
) {
  const { owner, plan, price, amount, claims } = admission;
  if (gateway.isStopping) throw new CallError('shutting_down', { retryAfterS: 5 });
  const outcome = await gateway.store.write({
    kind: 'hold',
    callId,
    accountId: owner.accountId,
    unit: price.unit,
    amount,
    dailyRequests: plan.dailyRequests,
    claims,
    context,
    ...(task === undefined ? {} : { task }),
    ...(name === undefined ? {} : { idempotency: name }),
  });
  const nowMs = gateway.clock.nowMs();
  switch (outcome.kind) {
    case 'held':
    case 'repeated':
    case 'answered':
      return outcome;
    case 'running':
      throw new CallError('idempotency_running', { param: 'Idempotency-Key', retryAfterS: 1 });
    case 'mismatched':
      throw new CallError('idempotency_mismatch', { param: 'Idempotency-Key' });
    case 'short': {
      // The soonest that anything can change by itself is tomorrow's allowance.
      const retryAfterS = Math.ceil((gateway.calendar.dayAt(nowMs).endsAtMs - nowMs) / 1000);
      throw new CallError('insufficient_quota', {
        balance: outcome.balance[price.unit],
        needed: outcome.needed,
        retryAfterS,
      });
    }
    case 'limited':
      throw limited(outcome.retryAtMs, nowMs, outcome.limit);
    default:
      throw new CallError('internal_error', { detail: `a hold answered ${outcome.kind}` });
  }
}

/** A refusal by a limit: when it can be tried again, and what the headers say of the limit. */
export function limited(retryAtMs: number, nowMs: number, limit: LimitState | undefined): CallError {
  const retryAfterS = Math.max(1, Math.ceil((retryAtMs - nowMs) / 1000));
  return new CallError('rate_limit_exceeded', limit === undefined ? { retryAfterS } : { retryAfterS, limit });
}
