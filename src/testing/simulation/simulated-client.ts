// A customer's program in a simulation. It asks the real routes, reads streams at the simulation's pace, and may leave at
// any moment. What it sees is checked at that moment: complete for the client means charged, durably, before.
import { toCallError } from '../../core/errors.ts';
import type { CallRoute, Dialect, Route } from '../../dialects/dialect.ts';
import { openai } from '../../dialects/openai.ts';
import { tolmach } from '../../dialects/tolmach.ts';
import type { Gateway } from '../../pipeline/gateway.ts';
import type { Piece, Reply, StreamedBody } from '../../pipeline/reply.ts';
import { serveRoute } from '../../pipeline/serve-route.ts';

export type Seen =
  /** The whole answer is there. */
  | { readonly kind: 'complete'; readonly text: string }
  /** An error, before or after a part of the answer. */
  | { readonly kind: 'failed'; readonly code: string; readonly text: string }
  /** The gateway closed the connection of a client that had stopped reading. */
  | { readonly kind: 'cut off'; readonly text: string };

export type Request = {
  readonly callId: string;
  readonly key: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** What follows the path of the route. */
  readonly rest?: string;
};

export const CHAT = routeOf(openai, '/v1/chat/completions') as { dialect: Dialect; route: CallRoute };
export const SUBMIT_TASK = routeOf(tolmach, '/v1/tasks');
export const SHOW_TASK = routeOf(tolmach, '/v1/tasks/', 'showTask');
export const CANCEL_TASK = routeOf(tolmach, '/v1/tasks/', 'cancelTask');

function routeOf(dialect: Dialect, path: string, action?: string): { dialect: Dialect; route: Route } {
  const route = dialect.routes.find((one) => one.path === path && (action === undefined || one.action === action));
  if (route === undefined) throw new Error(`there is no route ${path}`);
  return { dialect, route };
}

export class SimulatedClient {
  readonly callId: string;
  readonly #controller = new AbortController();
  readonly #onSeen: (seen: Seen) => void;
  #stream: StreamedBody | undefined;
  /** Written by the gateway and not yet read: there is room for one piece. */
  #untaken: Piece[] = [];
  #room: (() => void) | undefined;
  #isWritten = false;
  #isOver = false;
  #text = '';

  /** @param onSeen told once how the request ended for the client; never after the client has left. */
  constructor(
    gateway: Gateway,
    { dialect, route }: { dialect: Dialect; route: Route },
    request: Request,
    onSeen: (seen: Seen) => void,
  ) {
    this.callId = request.callId;
    this.#onSeen = onSeen;
    const nothing = () => undefined;
    const incoming = {
      callId: request.callId,
      headers: new Headers({ ...request.headers, authorization: `Bearer ${request.key}` }),
      signal: this.#controller.signal,
      rest: request.rest ?? '',
      query: new URLSearchParams(),
      readBody: async () => ({ text: JSON.stringify(request.body), contentType: 'application/json' }),
      connection: {
        address: () => '192.0.2.1',
        hold: nothing,
        expectBody: nothing,
        release: nothing,
        drop: () => this.#drop(),
      },
    };
    serveRoute(gateway, dialect, route, incoming).then(
      (reply) => this.#take(reply),
      (thrown) => this.#end({ kind: 'failed', code: toCallError(thrown).code, text: '' }),
    );
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether there is something of a stream to be read. */
  get canRead(): boolean {
    return this.#untaken.length > 0 && !this.#isOver;
  }

  /** Whether anything of the answer has come. */
  get hasText(): boolean {
    return this.#text !== '';
  }

  read(): void {
    for (const piece of this.#untaken.splice(0))
      this.#text += typeof piece === 'string' ? piece : Buffer.from(piece).toString();
    this.#room?.();
    if (this.#isWritten) this.#endStream();
  }

  /** The client goes away; the runtime tells the call, and asks for no further piece. */
  leave(): void {
    this.#isOver = true;
    this.#controller.abort();
    this.#stream?.cancel();
    this.#room?.();
  }

  /** The gateway's process died. */
  cut(): void {
    this.#isOver = true;
  }

  #drop(): void {
    this.#end({ kind: 'cut off', text: this.#text });
    this.leave();
  }

  #take(reply: Reply): void {
    const { body } = reply;
    if (typeof body === 'string') this.#end({ kind: 'complete', text: body });
    else if (body instanceof Uint8Array) this.#end({ kind: 'complete', text: Buffer.from(body).toString('base64') });
    else this.#receive(body);
  }

  #receive(stream: StreamedBody): void {
    this.#stream = stream;
    if (this.#isOver) stream.cancel();
    const isOver = () => this.#isOver;
    const client = {
      get hasLeft() {
        return isOver();
      },
      write: (piece: Piece) => {
        if (!this.#isOver) this.#untaken.push(piece);
        return this.#isOver ? undefined : new Promise<void>((room) => (this.#room = room));
      },
    };
    stream.send(client).then(
      () => {
        this.#isWritten = true;
        if (this.#untaken.length === 0) this.#endStream();
      },
      (thrown) => this.#end({ kind: 'failed', code: toCallError(thrown).code, text: this.#text }),
    );
  }

  #endStream(): void {
    const isComplete = this.#text.endsWith('data: [DONE]\n\n');
    const code = /"code":"(\w+)"/.exec(this.#text)?.[1] ?? 'none';
    this.#end(isComplete ? { kind: 'complete', text: this.#text } : { kind: 'failed', code, text: this.#text });
  }

  #end(seen: Seen): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onSeen(seen);
  }
}
