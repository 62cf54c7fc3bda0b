// The headers that every dialect answers with: what the call cost, what is left, and who answered.
import type { Balance } from '../core/ledger.ts';
import type { LimitState } from '../core/limits.ts';
import type { Admission } from './admit.ts';
import type { Closed, HeldCall } from './held-call.ts';

export const JSON_TYPE = 'application/json; charset=utf-8';
export const STREAM_TYPE = 'text/event-stream; charset=utf-8';

/** For a whole answer: the charge is known. */
export function callHeaders(held: HeldCall, closed: Closed): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': JSON_TYPE };
  addCallHeaders(headers, held, closed.charge, closed.balance[held.admission.price.unit]);
  return headers;
}

/** For a stream: the charge is not known yet, so the headers tell the most that it can be, which is held. */
export function streamHeaders(held: HeldCall, contentType = STREAM_TYPE): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': contentType,
    'x-accel-buffering': 'no',
  };
  addCallHeaders(headers, held, held.admission.amount, held.balance[held.admission.price.unit]);
  return headers;
}

/** What is kept of the headers beside an answer that may be given again. The others are told anew. */
export function storedHeaders(held: HeldCall, contentType: string): Record<string, string> {
  return {
    'content-type': contentType,
    'x-tolmach-provider': held.provider ?? '',
    'x-tolmach-model': held.upstreamModel ?? '',
  };
}

/** Adds in place: these headers are made for every call, and copies of them would cost more than they do. */
function addCallHeaders(headers: Record<string, string>, held: HeldCall, charge: number, balance: number): void {
  headers['x-tolmach-provider'] = held.provider ?? '';
  headers['x-tolmach-model'] = held.upstreamModel ?? '';
  addChargeHeaders(headers, held.admission, charge, balance);
  if (held.limit !== undefined) addLimitHeaders(headers, held.limit);
}

/** For a task that was accepted: what is held for it, which is what it will cost unless it fails. */
export function chargeHeaders(admission: Admission, charge: number, balance: Balance): Record<string, string> {
  const headers: Record<string, string> = {};
  addChargeHeaders(headers, admission, charge, balance[admission.price.unit]);
  return headers;
}

function addChargeHeaders(
  headers: Record<string, string>,
  { price, charsCut }: Admission,
  charge: number,
  balance: number,
): void {
  headers['x-tolmach-charge'] = String(charge);
  headers['x-tolmach-balance'] = String(balance);
  headers['x-tolmach-unit'] = price.unit === 'requests' ? 'requests' : 'micro-rub';
  if (charsCut > 0) headers['x-tolmach-truncated'] = String(charsCut);
}

/** What is told of the limit that is the tightest; OpenAI's names, and the reset as a duration such as `1m0s`. */
export function limitHeaders(limit: LimitState | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  if (limit !== undefined) addLimitHeaders(headers, limit);
  return headers;
}

function addLimitHeaders(headers: Record<string, string>, limit: LimitState): void {
  headers['x-ratelimit-limit-requests'] = String(limit.limit);
  headers['x-ratelimit-remaining-requests'] = String(limit.remaining);
  headers['x-ratelimit-reset-requests'] = duration(limit.resetMs);
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m${seconds % 60}s` : `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds % 60}s`;
}
