// What each program that talks has to print of a model: the same of all, but for what its vendor cannot do.
import { ANTHROPIC_USAGE } from './talkers/anthropic.ts';
import { ARGUMENTS, THOUGHT } from './talkers/model-script.ts';

/** A model as a client should see it. */
export type Seen = {
  readonly text: string;
  /** Tokens of input, those among them that came from a cache, and tokens of output. */
  readonly counts: readonly number[];
  readonly calls: readonly (readonly [string, unknown])[];
  /** Whose model it is; what it can do follows from that. */
  readonly vendor: 'openai' | 'loose' | 'anthropic' | 'gemini' | 'gigachat';
};

/** What the models say, but for GigaChat's. */
export const HELLO = {
  text: 'Hello there.',
  counts: [9, 3, ANTHROPIC_USAGE.output_tokens],
  calls: [
    ['weather', ARGUMENTS],
    ['hotels', ARGUMENTS],
  ],
} as const;

/** Models by the names that the gateway of the test sells them under. */
const MODELS: Readonly<Record<string, Seen>> = {
  'of-openai': { ...HELLO, vendor: 'openai' },
  'of-loose': { ...HELLO, vendor: 'loose' },
  'of-anthropic': { ...HELLO, vendor: 'anthropic' },
  'of-gemini': { ...HELLO, vendor: 'gemini' },
  // It knows one call at a time, and takes no stop sequences and no pictures.
  'of-gigachat': {
    text: 'Привет из Сбера.',
    counts: [9, 5, 7],
    calls: [['weather', ARGUMENTS]],
    vendor: 'gigachat',
  },
  'claude-sonnet-4-6': { ...HELLO, vendor: 'openai' },
  'gpt-5': { ...HELLO, vendor: 'anthropic' },
  'gemini-2.5-flash': { ...HELLO, vendor: 'openai' },
};

export const SOLD = Object.keys(MODELS);
const PICTURE = 'I see a picture.';
const HOTELS = [['hotels', ARGUMENTS]];
const WEATHER = [['weather', ARGUMENTS]];

export type Results = Record<string, unknown>;
type Expectation = (seen: Seen) => Results;

/** Each of the models that the program is given. */
export function ofEach(models: readonly string[], expectation: Expectation): Results {
  return Object.fromEntries(models.map((name) => [name, expectation(MODELS[name] as Seen)]));
}

/** What the vendor's own model says to its own client, with no gateway between. */
export function ofItself(vendor: Seen['vendor'], expectation: Expectation): Results {
  return expectation({ ...HELLO, vendor });
}

export function without(results: Results, names: readonly string[]): Results {
  return Object.fromEntries(Object.entries(results).filter(([name]) => !names.includes(name)));
}

export function throughAnthropic({ text, counts, calls, vendor }: Seen): Results {
  const bad = { status: 400, type: 'invalid_request_error', is: 'BadRequestError' };
  const isSber = vendor === 'gigachat';
  const thought = vendor === 'anthropic' || vendor === 'loose' ? THOUGHT : null;
  const whole = [text, counts, 'end_turn'];
  const loop = ['tool_use', calls, text];
  const refused = isSber ? 'refusal' : bad;
  return {
    whole: isSber ? bad : whole,
    events: [text, counts[2]],
    helper: whole,
    cut: 'max_tokens',
    loop,
    streamedLoop: loop,
    chosen: HOTELS,
    single: isSber ? bad : WEATHER,
    json: ARGUMENTS,
    jsonWithOptional: ARGUMENTS,
    strictTools: calls,
    picture: isSber ? bad : PICTURE,
    thought: [thought, text, thought, text],
    refused,
    refusedStream: refused,
  };
}

export function throughOpenAI({ text, counts, calls, vendor }: Seen): { chat: Results; responses: Results } {
  const isSber = vendor === 'gigachat';
  const bad = (code: string) => ({ status: 400, code, is: 'BadRequestError' });
  const unsupported = bad('unsupported_parameter');
  const isFiltered = vendor === 'openai' || vendor === 'loose';
  const failure = bad(isFiltered ? 'content_refused' : 'upstream_rejected');
  const refused = isSber ? 'content_filter' : failure;
  const loop = ['tool_calls', calls, text];
  const response = [text, counts, 'completed'];
  return {
    chat: {
      whole: isSber ? unsupported : [text, counts, 'stop'],
      events: [text, counts],
      helper: text,
      cut: 'length',
      loop,
      streamedLoop: loop,
      chosen: HOTELS,
      single: isSber ? unsupported : WEATHER,
      ran: text,
      json: ARGUMENTS,
      picture: isSber ? unsupported : PICTURE,
      reasoning: text,
      refused,
      refusedStream: refused,
    },
    responses: {
      whole: response,
      helper: response,
      cut: ['incomplete', 'max_output_tokens'],
      loop: [calls, text],
      streamedLoop: [calls, text],
      json: ARGUMENTS,
      picture: isSber ? unsupported : PICTURE,
      refused: isSber ? ['incomplete', 'content_filter'] : failure,
    },
  };
}

export function throughGenai({ text, counts, calls, vendor }: Seen): Results {
  const bad = { status: 400, is: 'ApiError' };
  const isSber = vendor === 'gigachat';
  const refused = isSber ? 'SAFETY' : bad;
  return {
    whole: isSber ? bad : [text, counts, 'STOP'],
    stream: [text, counts, 'STOP'],
    cut: 'MAX_TOKENS',
    loop: [calls, text],
    streamedLoop: [calls, text],
    chosen: HOTELS,
    chat: text,
    json: ARGUMENTS,
    googleJson: ARGUMENTS,
    picture: isSber ? bad : PICTURE,
    // Behind the gateway Gemini is not asked to show its thoughts.
    thought: vendor === 'loose' ? THOUGHT : null,
    refused,
    refusedStream: refused,
  };
}

/** Which vendors' thinking each provider of the AI SDK shows. */
const SHOWS_THOUGHTS: Readonly<Record<string, readonly string[]>> = {
  chat: [],
  responses: [],
  compatible: ['loose'],
  anthropic: ['loose', 'anthropic'],
  google: ['loose'],
};

export function throughAiSdk({ text, counts, calls, vendor }: Seen): Results {
  const bad = { status: 400, retryable: false };
  const isSber = vendor === 'gigachat';
  const answer = [text, counts, 'stop'];
  const loop = [2, calls, 'tool-calls', text];
  const refused = isSber ? 'content-filter' : bad;
  const ofProvider = ([provider, shown]: readonly [string, readonly string[]]) => {
    const thought = [shown.includes(vendor) ? THOUGHT : null, text];
    // Responses have no stop sequences.
    const whole = isSber && provider !== 'responses' ? bad : answer;
    const results = {
      whole,
      stream: answer,
      cut: 'length',
      loop,
      streamedLoop: loop,
      chosen: HOTELS,
      object: ARGUMENTS,
      output: ARGUMENTS,
      streamedOutput: ARGUMENTS,
      picture: isSber ? bad : PICTURE,
      thought,
      streamedThought: thought,
      refused,
      refusedStream: refused,
    };
    return [provider, results];
  };
  return Object.fromEntries(Object.entries(SHOWS_THOUGHTS).map(ofProvider));
}

/** What a version of LangChain makes of answers by itself. */
export type LangChainHabits = {
  /** The chat models that tell all counts. */
  readonly counting: readonly string[];
  /** Those that throw where an answer was filtered. */
  readonly throwing: readonly string[];
};

export function throughLangChain(
  { text, counts, calls, vendor }: Seen,
  { counting, throwing }: LangChainHabits,
): Results {
  const isSber = vendor === 'gigachat';
  const bad = { status: 400 };
  const ofModel = (name: string) => {
    const answer = [text, counting.includes(name) ? counts : null];
    const results = {
      whole: answer,
      stream: answer,
      batch: [text, text],
      cut: 'Hello',
      loop: [calls, text],
      streamedLoop: [calls, text],
      structured: ARGUMENTS,
      structuredByCall: ARGUMENTS,
      picture: isSber ? bad : PICTURE,
      refused: isSber ? (throwing.includes(name) ? { failure: 'Error' } : text) : bad,
    };
    return [name, results];
  };
  return Object.fromEntries(['chat', 'responses', 'anthropic', 'google'].map(ofModel));
}
