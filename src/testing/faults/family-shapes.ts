// What a fault upstream needs to know of a protocol family, so that one list of faults serves all of them.
import { MESSAGE_USAGE, message, messageError, messageEvent, messageFrames } from '../anthropic-fault-shapes.ts';
import { chunk, completion, frame, streamFrames, USAGE } from '../fault-scripts.ts';
import type { JobShapes } from './job-shapes.ts';

/** What a vendor can complain of. */
export type Complaint = 'server' | 'overloaded' | 'rateLimit' | 'account' | 'request' | 'content';

export type FamilyShapes = {
  readonly family: 'openai' | 'anthropic' | 'fusionbrain' | 'comfyui';
  /** The tokens of `usage` where nothing is wrong with it. */
  readonly goodUsage: unknown;
  usage(inputTokens: unknown, outputTokens: unknown): unknown;
  /** A whole answer, or that to the start of a job; `null` is no usage. */
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
  /** How it makes pictures, where it makes them as jobs. */
  readonly job?: JobShapes;
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
  if (complaint === 'request') return 'The request is too long.';
  return complaint === 'account' ? 'The credit balance is too low for our-secret.' : 'our-secret-host is in trouble.';
}

const ANTHROPIC_ERRORS: Readonly<Record<Complaint, string>> = {
  server: 'api_error',
  overloaded: 'overloaded_error',
  rateLimit: 'rate_limit_error',
  account: 'billing_error',
  request: 'invalid_request_error',
  content: 'invalid_request_error',
};
const anthropicError = (complaint: Complaint) => messageError(ANTHROPIC_ERRORS[complaint], wordsOf(complaint));

export const ANTHROPIC_SHAPES: FamilyShapes = {
  family: 'anthropic',
  goodUsage: MESSAGE_USAGE,
  usage: (inputTokens, outputTokens) => ({ input_tokens: inputTokens, output_tokens: outputTokens }),
  whole: (text, usage) => message(text, { usage }),
  frames: (text, usage) => messageFrames(text, usage),
  openingFrames: 2,
  error: anthropicError,
  errorFrame: (complaint) => messageEvent(anthropicError(complaint)),
  unknownFrame: messageEvent({ type: 'brand_new', news: 'of tomorrow' }),
};

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
