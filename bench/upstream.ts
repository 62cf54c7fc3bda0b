// The one upstream of every target: answers one fixed JSON body, or streams prepared frames, each in a write of its
// own. It works on raw sockets because `Bun.serve` would cost about as much as the targets that are measured.
//
// Usage: bun bench/upstream.ts PORT [FAIL_EVERY] [MS_BEFORE_A_WHOLE_ANSWER]; every so manieth request fails, 0 is none.
import type { Socket } from 'bun';
import type { PacedStream } from './frame-pacer.ts';
import { FramePacer } from './frame-pacer.ts';
import { failSomehow } from './upstream-faults.ts';
import {
  ANSWER_JSON,
  CLAUDE_GAP_MS,
  claudeEnd,
  claudeStart,
  claudeWord,
  frameJson,
  frameWord,
  usageFrameJson,
} from './workload.ts';

type Connection = { pending: string; stream: PacedStream | undefined };

const FRAMES_MAX = 4_000;
const FAIL_EVERY = Number(process.argv[3] ?? 0);
const REQUEST_MAX = 1_000_000;
const LAST_CHUNK = '0\r\n\r\n';
const ANSWER = Buffer.from(
  `${head('application/json')}content-length: ${Buffer.byteLength(ANSWER_JSON)}\r\n\r\n${ANSWER_JSON}`,
);
const STREAM_HEAD = Buffer.from(`${head('text/event-stream; charset=utf-8')}transfer-encoding: chunked\r\n\r\n`);
/** The events of a stream, each a chunk; `end` is asked for with the number of words. */
type Frames = { readonly first: Buffer; readonly words: readonly Buffer[]; end(count: number): Buffer };
const FRAMES = { plain: prepareFrames(false), withUsage: prepareFrames(true), claude: prepareClaudeFrames() };
const pacer = new FramePacer();
let asked = 0;
const answerAfterMs = Number(process.argv[4] ?? 0);

Bun.listen<Connection>({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  socket: {
    open(socket) {
      socket.data = { pending: '', stream: undefined };
    },
    data(socket, bytes) {
      const connection = socket.data;
      connection.pending = connection.pending === '' ? latin1(bytes) : connection.pending + latin1(bytes);
      if (connection.pending.length > REQUEST_MAX) fail('a request is larger than the bench ever sends');
      let taken = answerOne(socket, connection.pending);
      while (taken > 0) {
        connection.pending = connection.pending.slice(taken);
        taken = connection.pending === '' ? 0 : answerOne(socket, connection.pending);
      }
    },
    close(socket) {
      if (socket.data.stream !== undefined) pacer.remove(socket.data.stream);
    },
  },
});

/** Answers the first request of `text` if all of it is there; returns how many bytes it took. */
function answerOne(socket: Socket<Connection>, text: string): number {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const bodyStart = headEnd + 4;
  const length = /content-length: *(\d+)/i.exec(text.slice(0, bodyStart))?.[1];
  let end = bodyStart + Number(length ?? 0);
  if (length === undefined && /transfer-encoding: *chunked/i.test(text.slice(0, bodyStart))) {
    const last = text.indexOf('0\r\n\r\n', bodyStart);
    end = last < 0 ? Number.POSITIVE_INFINITY : last + 5;
  }
  if (text.length < end) return 0;
  const body = text.slice(bodyStart, end);
  asked += 1;
  if (FAIL_EVERY > 0 && asked % FAIL_EVERY === 0) failSomehow(socket);
  else if (body.includes('"stream":true')) startStream(socket, body, text.startsWith('POST /v1/messages '));
  else if (answerAfterMs > 0) setTimeout(() => write(socket, ANSWER), answerAfterMs);
  else write(socket, ANSWER);
  return end;
}

function startStream(socket: Socket<Connection>, body: string, isClaude: boolean): void {
  const count = Number(/"max_(?:completion_)?tokens":(\d+)/.exec(body)?.[1] ?? 0);
  const gapMs = Number(/"seed":(\d+)/.exec(body)?.[1] ?? CLAUDE_GAP_MS);
  if (count < 1 || count > FRAMES_MAX || gapMs < 1) fail(`cannot stream what was asked: ${body}`);
  const wantsUsage = body.includes('"include_usage":true');
  const frames: Frames = isClaude ? FRAMES.claude : wantsUsage ? FRAMES.withUsage : FRAMES.plain;
  let sent = 0;
  write(socket, STREAM_HEAD);
  write(socket, frames.first);
  const stream: PacedStream = {
    gapMs,
    sendNext() {
      if (sent < count) {
        write(socket, frames.words[sent] as Buffer);
        sent += 1;
        return true;
      }
      write(socket, frames.end(count));
      socket.data.stream = undefined;
      return false;
    },
  };
  socket.data.stream = stream;
  pacer.add(stream);
}

function prepareFrames(includeUsage: boolean): Frames {
  const frame = (delta: object, finish: string | null) => chunk(`data: ${frameJson(delta, finish, includeUsage)}\n\n`);
  return {
    first: Buffer.from(frame({ role: 'assistant', content: '', refusal: null }, null)),
    words: Array.from({ length: FRAMES_MAX }, (_, i) => Buffer.from(frame({ content: frameWord(i) }, null))),
    end(count) {
      const usage = includeUsage ? chunk(`data: ${usageFrameJson(count)}\n\n`) : '';
      return Buffer.from(`${frame({}, 'stop')}${usage}${chunk('data: [DONE]\n\n')}${LAST_CHUNK}`);
    },
  };
}

function prepareClaudeFrames(): Frames {
  return {
    first: Buffer.from(chunk(claudeStart())),
    words: Array.from({ length: FRAMES_MAX }, (_, i) => Buffer.from(chunk(claudeWord(frameWord(i))))),
    end: (count) => Buffer.from(`${chunk(claudeEnd(count))}${LAST_CHUNK}`),
  };
}

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function head(contentType: string): string {
  return `HTTP/1.1 200 OK\r\ndate: Fri, 21 Nov 2025 12:00:00 GMT\r\ncontent-type: ${contentType}\r\nopenai-processing-ms: 1\r\nx-request-id: req_bench\r\n`;
}

function latin1(bytes: Uint8Array): string {
  return (bytes as Buffer).toString('latin1');
}

/** Answers are small and readers quick: a write that does not fit at once means that the bench itself is broken. */
function write(socket: Socket<Connection>, bytes: Buffer): void {
  const written = socket.write(bytes);
  if (written !== bytes.length && written > 0) fail(`wrote ${written} of ${bytes.length} bytes`);
}

function fail(message: string): never {
  process.stderr.write(`bench upstream: ${message}\n`);
  process.exit(1);
}
