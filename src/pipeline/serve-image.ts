// A picture, from the call to an address that serves it: authenticate, read, admit, hold, draw, keep, settle. The
// pictures are kept before the charge is settled, so that nobody pays for a picture that cannot be fetched. Those that
// the answer carries itself are not kept.
import type { ImageCall, Picture } from '../core/call.ts';
import { CallError, toCallError } from '../core/errors.ts';
import { crashPoint } from '../crash-point.ts';
import type { Dialect, ImageRoute } from '../dialects/dialect.ts';
import { admitImage, askedBy, takePlace } from './admit.ts';
import { attemptPictures } from './attempt.ts';
import { authenticateHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { callHeaders, JSON_TYPE } from './headers.ts';
import type { HeldCall } from './held-call.ts';
import { keepAnswer, nameOf, replay } from './idempotency.ts';
import type { Incoming, Reply } from './reply.ts';
import { hold } from './take-hold.ts';

export async function serveImage(
  gateway: Gateway,
  dialect: Dialect,
  route: ImageRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  using place = takePlace(gateway, owner, incoming);
  const body = await incoming.readBody(owner.accountId);
  const asked = askedBy(owner, dialect, route, incoming);
  const admission = admitImage(gateway, asked, route.read(body));
  const name = nameOf(gateway, owner, dialect, route, incoming, body);
  const held = await hold(gateway, incoming.callId, admission, name, place);
  if (held === undefined) return replay(gateway, asked, admission, name);
  held.attachClient(incoming);
  try {
    const urls = await draw(gateway, held, admission.call);
    const createdAtS = Math.floor(gateway.clock.nowMs() / 1000);
    const rendered = route.render(urls, { callId: held.callId, createdAtS, model: admission.model.name });
    const text = JSON.stringify(rendered.body);
    keepAnswer(gateway, held, text, JSON_TYPE);
    const closed = await held.complete();
    crashPoint('image.charged');
    return { status: rendered.status, headers: callHeaders(held, closed), body: text };
  } catch (thrown) {
    held.isDelivered = false;
    const error = toCallError(thrown);
    await held.close(error);
    throw error;
  }
}

/** Draws, keeps, and counts what was delivered; answers the addresses. */
async function draw(gateway: Gateway, held: HeldCall, call: ImageCall): Promise<string[]> {
  // A provider that draws more than was asked for must not make the customer pay for it.
  const pictures: Picture[] = (await attemptPictures(gateway, held, call)).slice(0, call.n);
  crashPoint('image.drawn');
  const urls = call.isInline ? pictures.map(toDataUrl) : await keep(gateway, held, pictures);
  crashPoint('image.kept');
  held.admission.meter.addImages(pictures.length);
  return urls;
}

function toDataUrl({ bytes, contentType }: Picture): string {
  return `data:${contentType};base64,${Buffer.from(bytes).toString('base64')}`;
}

/** The addresses of all pictures. Where one cannot be kept in time the call fails, and nothing of it is charged. */
async function keep(gateway: Gateway, held: HeldCall, pictures: readonly Picture[]): Promise<string[]> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const watch = gateway.watchdog.watch(reject);
  watch.deadline(gateway.config.files.timeoutMs);
  try {
    return await Promise.race([Promise.all(pictures.map((picture) => gateway.files.keep(picture))), late]);
  } catch (thrown) {
    const { name, code } = thrown as { readonly name?: unknown; readonly code?: unknown };
    gateway.report.alarm('picture_not_kept', { callId: held.callId, detail: `${String(name)} ${String(code)}` });
    throw new CallError('temporarily_unavailable', { detail: 'a picture could not be kept', retryAfterS: 5 });
  } finally {
    watch.end();
  }
}
