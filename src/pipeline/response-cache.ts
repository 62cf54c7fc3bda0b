// Answers that are given again to the very same request of the same account, where the key or the request asks for that. It is
// held like any other, so that balance and limits are decided as always, and charged a stated share of its price. Only
// whole answers that were charged are kept, in memory, for a while and up to a bound.
import { createHash } from 'node:crypto';
import type { Usage } from '../core/call.ts';
import { CallError, toCallError } from '../core/errors.ts';
import type { Dialect, Route } from '../dialects/dialect.ts';
import type { KeyOwner, StoredAnswer } from '../store/store.ts';
import type { WireBody } from '../wire/rendering.ts';
import type { Admission } from './admit.ts';
import type { Gateway } from './gateway.ts';
import { callHeaders } from './headers.ts';
import type { HeldCall } from './held-call.ts';
import { fingerprintOf } from './idempotency.ts';
import { priceVersion } from './plan-book.ts';
import type { Incoming, Reply } from './reply.ts';

export const CACHE_HEADER = 'x-tolmach-cache';

/** Headers that change what an answer is, or how it is written. */
const SHAPING_HEADERS = ['anthropic-version', 'anthropic-beta', 'openai-beta', 'accept'] as const;

export type KeptAnswer = {
  readonly answer: StoredAnswer;
  readonly usage: Usage;
  readonly provider: string | null;
  readonly upstreamModel: string | null;
};

type Entry = KeptAnswer & { readonly untilMs: number };

export class ResponseCache {
  readonly #bounds: { readonly chars: number; readonly ttlMs: number };
  readonly #monotonicMs: () => number;
  /** Those that were used the longest ago come first. */
  readonly #entries = new Map<string, Entry>();
  #chars = 0;

  constructor(bounds: { readonly chars: number; readonly ttlMs: number }, monotonicMs: () => number) {
    this.#bounds = bounds;
    this.#monotonicMs = monotonicMs;
  }

  /** Characters of all answers that are kept. */
  get chars(): number {
    return this.#chars;
  }

  find(name: string): KeptAnswer | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    this.#drop(name, entry);
    if (entry.untilMs <= this.#monotonicMs()) return undefined;
    this.#add(name, entry);
    return entry;
  }

  /** Keeps an answer; those that were used the longest ago make room for it. */
  put(name: string, kept: KeptAnswer): void {
    if (kept.answer.body.length > this.#bounds.chars) return;
    const before = this.#entries.get(name);
    if (before !== undefined) this.#drop(name, before);
    this.#add(name, { ...kept, untilMs: this.#monotonicMs() + this.#bounds.ttlMs });
    for (const [oldest, entry] of this.#entries) {
      if (this.#chars <= this.#bounds.chars) return;
      this.#drop(oldest, entry);
    }
  }

  #add(name: string, entry: Entry): void {
    this.#entries.set(name, entry);
    this.#chars += name.length + entry.answer.body.length;
  }

  #drop(name: string, entry: Entry): void {
    this.#entries.delete(name);
    this.#chars -= name.length + entry.answer.body.length;
  }
}

/**
 * What the answer would be kept by, if the request asks for that or, where it says nothing, its key does: the account, what it pays, the route and the body to
 * the byte. A public key is everybody's, so there the client's address belongs to it as well.
 */
export function cacheNameOf(
  gateway: Gateway,
  { owner, plan }: Admission,
  dialect: Dialect,
  route: Route,
  incoming: Incoming,
  body: WireBody,
): string | undefined {
  if (!isAskedFor(incoming, owner)) return undefined;
  const client = gateway.keys.isPublic(owner.keyId) ? incoming.connection.address() : '';
  const shaping = SHAPING_HEADERS.map((name) => incoming.headers.get(name));
  const parts = [owner.accountId, client, priceVersion(plan), fingerprintOf(dialect, route, incoming, body), shaping];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** The request's own word counts over that of its key. */
function isAskedFor(incoming: Incoming, owner: KeyOwner): boolean {
  const asked = incoming.headers.get(CACHE_HEADER);
  if (asked === null) return owner.usesCache;
  if (asked !== 'on' && asked !== 'off')
    throw new CallError('invalid_field', {
      param: CACHE_HEADER,
      message: `${CACHE_HEADER} must be "on" or "off".`,
      messageRu: `${CACHE_HEADER} — «on» или «off».`,
    });
  return asked === 'on';
}

/** Gives a kept answer again, once its share of the price is charged. */
export async function serveKept(gateway: Gateway, held: HeldCall, kept: KeptAnswer): Promise<Reply> {
  try {
    held.repeat(kept, gateway.config.responseCache.hitPercent);
    const closed = await held.complete();
    const headers = { ...callHeaders(held, closed), ...kept.answer.headers };
    return { status: kept.answer.status, headers, body: kept.answer.body };
  } catch (thrown) {
    held.isDelivered = false;
    const error = toCallError(thrown);
    await held.close(error);
    throw error;
  }
}

/** Keeps the answer of a call that is complete and charged. */
export function keepResponse(gateway: Gateway, held: HeldCall): void {
  const { cache, answer, provider, upstreamModel, admission } = held;
  if (cache === undefined || answer === undefined || !admission.meter.hasOutput) return;
  gateway.responses.put(cache.name, { answer, usage: admission.meter.usage(), provider, upstreamModel });
}
