// Moderation, from the request to the judgements: authenticate, count, read, ask the moderator. It is free for the
// customer, whoever judges. Where the moderator fails the lexicon answers, and the model in the answer says so.
import { CallError, toCallError } from '../core/errors.ts';
import type { Moderation, ModerationRequest } from '../core/moderation/index.ts';
import { moderateLexically } from '../core/moderation/index.ts';
import type { Dialect, ModerateRoute } from '../dialects/dialect.ts';
import { keyFromHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import type { Incoming, Reply } from './reply.ts';
import { jsonReply } from './reply.ts';
import { admitFree } from './serve-free.ts';

export async function serveModeration(
  gateway: Gateway,
  dialect: Dialect,
  route: ModerateRoute,
  incoming: Incoming,
): Promise<Reply> {
  // A body is read before its sender is known only where that body may hold the key.
  const isKeyInBody = route.readKey !== undefined && keyFromHeaders(incoming.headers) === undefined;
  const early = isKeyInBody ? await incoming.readBody() : undefined;
  const { accountId } = await admitFree(gateway, dialect, route, incoming, early && route.readKey?.(early));
  const request = route.read(early ?? (await incoming.readBody(accountId)));
  const moderation = await moderate(gateway, request, incoming);
  return jsonReply(route.render(moderation, incoming.callId), { 'x-tolmach-model': moderation.model });
}

/** Refusals of our own are told: silently judging by less than was configured could be forced by anyone. */
async function moderate(gateway: Gateway, request: ModerationRequest, incoming: Incoming): Promise<Moderation> {
  const { moderator } = gateway;
  const { callId, signal, connection } = incoming;
  if (request.texts.length > moderator.textsMax)
    throw new CallError('invalid_field', {
      param: 'input',
      message: `At most ${moderator.textsMax} texts can be moderated at once.`,
    });
  return gateway.freeWork.run(moderator.questionsOf(request), async () => {
    connection.hold();
    try {
      return await moderator.judge(gateway, request, {
        callId,
        signal,
        withinMs: gateway.config.moderation.timeoutMs,
      });
    } catch (thrown) {
      if (signal.aborted) throw new CallError('client_closed');
      const { code, details } = toCallError(thrown);
      gateway.report.alarm('moderator_failed', { callId, code, detail: details.detail });
      return moderateLexically(request);
    } finally {
      connection.release();
    }
  });
}
