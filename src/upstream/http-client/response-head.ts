// The head of an HTTP/1.1 answer: strict where leniency would let two readers disagree about where an answer ends.
import { CallError } from '../../core/errors.ts';
import type { AnswerHeaders } from '../../providers/provider.ts';

const FIELDS_MAX = 200;

/** How the end of a body is known. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  /** The body ends when the connection does. */
  | { readonly kind: 'close' };

export type ResponseHead = {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly framing: Framing;
  /** Whether the server lets the connection be used again. */
  readonly staysOpen: boolean;
};

/** Who takes the parts of an answer as they are read. */
export interface ResponseSink {
  onHead(head: ResponseHead): void;
  onBody(bytes: Buffer): void;
}

export function badResponse(detail: string): CallError {
  return new CallError('upstream_bad_response', { detail });
}

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-5]\d\d)(?: |$)/;
/** A line end that is not CRLF, or a control character: what one reader takes for an end and another does not. */
const STRAY = /\r(?!\n)|(?<!\r)\n|[^\t\r\n\x20-\x7e\x80-\xff]/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;

/** @param text the head as Latin-1, without the empty line that ends it. */
export function parseHead(text: string, isHeadRequest: boolean): ResponseHead {
  const statusLine = STATUS_LINE.exec(text);
  if (statusLine === null) throw badResponse('not an HTTP/1.1 answer');
  if (STRAY.test(text)) throw badResponse('a stray line end or control character in the headers');
  const fields = new Map<string, string>();
  const firstEnd = text.indexOf('\r\n');
  if (firstEnd >= 0) readFields(text, firstEnd + 2, fields);
  const status = Number(statusLine[2]);
  const framing = framingOf(status, fields, isHeadRequest);
  return {
    status,
    headers: { get: (name) => fields.get(name.toLowerCase()) ?? null },
    framing,
    // HTTP/1.0 closes unless it is agreed otherwise, which is too rare today to be worth a connection.
    staysOpen: statusLine[1] === '1' && framing.kind !== 'close' && !/\bclose\b/i.test(fields.get('connection') ?? ''),
  };
}

function readFields(text: string, from: number, fields: Map<string, string>): void {
  let count = 0;
  for (let at = from; at < text.length; ) {
    const lineEnd = text.indexOf('\r\n', at);
    const end = lineEnd < 0 ? text.length : lineEnd;
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > end) throw badResponse('a header without a colon');
    if (++count > FIELDS_MAX) throw badResponse('too many headers');
    const name = text.slice(at, colon).toLowerCase();
    // A space before the colon or at the start of a line (folding) fails here as well.
    if (!FIELD_NAME.test(name)) throw badResponse('a header name that is none');
    const value = text.slice(colon + 1, end).trim();
    const before = fields.get(name);
    if (before !== undefined && name === 'content-length') throw badResponse('two content-length headers');
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
    at = end + 2;
  }
}

function framingOf(status: number, fields: ReadonlyMap<string, string>, isHeadRequest: boolean): Framing {
  const length = fields.get('content-length');
  const coding = fields.get('transfer-encoding');
  if (length !== undefined && coding !== undefined) throw badResponse('both content-length and transfer-encoding');
  if (length !== undefined && !/^\d{1,15}$/.test(length)) throw badResponse('a content-length that is no number');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') throw badResponse('an unknown transfer-encoding');
  if (isHeadRequest || status < 200 || status === 204 || status === 304) return { kind: 'none' };
  if (coding !== undefined) return { kind: 'chunked' };
  return length === undefined ? { kind: 'close' } : { kind: 'length', length: Number(length) };
}
