// Plans: what an account may do, at which price and how often. Plans are data; this file only reads them.
import type { Endpoint } from './call.ts';
import type { LimitClaim } from './limits.ts';
import type { Price } from './price.ts';

/** Which calls a rule speaks of. `*` is any; a model may end in `*`, as in `claude-*`. */
export type Scope = {
  readonly dialects: readonly string[];
  readonly endpoints: readonly string[];
  readonly models: readonly string[];
};

export type PriceRule = { readonly scope: Scope; readonly price: Price };

export type LimitRule = {
  /** Names the counter; calls under one rule share it unless `perModel` is set. */
  readonly name: string;
  readonly scope: Scope;
  readonly perModel: boolean;
  readonly perMinute: number | null;
  readonly perDay: number | null;
};

export type Plan = {
  readonly id: string;
  /** Shown to customers, for instance «Престиж». */
  readonly name: string;
  /** Whether keys of this plan may call the API at all. */
  readonly api: boolean;
  readonly dailyRequests: number;
  /** How many calls may run at once; what is absent is the program's bound. */
  readonly callsAtOnce?: { readonly perKey?: number | undefined; readonly perAccount?: number | undefined };
  /** Unicode code points over all text of a call; longer text is cut. `null` is no bound. */
  readonly maxInputChars: number | null;
  /** The dialects whose text is bound by it. */
  readonly maxInputDialects: readonly string[];
  /** The first rule that fits a call is its price. */
  readonly prices: readonly PriceRule[];
  /** Every rule that fits a call counts it. */
  readonly limits: readonly LimitRule[];
  /**
   * Other names under which a model is asked for: name, prefix ending in `*`, or `*`, to the model's own name. The first
   * that fits counts. A service that has one model maps every name to it.
   */
  readonly aliases: readonly (readonly [pattern: string, model: string])[];
  /** Grows with every change, and is stored with every charge. */
  readonly version: number;
};

/** What plan rules are asked about. `endpoint` is the route's own name, which may be narrower than the call's. */
export type Question = { readonly dialect: string; readonly endpoint: Endpoint | string; readonly model: string };

export function priceFor(plan: Plan, question: Question): Price | undefined {
  return plan.prices.find((rule) => inScope(rule.scope, question))?.price;
}

/**
 * The limits that count this call, with the key as part of each counter's name. Rules of one name share a counter, and
 * where several of them fit, the call is counted once and by the tighter numbers.
 */
export function claimsFor(plan: Plan, question: Question, keyId: string): LimitClaim[] {
  const claims = new Map<string, LimitClaim>();
  for (const { scope, name, perModel, perMinute, perDay } of plan.limits) {
    if (!inScope(scope, question)) continue;
    const subject = perModel ? `${keyId}|${name}|${question.model}` : `${keyId}|${name}`;
    const other = claims.get(subject) ?? { perMinute: null, perDay: null };
    claims.set(subject, {
      subject,
      perMinute: tighter(perMinute, other.perMinute),
      perDay: tighter(perDay, other.perDay),
    });
  }
  return [...claims.values()];
}

function tighter(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function inScope(scope: Scope, question: Question): boolean {
  return (
    matches(scope.dialects, question.dialect) &&
    matches(scope.endpoints, question.endpoint) &&
    matches(scope.models, question.model)
  );
}

/** Whether a name is in a list of names, prefixes ending in `*`, or `*` itself. */
export function matches(patterns: readonly string[], name: string): boolean {
  for (const pattern of patterns) {
    if (pattern === '*' || pattern === name) return true;
    if (pattern.endsWith('*') && name.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}

/** The model's own name behind the asked one. */
export function aliasOf(plan: Plan, name: string): string {
  return plan.aliases.find(([pattern]) => matches([pattern], name))?.[1] ?? name;
}

/** How much text of a call by this dialect is used; `null` is all of it. */
export function maxInputCharsOf(plan: Plan, dialect: string): number | null {
  return matches(plan.maxInputDialects, dialect) ? plan.maxInputChars : null;
}
