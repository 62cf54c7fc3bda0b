// Drives a cell: a client asks the gateway in its own words, a vendor answers on a real socket, and the answer, the
// failure and the charge are held against what the table promises. What differs is told in words; nothing is a pass.
import type { ErrorCode } from '../../core/errors.ts';
import { ERRORS } from '../../core/errors.ts';
import type { UsageRow } from '../../store/store.ts';
import { ANTHROPIC_USAGE } from '../vendors/anthropic.ts';
import { GEMINI_USAGE } from '../vendors/gemini.ts';
import { GIGACHAT_USAGE } from '../vendors/gigachat.ts';
import { SCHEMA_ANSWER, WEATHER, wordsOfTrouble } from '../vendors/heard.ts';
import { OPENAI_CACHED } from '../vendors/openai.ts';
import { YANDEX_CACHED } from '../vendors/yandex.ts';
import type { CellClient, Got, GotAnswer, Wish } from './cell-client.ts';
import { PICTURE_ADDRESS, PNG_BASE64, TOOL_RESULT } from './cell-client.ts';
import { CELL_CLIENTS } from './cell-clients.ts';
import type { CellSite } from './cell-site.ts';
import { CELL_PRICES } from './cell-site.ts';
import type { CellProvider, ClientName, Feature } from './cell-table.ts';
import { CLIENT_ROWS, cellOf } from './cell-table.ts';

const PROMPT = 'What is the weather?';
/** What is in every vendor's words about our account, and in our keys. */
const SECRET = /our-secret/;

/** What the fakes of the vendors say, and how many of the tokens they call cached. */
const GREETINGS: Readonly<Partial<Record<CellProvider, string>>> = { gigachat: 'Привет из Сбера.' };
export const CACHED: Readonly<Record<CellProvider, number>> = {
  demo: 0,
  'openai-compatible': OPENAI_CACHED,
  anthropic: ANTHROPIC_USAGE.cache_read_input_tokens,
  gemini: GEMINI_USAGE.cachedContentTokenCount,
  gigachat: GIGACHAT_USAGE.precached_prompt_tokens,
  yandexgpt: YANDEX_CACHED,
  'llama-cpp': OPENAI_CACHED,
};
const INPUT = 9;
const OUTPUT = 7;

const PICTURE_BYTES = Buffer.from(PNG_BASE64, 'base64').length;

/** The text that shows that the feature has reached the vendor; `undefined` where a tool is called instead. */
function textOf(provider: CellProvider, feature: Feature): string | undefined {
  switch (feature) {
    case 'tool':
    case 'tool in a stream':
      return undefined;
    case 'result of a tool':
      return `The tool says: ${TOOL_RESULT}`;
    case 'picture as bytes':
      return `The pictures are: image/png of ${PICTURE_BYTES} bytes`;
    case 'picture by its address':
      return `The pictures are: ${PICTURE_ADDRESS}`;
    case 'JSON by a schema':
      return SCHEMA_ANSWER;
    default:
      return GREETINGS[provider] ?? 'Hello there.';
  }
}

/** Everything that differs from what the table says of one cell, each with the cell's name. */
export async function wrongOfCell(
  site: CellSite,
  name: ClientName,
  provider: CellProvider,
  feature: Feature,
): Promise<string[]> {
  const cell = cellOf(name, provider, feature);
  if (cell.kind === 'none') return [];
  if (feature === 'failures') return wrongOfFailures(site, name, provider);
  const { got, rows } = await ask(site, name, { feature, prompt: PROMPT, model: provider });
  const wrong =
    cell.kind === 'refused'
      ? [...wrongOfRefusal(CELL_CLIENTS[name], got, cell.param), ...wrongOfNoCharge(rows)]
      : [...wrongOfAnswer(got, provider, feature), ...wrongOfCharge(got, rows, provider)];
  return named(`${feature}`, got, wrong);
}

async function ask(site: CellSite, name: ClientName, wish: Wish): Promise<{ got: Got; rows: UsageRow[] }> {
  const customer = await site.customer(wish.model as CellProvider);
  const got = await CELL_CLIENTS[name].ask(site.gateway, customer.key, wish);
  return { got, rows: await site.gateway.usage(customer) };
}

/** What is wrong with a call, with the beginning of what the client got. */
function named(what: string, got: Got, wrong: readonly string[]): string[] {
  return [...wrong, ...got.wrong].map((words) => `${what}: ${words}; got ${got.status} ${got.raw.slice(0, 600)}`);
}

function wrongOfAnswer({ status, answer }: Got, provider: CellProvider, feature: Feature): string[] {
  if (answer === undefined) return ['no answer'];
  const wrong = status === 200 ? [] : [`the status is ${status}`];
  return [...wrong, ...(provider === 'demo' ? wrongOfDemo(answer, feature) : wrongOfSaid(answer, provider, feature))];
}

function wrongOfSaid({ text, calls, finish }: GotAnswer, provider: CellProvider, feature: Feature): string[] {
  const expected = textOf(provider, feature);
  if (expected !== undefined)
    return [
      ...(text === expected ? [] : [`the text is not "${expected}"`]),
      ...(calls.length === 0 && finish === 'stop' ? [] : [`it ended with ${finish} and ${calls.length} calls`]),
    ];
  return wrongOfCall({ text, calls, finish }, WEATHER.args);
}

function wrongOfCall({ text, calls, finish }: GotAnswer, args: unknown): string[] {
  const [made] = calls;
  const isRight = calls.length === 1 && made?.name === WEATHER.name && Bun.deepEquals(made.args, args);
  return [
    ...(isRight ? [] : [`the calls are ${JSON.stringify(calls)}`]),
    ...(made?.id ? [] : ['the call has no id']),
    ...(text === '' && finish === 'tool_calls' ? [] : [`it ended with ${finish} and the text "${text}"`]),
  ];
}

/** The demonstration repeats the question; it knows no tool's arguments, and only that JSON was asked for. */
function wrongOfDemo(answer: GotAnswer, feature: Feature): string[] {
  if (textOf('demo', feature) === undefined) return wrongOfCall(answer, {});
  const isJson = answer.text.startsWith('{"demo":true,');
  if (feature === 'JSON by a schema') return isJson ? [] : ['the text is no JSON'];
  return answer.text.includes(PROMPT) ? [] : ['the question is not repeated'];
}

/** Charged once, by the vendor's own count, which the client is told as well. */
function wrongOfCharge({ answer }: Got, rows: readonly UsageRow[], provider: CellProvider): string[] {
  const [row] = rows;
  if (rows.length !== 1 || row?.usage === undefined || row.usage === null) return [`there are ${rows.length} charges`];
  const { source, inputTokens, cachedInputTokens, outputTokens } = row.usage;
  const price =
    (inputTokens - cachedInputTokens) * CELL_PRICES.input +
    cachedInputTokens * CELL_PRICES.cachedInput +
    outputTokens * CELL_PRICES.output;
  const counted = provider === 'demo' ? [inputTokens, 0, outputTokens] : [INPUT, CACHED[provider], OUTPUT];
  const told = answer?.usage;
  return [
    ...(row.outcome === 'settled' && source === 'exact' ? [] : [`the call is ${row.outcome} by an ${source} count`]),
    ...(Bun.deepEquals([inputTokens, cachedInputTokens, outputTokens], counted) ? [] : [`counted were ${counted}`]),
    ...(row.charge === price ? [] : [`${row.charge} was charged instead of ${price}`]),
    ...(told === undefined || (told.input === inputTokens && told.output === outputTokens)
      ? []
      : [`the client was told of ${JSON.stringify(told)}`]),
  ];
}

function wrongOfNoCharge(rows: readonly UsageRow[]): string[] {
  return rows.some(({ outcome, charge }) => outcome !== 'void' || charge !== 0) ? ['something was charged'] : [];
}

/** A refusal names the field, where the client's protocol has room for its name. */
function wrongOfRefusal({ errors, statusOf }: CellClient, { status, error }: Got, param: string): string[] {
  const expected = statusOf?.(400) ?? 400;
  const hasName = errors === 'en' && error?.param !== undefined;
  return [
    ...(error === undefined ? ['it was not refused'] : []),
    ...(status === expected ? [] : [`the status is not ${expected}`]),
    ...(error?.code === 'unsupported_parameter' ? [] : ['the code is not unsupported_parameter']),
    ...(hasName && error.param !== param ? [`the named field is ${error.param}`] : []),
  ];
}

type Failure = {
  readonly asked: string;
  readonly isStreamed: boolean;
  readonly code: ErrorCode;
  readonly status: number;
};

const FAILURES: readonly Failure[] = [
  { asked: '400', isStreamed: false, code: 'upstream_rejected', status: 400 },
  { asked: '401', isStreamed: false, code: 'provider_unavailable', status: 503 },
  { asked: '402', isStreamed: false, code: 'provider_unavailable', status: 503 },
  { asked: '404', isStreamed: false, code: 'upstream_rejected', status: 404 },
  { asked: '429', isStreamed: false, code: 'upstream_rate_limited', status: 503 },
  { asked: '500', isStreamed: false, code: 'upstream_error', status: 502 },
  { asked: 'a cut', isStreamed: false, code: 'upstream_bad_response', status: 502 },
  // Before its first byte a stream fails as a whole answer does.
  { asked: '429', isStreamed: true, code: 'upstream_rate_limited', status: 503 },
  { asked: 'a cut', isStreamed: true, code: 'upstream_truncated', status: 200 },
];

async function wrongOfFailures(site: CellSite, name: ClientName, provider: CellProvider): Promise<string[]> {
  const features: readonly Feature[] = CLIENT_ROWS[name].features;
  const asked = FAILURES.filter(({ isStreamed }) => !isStreamed || features.includes('stream'));
  return (await Promise.all(asked.map((failure) => wrongOfFailure(site, name, provider, failure)))).flat();
}

async function wrongOfFailure(
  site: CellSite,
  name: ClientName,
  provider: CellProvider,
  failure: Failure,
): Promise<string[]> {
  const prompt = `Please fail with ${failure.asked}.`;
  const { got, rows } = await ask(site, name, {
    feature: failure.isStreamed ? 'stream' : 'text',
    prompt,
    model: provider,
  });
  const { error, status, raw } = got;
  const client = CELL_CLIENTS[name];
  const expected = failure.status === 200 ? 200 : (client.statusOf?.(failure.status) ?? failure.status);
  const words = messageOf(client, failure);
  const wrong = [
    ...(error === undefined ? ['the client was told of no failure'] : []),
    ...(status === expected ? [] : [`the status is not ${expected}`]),
    ...(error?.code === undefined || error.code === failure.code ? [] : [`the code is not ${failure.code}`]),
    ...(error?.message.includes(words) ? [] : [`the message is not "${words}"`]),
    ...(SECRET.test(raw) ? ['words about our account were shown'] : []),
    ...(failure.status === 200 ? wrongOfPart(rows) : wrongOfNoCharge(rows)),
  ];
  return named(`${failure.asked}${failure.isStreamed ? ' in a stream' : ''}`, got, wrong);
}

/** A vendor's words are shown only where they are about the request, and by a task never. */
function messageOf({ errors }: CellClient, { code, asked, status }: Failure): string {
  if (code === 'upstream_rejected' && (errors === 'en' || errors === 'ru')) return wordsOfTrouble(Number(asked));
  const { message, messageRu } = ERRORS[code];
  return errors.endsWith('ru') && status !== 200 ? messageRu : message;
}

/** What was delivered before the break is charged by our own count. */
function wrongOfPart(rows: readonly UsageRow[]): string[] {
  const [row] = rows;
  const isRight =
    rows.length === 1 && row?.outcome === 'settled' && row.charge > 0 && row.usage?.source === 'estimated';
  return isRight ? [] : [`what was delivered is ${row?.outcome} for ${row?.charge} by ${row?.usage?.source}`];
}
