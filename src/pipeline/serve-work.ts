// Work that is answered whole, whatever its kind: authenticate, read, admit, hold, attempt, settle. What a kind has of
// its own is in its route and its provider.
import { toCallError } from '../core/errors.ts';
import type { WorkKind } from '../core/work.ts';
import type { Dialect, Route, WorkRoute } from '../dialects/dialect.ts';
import { admitWork, askedBy } from './admit.ts';
import { attemptWork } from './attempt-work.ts';
import { authenticateHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { callHeaders } from './headers.ts';
import { hold } from './held-call.ts';
import type { Incoming, Reply } from './reply.ts';
import { jsonReply } from './reply.ts';

export async function serveWork<K extends WorkKind>(
  gateway: Gateway,
  dialect: Dialect,
  route: WorkRoute<K> & Route,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  const call = route.read(await incoming.readBody(), incoming);
  const admission = admitWork(gateway, askedBy(owner, dialect, route, incoming), call);
  const held = await hold(gateway, incoming.callId, admission);
  held.attachClient(incoming);
  try {
    const result = await attemptWork(gateway, held, route.kind, call);
    admission.meter.addResult();
    const createdAtS = Math.floor(gateway.clock.nowMs() / 1000);
    const context = { callId: held.callId, createdAtS, model: admission.model.name, usage: admission.meter.usage() };
    const rendered = route.render(result, context, call);
    return jsonReply(rendered, callHeaders(held, await held.complete()));
  } catch (thrown) {
    held.isDelivered = false;
    const error = toCallError(thrown);
    await held.close(error);
    throw error;
  }
}
