// One way in which a provider can cause a row of the fault table, and what the scripts of such ways are made of.
import { gzipSync } from 'node:zlib';
import type { Ending, Script } from '../fault-scripts.ts';
import { bytes, cutJson, cutStream, head, httpChunk, json, pictures, stall, stream } from '../fault-scripts.ts';
import type { FamilyShapes } from './family-shapes.ts';
import type { CallKind, FaultRow, Outcome, Retry } from './fault-row.ts';
import type { JobStepName } from './job-shapes.ts';

/** What a script is made for. */
export type Given = { readonly kind: CallKind; readonly shapes: FamilyShapes };

/** Providers whose connection is at fault, before any script. */
export const BAD_CONNECTIONS = ['unresolved', 'refused', 'unconnected', 'untrusted', 'plain'] as const;
export type BadConnection = (typeof BAD_CONNECTIONS)[number];

export type FaultCase = {
  readonly row: FaultRow['id'];
  readonly name: string;
  readonly cause: ((given: Given) => Script) | BadConnection;
  /** Where only some kinds of call can meet it; else all of the row. */
  readonly kinds?: readonly CallKind[];
  /** The only family that can say it. */
  readonly family?: FamilyShapes['family'];
  /** Where a stream that is told anew ends otherwise than one that is passed on. */
  readonly endTranslated?: Outcome;
  /** Where it ends otherwise than its row says. */
  readonly ends?: Partial<Readonly<Record<CallKind, Outcome | null>>>;
  readonly retry?: Retry;
  /** Where the operator is told otherwise than the row says; `null` is nothing. */
  readonly alarm?: FaultRow['alarm'] | null;
  /** At which request of a job it happens; at its start where absent. */
  readonly at?: JobStepName;
  /** At how many of these requests, until all is well again; at all of them where absent. */
  readonly times?: number;
  /** How often this request is sent, where it is not once; infinity where that depends on the time. */
  readonly asks?: number;
  /** What `Retry-After` the client must get. */
  readonly retryAfterS?: number;
};

export const TEXT = 'one two three, четыре, 五 and 🦊';

/** The whole answer that would have been right. */
export function goodWhole({ kind, shapes }: Given, usage: unknown = shapes.goodUsage): Record<string, unknown> {
  return kind === 'image' ? { ...pictures(1), usage } : { ...shapes.whole(TEXT, usage) };
}

export function goodFrames({ shapes }: Given, usage: unknown = shapes.goodUsage): string[] {
  return shapes.frames(TEXT, usage);
}

/** The frames up to the second word. */
export function firstFrames(given: Given): string[] {
  return goodFrames(given).slice(0, given.shapes.openingFrames + 2);
}

/** An answer that is right, but for what it says of its usage. */
export function answerWith(given: Given, usage: unknown): Script {
  const unquoted = (text: string) => text.replaceAll(/"raw:([^"]*)"/g, '$1');
  if (given.kind === 'stream') return stream(goodFrames(given, usage).map(unquoted));
  return json(unquoted(JSON.stringify(goodWhole(given, usage))));
}

/** A part of an answer that has text in it, then the end of the connection. */
export function cutMidway(given: Given, ending: Exclude<Ending, 'clean'>): Script {
  if (given.kind !== 'stream') return cutJson(goodWhole(given), 60, ending);
  const part = Buffer.from(firstFrames(given).join(''));
  return cutStream(part, part.length, ending);
}

/** A part of an answer that has text in it, then silence. */
export function stallMidway(given: Given): Script {
  if (given.kind === 'stream') return stall(firstFrames(given));
  return async (wire) => {
    await wire.send(`${head(200, { 'content-type': 'application/json', 'content-length': '1000' })}{"id":`);
    await wire.closed;
  };
}

/** One byte after another, for longer than any call may take. */
export function trickle(given: Given): Script {
  if (given.kind === 'stream') return stream(given.shapes.frames('word '.repeat(200), null), { paceMs: 40 });
  return async (wire) => {
    await wire.send(head(200, { 'content-type': 'application/json', 'content-length': '1000' }));
    while (!wire.isClosed) {
      await wire.send(' ');
      await Bun.sleep(40);
    }
  };
}

/** The first frames, then some that are not as they should be, then the rest as if nothing had been. */
export function streamWith(given: Given, ...frames: readonly string[]): Script {
  const first = firstFrames(given);
  return stream([...first, ...frames, ...goodFrames(given).slice(first.length)]);
}

const typeFor = ({ kind }: Given) => (kind === 'stream' ? 'text/event-stream' : 'application/json');

/** Ten megabytes of nothing in ten kilobytes, and that once more. Made once, for packing takes long. */
const GZIPPED = gzipSync(new Uint8Array(10 * 1024 * 1024));
const GZIPPED_TWICE = gzipSync(GZIPPED);

export function bomb(given: Given, coding: string, layers: 1 | 2): Script {
  const packed = layers === 1 ? GZIPPED : GZIPPED_TWICE;
  const length = String(packed.length);
  return bytes(
    head(200, { 'content-type': typeFor(given), 'content-encoding': coding, 'content-length': length }),
    packed,
  );
}

/** An answer whose headers are these lines; `LENGTH` in them stands for that of its body, which would be right. */
export function answerUnder(given: Given, ...lines: readonly string[]): Script {
  return answerOf(given, lines, (body) => body);
}

/** The same with a body that is right for one who reads chunks. */
export function chunksUnder(given: Given, ...lines: readonly string[]): Script {
  return answerOf(given, lines, (body) => Buffer.concat([httpChunk(body), Buffer.from('0\r\n\r\n')]));
}

function answerOf(given: Given, lines: readonly string[], write: (body: Buffer) => Buffer): Script {
  const body = write(
    Buffer.from(given.kind === 'stream' ? goodFrames(given).join('') : JSON.stringify(goodWhole(given))),
  );
  const told = lines.map((line) => line.replace('LENGTH', String(body.length))).join('\r\n');
  return bytes(`HTTP/1.1 200 OK\r\ncontent-type: ${typeFor(given)}\r\n${told}\r\n\r\n`, body);
}
