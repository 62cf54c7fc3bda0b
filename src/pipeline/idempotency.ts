// A client's own name for a request (`Idempotency-Key`), so that sending it again charges nothing again: the answer is
// given once more. The name is taken in the hold's commit, and the answer is kept in the charge's. A call that ends with
// nothing charged frees its name, so that the next try is a call of its own.
import { createHash } from 'node:crypto';
import { CallError } from '../core/errors.ts';
import type { Balance } from '../core/ledger.ts';
import { sumBalance } from '../core/ledger.ts';
import type { Dialect, Route } from '../dialects/dialect.ts';
import type { IdempotencyKey, KeyOwner } from '../store/store.ts';
import type { WireBody } from '../wire/rendering.ts';
import type { Admission, Asked } from './admit.ts';
import type { Gateway } from './gateway.ts';
import { chargeHeaders, storedHeaders } from './headers.ts';
import type { HeldCall } from './held-call.ts';
import type { Incoming, Reply } from './reply.ts';
import { countFree } from './serve-free.ts';

export const KEY_HEADER = 'Idempotency-Key';

/** What a repeated answer carries, so that a client can tell it from a fresh one. */
export const REPLAYED = { 'idempotency-replayed': 'true' } as const;

const KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

/**
 * The client's name for the request, if it has one. What it names is the address and the body to the byte, which is what a
 * retry sends. A public key is everybody's, so there a name belongs to the client's address as well.
 */
export function nameOf(
  gateway: Gateway,
  owner: KeyOwner,
  dialect: Dialect,
  route: Route,
  incoming: Incoming,
  body: WireBody,
): IdempotencyKey | undefined {
  const given = incoming.headers.get(KEY_HEADER);
  if (given === null) return undefined;
  if (!KEY_PATTERN.test(given))
    throw new CallError('invalid_field', {
      param: KEY_HEADER,
      message: `${KEY_HEADER} must be 1 to 255 visible ASCII characters.`,
      messageRu: `${KEY_HEADER} — от 1 до 255 видимых символов ASCII.`,
    });
  const key = gateway.keys.isPublic(owner.keyId) ? `${given} ${incoming.connection.address()}` : given;
  const fingerprint = createHash('sha256')
    .update(`${dialect.name} ${route.path} ${incoming.rest}?${incoming.query}\n`)
    .update(body.text);
  for (const { field, name, bytes } of body.files ?? []) fingerprint.update(`\n${field} ${name}\n`).update(bytes);
  return { key, fingerprint: fingerprint.digest('base64url') };
}

/** Says of a kept answer that it is bytes, which the store keeps as text. */
const ENCODING = 'content-transfer-encoding';

/** Keeps a whole answer that its client may ask for again, in the commit of its charge, unless it is too long. */
export function keepAnswer(
  gateway: Gateway,
  held: HeldCall,
  body: string | Uint8Array | undefined,
  contentType: string,
): void {
  if (!held.isNamed || body === undefined) return;
  const isText = typeof body === 'string';
  const text = isText ? body : Buffer.from(body).toString('base64');
  if (!gateway.recorder.fits(text.length)) return;
  const headers = { ...storedHeaders(held, contentType), ...(isText ? {} : { [ENCODING]: 'base64' }) };
  held.answer = { status: 200, headers, body: text };
}

/** The answer that a request of this name had. Giving it again costs nothing, and is counted like other free requests. */
export async function replay(
  gateway: Gateway,
  asked: Asked,
  admission: Admission,
  name: IdempotencyKey | undefined,
): Promise<Reply> {
  countFree(gateway, asked);
  const { accountId } = admission.owner;
  const answer = name === undefined ? undefined : await gateway.store.findAnswer(accountId, name.key);
  if (answer === undefined) throw new CallError('idempotency_not_stored', { param: KEY_HEADER });
  const { [ENCODING]: encoding, ...kept } = answer.headers;
  const headers = { ...kept, ...(await replayHeaders(gateway, admission)) };
  const body = encoding === undefined ? answer.body : Buffer.from(answer.body, 'base64');
  return { status: answer.status, headers, body };
}

/** What is told beside a repeated answer: that nothing was charged for it, and what is left now. */
export async function replayHeaders(gateway: Gateway, admission: Admission): Promise<Record<string, string>> {
  return { ...chargeHeaders(admission, 0, await balanceNow(gateway, admission)), ...REPLAYED };
}

/** The balance as it is. */
export async function balanceNow(gateway: Gateway, { owner, plan }: Admission): Promise<Balance> {
  return sumBalance(await gateway.store.listBuckets(owner.accountId, plan.dailyRequests, gateway.clock.nowMs()));
}
