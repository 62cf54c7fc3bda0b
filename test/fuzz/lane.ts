// One client connection over a raw socket: sends bytes as they are and reads answers as strictly as a client would.
import type { Socket } from 'bun';

export type RawAnswer = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

export type Outcome = {
  /** The final answers that came whole, in order. */
  readonly answers: readonly RawAnswer[];
  readonly end: /** The wanted answer came. */
    | 'answered'
    /** The server closed the connection. */
    | 'closed'
    /** It said nothing for as long as was waited. */
    | 'silent'
    /** What came is no HTTP. */
    | 'unreadable';
};

type Wanted = { readonly isHead: boolean; readonly isFramed: boolean; readonly waitMs: number };
type Pending = Wanted & { readonly resolve: (outcome: Outcome) => void; readonly sinceMs: number };

const NOTHING = Buffer.alloc(0);
const TICK_MS = 10;

export class Lane {
  readonly #port: number;
  #socket: Socket<Lane> | undefined;
  #unsent: Buffer = NOTHING;
  #received: Buffer = NOTHING;
  #pending: Pending | undefined;
  #answers: RawAnswer[] = [];
  readonly #timer: Timer;

  constructor(port: number) {
    this.#port = port;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /**
   * Sends bytes and waits: for one whole answer where they are one request, else for as long as told, since nobody
   * knows how many requests they are. After anything but a plain answer the next call has a new connection.
   */
  async exchange(bytes: Buffer, wanted: Wanted): Promise<Outcome> {
    const isReused = this.#socket !== undefined;
    const outcome = await this.#exchangeOnce(bytes, wanted);
    // The server may have closed a kept connection before it saw these bytes.
    if (!isReused || outcome.end !== 'closed' || outcome.answers.length > 0) return outcome;
    return this.#exchangeOnce(bytes, wanted);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#drop();
  }

  async #exchangeOnce(bytes: Buffer, wanted: Wanted): Promise<Outcome> {
    if (!wanted.isFramed) this.#drop();
    this.#socket ??= await this.#connect();
    this.#answers = [];
    return new Promise((resolve) => {
      this.#pending = { ...wanted, resolve, sinceMs: performance.now() };
      this.#unsent = bytes;
      this.#send();
    });
  }

  async #connect(): Promise<Socket<Lane>> {
    const mine = (socket: Socket<Lane>) => this.#socket === socket;
    return Bun.connect<Lane>({
      hostname: '127.0.0.1',
      port: this.#port,
      data: this,
      socket: {
        data: (socket, bytes) => {
          if (mine(socket)) this.#receive(bytes);
        },
        drain: (socket) => {
          if (mine(socket)) this.#send();
        },
        close: (socket) => {
          if (mine(socket)) this.#closed();
        },
        error: (socket) => {
          if (mine(socket)) this.#closed();
        },
      },
    });
  }

  #send(): void {
    if (this.#unsent.length === 0) return;
    const written = this.#socket?.write(this.#unsent) ?? 0;
    this.#unsent = written > 0 ? this.#unsent.subarray(written) : this.#unsent;
  }

  #receive(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.#received, bytes]);
    if (this.#pending === undefined) return;
    try {
      this.#readAnswers(this.#pending, false);
    } catch {
      this.#finish('unreadable');
    }
  }

  #closed(): void {
    this.#socket = undefined;
    try {
      if (this.#pending !== undefined) this.#readAnswers(this.#pending, true);
    } catch {
      this.#finish('unreadable');
    }
    this.#finish('closed');
  }

  #readAnswers(pending: Pending, isClosed: boolean): void {
    for (;;) {
      const read = readAnswer(this.#received, pending.isHead, isClosed);
      if (read === undefined) return;
      this.#received = this.#received.subarray(read.length);
      if (read.answer.status < 200) continue;
      this.#answers.push(read.answer);
      if (pending.isFramed) {
        // Anything behind the one answer is an answer to something that was no request.
        this.#finish(this.#received.length === 0 ? 'answered' : 'unreadable');
        return;
      }
    }
  }

  #finish(end: Outcome['end']): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    const last = this.#answers.at(-1);
    const isKept = end === 'answered' && last?.headers.get('connection') !== 'close' && this.#unsent.length === 0;
    if (!isKept || !pending.isFramed) this.#drop();
    pending.resolve({ answers: this.#answers, end });
  }

  #tick(): void {
    const { sinceMs, waitMs } = this.#pending ?? {};
    if (sinceMs !== undefined && performance.now() - sinceMs > (waitMs ?? 0)) this.#finish('silent');
  }

  /** By a reset, so that no port stays taken for a minute. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#received = NOTHING;
    this.#unsent = NOTHING;
    socket?.terminate();
  }
}

/** The answer at the start of the bytes, if it is whole. Throws for what is no HTTP answer. */
export function readAnswer(
  bytes: Buffer,
  isHead: boolean,
  isClosed: boolean,
): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) {
    if (isClosed && bytes.length > 0) throw new Error('a head without an end');
    return undefined;
  }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})( |$)/.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new Error(`no status line: ${statusLine.slice(0, 80)}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon <= 0 || /[\r\n\0]/.test(line)) throw new Error(`no header: ${line.slice(0, 80)}`);
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const start = headEnd + 4;
  if (isHead || status < 200 || status === 204 || status === 304)
    return { answer: { status, headers, body: NOTHING }, length: start };
  if (headers.get('transfer-encoding') !== undefined) return readChunks(bytes, start, status, headers);
  const declared = headers.get('content-length');
  if (declared === undefined) {
    // The runtime's own refusals have no body and no length, and end with the connection.
    if (!isClosed) return undefined;
    return { answer: { status, headers, body: bytes.subarray(start) }, length: bytes.length };
  }
  const length = start + Number(declared);
  return bytes.length < length
    ? undefined
    : { answer: { status, headers, body: bytes.subarray(start, length) }, length };
}

function readChunks(bytes: Buffer, start: number, status: number, headers: RawAnswer['headers']) {
  const pieces: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`no chunk: ${line.slice(0, 80)}`);
    const size = Number.parseInt(line, 16);
    const end = lineEnd + 2 + size;
    if (bytes.length < end + 2) return undefined;
    if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw new Error('a chunk of another length');
    if (size === 0) return { answer: { status, headers, body: Buffer.concat(pieces) }, length: end + 2 };
    pieces.push(bytes.subarray(lineEnd + 2, end));
    at = end + 2;
  }
}
