// Work that is answered whole, whatever its kind: authenticate, read, admit, hold, attempt, settle. What a kind has of
// its own is in its route and its provider.
import { toCallError } from '../core/errors.ts';
import type { WorkKind } from '../core/work.ts';
import type { Dialect, Route, WorkRoute } from '../dialects/dialect.ts';
import { admitWork, askedBy, takePlace } from './admit.ts';
import { attemptWork } from './attempt-work.ts';
import { authenticateHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { callHeaders, JSON_TYPE } from './headers.ts';
import { keepAnswer, nameOf, replay } from './idempotency.ts';
import type { Incoming, Reply } from './reply.ts';
import { hold } from './take-hold.ts';

export async function serveWork<K extends WorkKind>(
  gateway: Gateway,
  dialect: Dialect,
  route: WorkRoute<K> & Route,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  using place = takePlace(gateway, owner, incoming);
  const wire = await incoming.readBody(owner.accountId);
  const asked = askedBy(owner, dialect, route, incoming);
  const call = route.read(wire, incoming);
  const admission = admitWork(gateway, asked, call);
  const name = nameOf(gateway, owner, dialect, route, incoming, wire);
  const held = await hold(gateway, incoming.callId, admission, name, place);
  if (held === undefined) return replay(gateway, asked, admission, name);
  held.attachClient(incoming);
  try {
    const result = await attemptWork(gateway, held, route.kind, call);
    admission.meter.addResult();
    const createdAtS = Math.floor(gateway.clock.nowMs() / 1000);
    const context = { callId: held.callId, createdAtS, model: admission.model.name, usage: admission.meter.usage() };
    const rendered = route.render(result, context, call);
    const body = 'file' in rendered ? rendered.file : JSON.stringify(rendered.body);
    const contentType = 'file' in rendered ? rendered.contentType : JSON_TYPE;
    keepAnswer(gateway, held, body, contentType);
    const closed = await held.complete();
    return { status: rendered.status, headers: { ...callHeaders(held, closed), 'content-type': contentType }, body };
  } catch (thrown) {
    held.isDelivered = false;
    const error = toCallError(thrown);
    await held.close(error);
    throw error;
  }
}
