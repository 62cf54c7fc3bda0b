// The path of a call, top to bottom: authenticate, read, admit, hold, attempt, stream, settle. This file owns all
// branching between the steps. After the first byte to the client there are no more attempts, and the end of an
// answer is sent only after its charge is durable: "complete for the client" implies "charged once".
import type { ChatCall } from '../core/call.ts';
import { CallError, toCallError } from '../core/errors.ts';
import { crashPoint } from '../crash-point.ts';
import type { CallRoute, Dialect } from '../dialects/dialect.ts';
import type { AnswerContext, StreamRenderer } from '../wire/rendering.ts';
import { admitChat, askedBy, takePlace } from './admit.ts';
import { attemptStream, attemptWhole } from './attempt.ts';
import { authenticateHeaders } from './authenticate.ts';
import type { Gateway } from './gateway.ts';
import { callHeaders, JSON_TYPE, STREAM_TYPE, streamHeaders } from './headers.ts';
import type { HeldCall } from './held-call.ts';
import { keepAnswer, nameOf, replay } from './idempotency.ts';
import type { PieceSource } from './pieces.ts';
import type { Client, Incoming, Piece, Reply, StreamedBody } from './reply.ts';
import { cacheNameOf, keepResponse, serveKept } from './response-cache.ts';
import { hold } from './take-hold.ts';

export async function serveCall(
  gateway: Gateway,
  dialect: Dialect,
  route: CallRoute,
  incoming: Incoming,
): Promise<Reply> {
  const owner = await authenticateHeaders(gateway, incoming);
  crashPoint('call.authenticated');
  using place = takePlace(gateway, owner, incoming);
  const body = await incoming.readBody(owner.accountId);
  const asked = askedBy(owner, dialect, route, incoming);
  const admission = admitChat(gateway, asked, route.read(body, incoming));
  crashPoint('call.admitted');
  const name = nameOf(gateway, owner, dialect, route, incoming, body);
  const cacheName = cacheNameOf(gateway, admission, dialect, route, incoming, body);
  const held = await hold(gateway, incoming.callId, admission, name, place);
  if (held === undefined) return replay(gateway, asked, admission, name);
  crashPoint('call.held');
  // From here on the call is closed on every way out.
  held.attachClient(incoming);
  if (cacheName !== undefined) {
    held.cache = { name: cacheName, isHit: false };
    const kept = gateway.responses.find(cacheName);
    if (kept !== undefined) return serveKept(gateway, held, kept);
  }
  const context: AnswerContext = {
    callId: held.callId,
    createdAtS: Math.floor(gateway.clock.nowMs() / 1000),
    model: admission.model.name,
  };
  // A route without streams never reads a streaming call; the contract suite checks that.
  if (!admission.call.stream || route.stream === undefined)
    return serveWhole(gateway, route, held, admission.call, context);
  return serveStream(gateway, held, admission.call, route.stream(admission.call, context, incoming));
}

async function serveWhole(
  gateway: Gateway,
  route: CallRoute,
  held: HeldCall,
  call: ChatCall,
  context: AnswerContext,
): Promise<Reply> {
  try {
    const { answer, text } = await attemptWhole(gateway, held, call);
    const rendered = text ?? JSON.stringify(route.answer(answer, context, call).body);
    keepAnswer(gateway, held, rendered, JSON_TYPE);
    const closed = await held.complete();
    keepResponse(gateway, held);
    crashPoint('whole.charged');
    return { status: 200, headers: callHeaders(held, closed), body: rendered };
  } catch (thrown) {
    held.isDelivered = false;
    const error = toCallError(thrown);
    await held.close(error);
    throw error;
  }
}

async function serveStream(gateway: Gateway, held: HeldCall, call: ChatCall, renderer: StreamRenderer): Promise<Reply> {
  const opening = attemptStream(gateway, held, call, renderer);
  try {
    // While a provider thinks for long, the headers go out early and comments keep the line open.
    const opened = await settledWithin(opening, gateway.config.timeouts.keepAliveMs);
    crashPoint('stream.opened');
    const body: StreamedBody = {
      send: (client) => sendStream(gateway, held, opened ?? opening, renderer, client),
      cancel: () => held.interrupt(new CallError('client_closed')),
    };
    return { status: 200, headers: streamHeaders(held, renderer.contentType), body };
  } catch (thrown) {
    const error = toCallError(thrown);
    await held.close(error);
    throw error;
  }
}

/** Writes a streamed answer to the client as it comes, at the client's pace. */
async function sendStream(
  gateway: Gateway,
  held: HeldCall,
  opening: PieceSource | Promise<PieceSource>,
  renderer: StreamRenderer,
  socket: Client,
): Promise<void> {
  const client = new WatchedClient(gateway, held, socket);
  const recording = held.isKept ? gateway.recorder.begin() : undefined;
  let opened: PieceSource | undefined;
  try {
    if (opening instanceof Promise) await keepAlive(gateway, opening, client, renderer.keepAlive ?? KEEP_ALIVE);
    opened = await opening;
    held.firstByteMs = Math.round(gateway.clock.monotonicMs() - held.startedMs);
    held.isDelivered = true;
    const reader = recording?.listen(client) ?? client;
    await opened.pipeTo(reader);
    crashPoint('stream.provider-ended');
    const end = opened.end();
    recording?.add(end);
    keepAnswer(gateway, held, recording?.text(), renderer.contentType ?? STREAM_TYPE);
    await held.complete();
    keepResponse(gateway, held);
    crashPoint('stream.charged');
    await client.write(end);
    crashPoint('stream.ended');
  } catch (thrown) {
    const error = held.interruption ?? toCallError(thrown);
    await held.close(error);
    await client.write((opened ?? renderer).error(error));
  } finally {
    recording?.end();
    opened?.cancel();
  }
}

/** A client that may keep us waiting for only so long: then the call is closed from its side. */
class WatchedClient implements Client {
  readonly #gateway: Gateway;
  readonly #held: HeldCall;
  readonly #client: Client;

  constructor(gateway: Gateway, held: HeldCall, client: Client) {
    this.#gateway = gateway;
    this.#held = held;
    this.#client = client;
  }

  get hasLeft(): boolean {
    return this.#client.hasLeft;
  }

  write(piece: Piece): Promise<void> | undefined {
    const room = this.#client.write(piece);
    crashPoint('stream.piece-written');
    if (room === undefined) return undefined;
    const watch = this.#gateway.watchdog.watch((error) => this.#held.interrupt(error));
    watch.expect(this.#gateway.config.timeouts.stalledReaderMs, 'slow_reader');
    return room.finally(() => watch.end());
  }
}

/** A comment, which readers of server-sent events pass over. */
const KEEP_ALIVE = ': keep-alive\n\n';

/** Signs of life for as long as the first piece is not there. Never after it: some clients take them for data. */
async function keepAlive(gateway: Gateway, opening: Promise<PieceSource>, client: Client, sign: string): Promise<void> {
  do await client.write(sign);
  while ((await settledWithin(opening, gateway.config.timeouts.keepAliveMs)) === undefined);
}

/** The promise's value if it comes within `ms`, else `undefined`; the promise goes on and never counts as unhandled. */
function settledWithin<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), ms);
    const finish = (act: () => void) => {
      clearTimeout(timer);
      act();
    };
    promise.then(
      (value) => finish(() => resolve(value)),
      (error) => finish(() => reject(error)),
    );
  });
}
