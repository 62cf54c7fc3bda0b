// Streams of vendors, cut at given bytes and sent through a running gateway. What the client sees must be what the
// provider had said in whole, then an error and never a made-up end; what is charged must follow the billing policy.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { estimateTokens } from '../../core/tokens.ts';
import type { UsageRow } from '../../store/store.ts';
import type { Ending } from '../fault-scripts.ts';
import { cutStream } from '../fault-scripts.ts';
import type { Customer, TestGateway } from '../test-gateway.ts';
import type { Delivered } from './delivered.ts';
import { readAnthropicEvents, readOpenaiEvents, wholeEvents } from './delivered.ts';

export type Recorded = { readonly name: string; readonly bytes: Uint8Array };
export type Cut = { readonly at: number; readonly ending: Ending };

/** Whoever asks for a cut stream: which model, in which way, and how the provider's and the client's events are read. */
export type CutClient = {
  readonly name: string;
  /** Streams that no call of such a client can get. */
  readonly skips?: readonly string[];
  readonly readProvider: (events: readonly string[]) => Delivered;
  readonly readClient: (events: readonly string[]) => Delivered;
  ask(gateway: TestGateway, customer: Customer, prompt: string): Promise<Response>;
};

const CALLS_AT_ONCE = 60;
const INPUT_PRICE = 50;
const CACHED_PRICE = 5;
const OUTPUT_PRICE = 200;

/** The streams of a family, each a file of exact bytes. */
export function recordedStreams(folder: string): Recorded[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sse'));
  return files.sort().map((file) => ({ name: file.replace('.sse', ''), bytes: readFileSync(join(folder, file)) }));
}

const openaiClient = (name: string, model: string, readProvider = readOpenaiEvents): CutClient => ({
  name,
  readProvider,
  readClient: readOpenaiEvents,
  ask: (gateway, customer, prompt) =>
    gateway.chat(customer, {
      model,
      stream: true,
      max_completion_tokens: 1000,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: prompt }],
    }),
});

const anthropicClient = (name: string, model: string, readProvider = readAnthropicEvents): CutClient => ({
  name,
  readProvider,
  readClient: readAnthropicEvents,
  ask: (gateway, customer, prompt) => {
    // Thinking is told to those who ask for it.
    const thinking = { type: 'enabled', budget_tokens: 1024 };
    const messages = [{ role: 'user', content: prompt }];
    return fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': customer.key },
      body: JSON.stringify({ model, stream: true, max_tokens: 2000, thinking, messages }),
    });
  },
});

/** What an Anthropic client can be told of a chat stream: a refusal is text, and why it ended comes with the end. */
function readForAnthropic(events: readonly string[]): Delivered {
  const said = readOpenaiEvents(events);
  const texts = [...said.texts].map(([key, text]) => [key.replace('refusal', 'text'), text] as const);
  return { ...said, texts: new Map(texts), finishes: [] };
}

/** The folders of streams, and the clients in front of each: their streams are passed on, or told anew. */
export const CUT_FAMILIES: readonly { readonly folder: string; readonly clients: readonly CutClient[] }[] = [
  {
    folder: 'openai',
    clients: [
      openaiClient('passed on', 'strict'),
      openaiClient('told anew', 'loose'),
      { ...anthropicClient('told to Anthropic', 'strict', readForAnthropic), skips: ['two-choices'] },
    ],
  },
  {
    folder: 'anthropic',
    clients: [anthropicClient('passed on', 'claude'), openaiClient('told to OpenAI', 'claude', readAnthropicEvents)],
  },
];

/** The streams of a folder that the client can get. */
export function streamsFor({ skips = [] }: CutClient, recorded: readonly Recorded[]): Recorded[] {
  return recorded.filter(({ name }) => !skips.includes(name));
}

/** Every `stride`th byte from `offset` on, with all endings. */
export function cutsOf({ bytes }: Recorded, stride: number, offset = 0): Cut[] {
  const cuts: Cut[] = [];
  for (let at = offset % stride; at < bytes.length; at += stride)
    for (const ending of ['clean', 'fin', 'reset'] as const) cuts.push({ at, ending });
  return cuts;
}

/** Cuts the stream at all the places and answers what was wrong, in words. */
export async function findWrongCuts(
  gateway: TestGateway,
  customer: Customer,
  client: CutClient,
  recorded: Recorded,
  cuts: readonly Cut[],
): Promise<string[]> {
  gateway.upstream.clear();
  gateway.upstream.answer = ({ text }) => {
    const { at, ending } = cuts[Number(/cut (\d+)/.exec(text)?.[1])] as Cut;
    return cutStream(recorded.bytes, at, ending);
  };
  const seen = new Map<number, { status: number; text: string; callId: string }>();
  const queue = cuts.map((_, i) => i);
  const work = async () => {
    for (let i = queue.shift(); i !== undefined; i = queue.shift()) {
      const response = await client.ask(gateway, customer, `cut ${i}`);
      const callId = response.headers.get('x-request-id') ?? '';
      seen.set(i, { status: response.status, text: await response.text(), callId });
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, work));
  await gateway.auditAtRest();
  const rows = await usageOf(gateway, customer, cuts.length);
  return [...seen].flatMap(([i, { status, text, callId }]) => {
    const cut = cuts[i] as Cut;
    const wrong =
      status === 200 ? wrongOfStream(client, recorded, cut, text) : wrongOfError(client, recorded, cut, text);
    const got = client.readClient(status === 200 ? wholeEvents(Buffer.from(text)) : []);
    wrong.push(...wrongOfMoney(client, recorded, cut, got, rows.get(callId)));
    return wrong.map((words) => `${recorded.name} cut at ${cut.at} (${cut.ending}): ${words}`);
  });
}

/** What the provider has said in whole: two readings where the cut is between CR and LF, which some take for an end. */
function saidUntil(client: CutClient, { bytes }: Recorded, { at }: Cut): Delivered[] {
  const ends = bytes[at - 1] === 13 && bytes[at] === 10 ? [at, at + 1] : [at];
  return ends.map((end) => client.readProvider(wholeEvents(bytes.subarray(0, end))));
}

/** Before its first byte to the client a stream fails as an ordinary error, in which no text of the model can be lost. */
function wrongOfError(client: CutClient, recorded: Recorded, cut: Cut, text: string): string[] {
  const code = (JSON.parse(text) as { error?: { code?: string } }).error?.code ?? 'no code';
  const wrong = /^upstream_(truncated|reset)$/.test(code) ? [] : [`the error is ${code}`];
  // Bytes that came together with the break are lost.
  const lost = cut.ending === 'clean' && saidUntil(client, recorded, cut).every((said) => said.pieces.length > 0);
  return lost ? [...wrong, 'text was lost'] : wrong;
}

function wrongOfStream(client: CutClient, recorded: Recorded, cut: Cut, text: string): string[] {
  const got = client.readClient(wholeEvents(Buffer.from(text)));
  const readings = saidUntil(client, recorded, cut);
  if (got.isDone) return readings.some((said) => said.isDone) ? [] : ['an end was made up'];
  const wrong: string[] = [];
  if (!text.endsWith('\n\n')) wrong.push('the last event is cut');
  if (got.errors.length !== 1 || !/^upstream_(truncated|reset)$/.test(got.errors[0] ?? ''))
    wrong.push(`the errors are ${got.errors}`);
  const isRight = (said: Delivered) => (cut.ending === 'clean' ? isSame(got, said) : isBeginning(got, said));
  if (!readings.some(isRight)) wrong.push(`the client has ${inWords(got)} of ${readings.map(inWords).join(' or ')}`);
  return wrong;
}

function isSame(got: Delivered, said: Delivered): boolean {
  return inWords(got) === inWords(said);
}

/** Whether the client has a beginning of what was said: each text from its start, and no end that was not there. */
function isBeginning(got: Delivered, said: Delivered): boolean {
  const areTexts = [...got.texts].every(([key, text]) => said.texts.get(key)?.startsWith(text) === true);
  return areTexts && got.finishes.every((finish) => said.finishes.includes(finish));
}

const inWords = ({ texts, finishes }: Delivered) => JSON.stringify([[...texts].sort(), [...finishes].sort()]);

/** Nothing without text; else what the provider counted as far as it came, or our own count of what came. */
function wrongOfMoney(
  client: CutClient,
  recorded: Recorded,
  cut: Cut,
  got: Delivered,
  row: UsageRow | undefined,
): string[] {
  if (row === undefined) return ['there is no record of the call'];
  // A tool's name alone is output where a stream is told anew, and goes unnoticed where it is passed on.
  const isSettled = row.outcome === 'settled';
  if (got.pieces.length === 0 && got.names.length === 0)
    return isSettled || row.charge !== 0 ? [`${row.charge} was charged for nothing`] : [];
  if (!isSettled) return got.pieces.length === 0 ? [] : ['what was delivered was not charged'];
  const readings = saidUntil(client, recorded, cut);
  const { source, inputTokens, cachedInputTokens, outputTokens } = row.usage as NonNullable<UsageRow['usage']>;
  const fresh = inputTokens - cachedInputTokens;
  const price = fresh * INPUT_PRICE + cachedInputTokens * CACHED_PRICE + outputTokens * OUTPUT_PRICE;
  const wrong = row.charge === Math.min(price, row.held) ? [] : [`${row.charge} was charged instead of ${price}`];
  if (source === 'exact') {
    const isTold = readings.some(({ usages }) =>
      usages.some(
        ({ input, cached, output }) => input === inputTokens && cached === cachedInputTokens && output === outputTokens,
      ),
    );
    return isTold ? wrong : [...wrong, 'a count was charged that the provider never told'];
  }
  if (cut.ending === 'clean' && readings.every(({ usages }) => usages.length > 0))
    wrong.push('the count that the provider told was not used');
  const least = sumOfTokens(got.pieces);
  const isCounted = outputTokens >= least && outputTokens <= least + sumOfTokens(got.names);
  return isCounted ? wrong : [...wrong, `${outputTokens} tokens were counted instead of ${least}`];
}

function sumOfTokens(pieces: readonly string[]): number {
  return pieces.reduce((sum, piece) => sum + estimateTokens(piece), 0);
}

/** The newest records of a customer by call. */
async function usageOf(gateway: TestGateway, customer: Customer, count: number): Promise<Map<string, UsageRow>> {
  const rows = new Map<string, UsageRow>();
  for (let before = '~'; rows.size < count; ) {
    const path = `accounts/${customer.accountId}/usage?limit=1000&before=${before}`;
    const { calls } = await gateway.admin<{ calls: UsageRow[] }>('GET', path);
    for (const row of calls) rows.set(row.callId, row);
    if (calls.length < 1000) break;
    before = calls.at(-1)?.callId ?? '';
  }
  return rows;
}
