// What a client of the cells is: how it asks for each feature in its own words, and what it makes of the answer.
import type { GatewayClient } from '../gateway-client.ts';
import type { Feature } from './cell-table.ts';

/** What is asked for. `failures` is a plain text whose prompt asks the vendor for trouble. */
export type Wish = {
  readonly feature: Exclude<Feature, 'failures'>;
  readonly prompt: string;
  readonly model: string;
};

/** What a client has got, read in the plainest way. */
export type Got = {
  readonly status: number;
  readonly raw: string;
  /** Absent where the client was told of a failure. */
  readonly answer?: GotAnswer;
  readonly error?: GotError;
  /** What is wrong with the shape of the answer or of the error, in words. */
  readonly wrong: readonly string[];
};
export type GotAnswer = {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: unknown }[];
  /** How the model ended, in the words of chat completions. */
  readonly finish: string;
  /** Absent where the client's protocol tells none. */
  readonly usage?: { readonly input: number; readonly output: number };
};
export type GotError = {
  /** Absent where the client's protocol has no codes. */
  readonly code?: string;
  readonly param?: string | undefined;
  readonly message: string;
};

export type CellClient = {
  /** What the client is told of a failure by the status of the answer; that of the catalogue where absent. */
  statusOf?(status: number): number;
  /** The language of its errors' texts, and whether they are those of the catalogue alone. */
  readonly errors: 'en' | 'ru' | 'catalogue en' | 'catalogue ru';
  ask(gateway: GatewayClient, key: string, wish: Wish): Promise<Got>;
};

export const PNG_BASE64 =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const PICTURE_ADDRESS = 'https://example.org/a.png';
export const CITY_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;
export const TOOL_SCHEMA = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city'],
} as const;
export const TOOL_RESULT = 'солнечно, +21';
export const TOOL_NAME = 'weather';
export const TOOL_ABOUT = 'The weather of a city';
/** What a model has asked a tool in an earlier turn. */
export const EARLIER_ARGS = { city: 'Тула' } as const;
export const EARLIER_ID = 'call_earlier';

export type Json = Record<string, unknown>;

export type Heard = { readonly status: number; readonly type: string; readonly raw: string };

/** Posts a body and reads all of the answer. */
export async function post(
  { url }: GatewayClient,
  path: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<Heard> {
  const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, type: response.headers.get('content-type') ?? '', raw: await response.text() };
}

/** The events of a stream: name and data of each. Anything else between them is told as wrong. */
export function eventsOf(raw: string): { readonly name: string; readonly data: string }[] {
  return raw
    .split('\n\n')
    .filter((block) => block !== '')
    .map((block) => {
      const lines = block.split('\n');
      const field = (name: string) =>
        lines
          .filter((line) => line.startsWith(`${name}: `))
          .map((line) => line.slice(name.length + 2))
          .join('\n');
      return { name: field('event'), data: field('data') };
    });
}

/** Those of the claims that do not hold. */
export function brokenOf(claims: Readonly<Record<string, boolean>>): string[] {
  return Object.entries(claims).flatMap(([claim, holds]) => (holds ? [] : [`not so: ${claim}`]));
}

export function isStreamed({ feature }: Wish): boolean {
  return feature === 'stream' || feature === 'tool in a stream';
}

export function asksForTool({ feature }: Wish): boolean {
  return feature === 'tool' || feature === 'tool in a stream';
}

/** Arguments as a client would parse them; text that is no JSON stays as it is. */
export function parsed(json: unknown): unknown {
  try {
    return JSON.parse(String(json));
  } catch {
    return json;
  }
}
