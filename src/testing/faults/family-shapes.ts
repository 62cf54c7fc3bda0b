// What a fault upstream needs to know of a protocol family, so that one list of faults serves all of them.
import { chunk, completion, frame, streamFrames, USAGE } from '../fault-scripts.ts';

/** What a vendor can complain of. */
export type Complaint = 'server' | 'overloaded' | 'rateLimit' | 'account' | 'request' | 'content';

export type FamilyShapes = {
  readonly family: string;
  /** The tokens of `usage` where nothing is wrong with it. */
  readonly goodUsage: unknown;
  usage(inputTokens: unknown, outputTokens: unknown): unknown;
  /** A whole answer; `null` is no usage. */
  whole(text: string, usage: unknown): Readonly<Record<string, unknown>>;
  /** A whole stream, one event each, the last one being its end; `null` is no usage. */
  frames(text: string, usage: unknown): string[];
  /** How many of the frames come before the first text. */
  readonly openingFrames: number;
  /** A vendor's error as the body of an answer. */
  error(complaint: Complaint): unknown;
  /** The same as an event of a stream. */
  errorFrame(complaint: Complaint): string;
  /** An event of a kind that nobody knows yet. */
  readonly unknownFrame: string;
};

const OPENAI_ERRORS: Readonly<Record<Complaint, { readonly type: string; readonly code: string | null }>> = {
  server: { type: 'server_error', code: null },
  overloaded: { type: 'overloaded', code: 'overloaded' },
  rateLimit: { type: 'requests', code: 'rate_limit_exceeded' },
  account: { type: 'insufficient_quota', code: 'insufficient_quota' },
  request: { type: 'invalid_request_error', code: 'context_length_exceeded' },
  content: { type: 'invalid_request_error', code: 'content_policy_violation' },
};
const openaiError = (complaint: Complaint) => ({
  error: { message: wordsOf(complaint), param: null, ...OPENAI_ERRORS[complaint] },
});

/** A vendor's words: about the request they may reach the customer, about our account never. */
function wordsOf(complaint: Complaint): string {
  return complaint === 'request'
    ? 'The request is too long.'
    : 'The account our-secret of our-secret-host is in trouble.';
}

export const OPENAI_SHAPES: FamilyShapes = {
  family: 'openai',
  goodUsage: USAGE,
  usage: (inputTokens, outputTokens) => ({ prompt_tokens: inputTokens, completion_tokens: outputTokens }),
  whole: (text, usage) => completion(text, { usage: usage ?? undefined }),
  frames: (text, usage) => streamFrames(text, usage),
  openingFrames: 1,
  error: openaiError,
  errorFrame: (complaint) => frame(openaiError(complaint)),
  unknownFrame: `event: brand_new\n${frame({ ...chunk({}), choices: [], news: 'of tomorrow' })}`,
};
