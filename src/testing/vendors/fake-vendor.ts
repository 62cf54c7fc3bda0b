// A vendor's server on a real socket, as far as its documentation and its clients tell what it does. It is strict where
// the vendor is: a request that the vendor would refuse is refused here, so that a test cannot pass by luck.
import type { Server } from 'bun';

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** What a vendor answers. `signal` ends when the caller has left. */
export type VendorScript = (asked: Asked, signal: AbortSignal) => Response | Promise<Response>;

export class FakeVendor {
  readonly asked: Asked[] = [];
  /** How many requests are being answered now, and how many there were at most. */
  running = 0;
  runningMax = 0;
  readonly #server: Server<undefined>;

  /** @param tls a certificate and its key; without it the server speaks plain HTTP. */
  constructor(script: VendorScript, tls?: { readonly cert: string; readonly key: string }) {
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      ...(tls === undefined ? {} : { tls }),
      fetch: (request) => this.#answer(request, script),
    });
  }

  get url(): string {
    const scheme = this.#server.url.protocol;
    return `${scheme}//${scheme === 'https:' ? 'localhost' : '127.0.0.1'}:${this.#server.port}`;
  }

  /** The requests to paths that end so. */
  askedFor(end: string): Asked[] {
    return this.asked.filter(({ path }) => path.endsWith(end));
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request, script: VendorScript): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const bytes = new Uint8Array(await request.arrayBuffer());
    const text = Buffer.from(bytes).toString('utf8');
    const asked = { method: request.method, path: `${pathname}${search}`, headers: request.headers, text, bytes };
    this.asked.push(asked);
    this.running += 1;
    this.runningMax = Math.max(this.runningMax, this.running);
    try {
      return await script(asked, request.signal);
    } finally {
      this.running -= 1;
    }
  }
}

export function refuse(status: number, body: unknown): Response {
  return Response.json(body, { status });
}

/** A stream whose frames come one after the other, with a moment between. */
export function streamOf(frames: readonly string[], onEnd: () => void = () => undefined): Response {
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      for (const frame of frames) {
        controller.enqueue(Buffer.from(frame));
        await Bun.sleep(1);
      }
      controller.close();
      onEnd();
    },
    cancel: onEnd,
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

/** A whole answer, or the half of one. */
export function jsonOf(body: unknown, isCut: boolean): Response {
  const text = JSON.stringify(body);
  const sent = isCut ? text.slice(0, text.length / 2) : text;
  return new Response(sent, { headers: { 'content-type': 'application/json' } });
}

/** The frames of an answer that breaks off: some text is there, the end is not. */
export function cutFrames(frames: readonly string[], isCut: boolean): readonly string[] {
  return isCut ? frames.slice(0, -2) : frames;
}

/** The form of an upload. Throws where the body is none. */
export function formOf({ bytes, headers }: Asked): Promise<FormData> {
  const type = headers.get('content-type') ?? '';
  return new Response(bytes, { headers: { 'content-type': type } }).formData() as Promise<FormData>;
}
