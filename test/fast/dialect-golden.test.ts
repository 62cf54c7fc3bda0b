// Each dialect's translations against golden files: test/golden/<dialect>/<case>.in.json says what a client sends and what
// a provider answers, <case>.expected.json what becomes of both. With UPDATE_GOLDEN=1 the expected files are written
// anew, to be read before they are committed.
import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Answer, CallEvent, ChatCall, Usage } from '../../src/core/call.ts';
import { NO_USAGE } from '../../src/core/call.ts';
import type { ErrorDetails } from '../../src/core/error-details.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import { CallError } from '../../src/core/errors.ts';
import { moderateLexically } from '../../src/core/moderation/index.ts';
import type { CallRoute, Dialect, PublicModel, Route, TaskView } from '../../src/dialects/dialect.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import type { RequestHead } from '../../src/wire/rendering.ts';

const FOLDER = join(import.meta.dir, '..', 'golden');
const CONTEXT = { callId: 'call-1', createdAtS: 1_790_000_000 };
const USAGE: Usage = { ...NO_USAGE, source: 'exact', inputTokens: 5, outputTokens: 7 };

type Given = {
  /** As in `POST /api/v1/completions`. */
  readonly route: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The name in the path, and what follows the question mark. */
  readonly rest?: string;
  readonly query?: string;
  /** The request's body, as JSON or as the very text. */
  readonly body?: unknown;
  /** What the provider answers: a whole answer, or the events of a stream and perhaps how it failed. */
  readonly answer?: Answer;
  readonly events?: readonly CallEvent[];
  readonly failure?: ErrorCode;
  readonly models?: readonly PublicModel[];
  /** What a provider makes of work. */
  readonly result?: unknown;
  readonly urls?: readonly string[];
  /** For tasks: what is left, the task's id, how it stands, and whether the headers have a key. */
  readonly requestsLeft?: number;
  readonly taskId?: number;
  readonly task?: TaskView;
  readonly hasKey?: boolean;
  readonly contentType?: string;
  /** Files of a form, whose other fields are the body. */
  readonly files?: readonly {
    readonly field: string;
    readonly name: string;
    readonly contentType: string;
    readonly text: string;
  }[];
  /** How the pipeline refuses what the dialect has read. */
  readonly refusal?: { readonly code: ErrorCode } & ErrorDetails;
};

const MODE_IDS = ['chat', 'shorter', 'article'];

async function translate(dialect: Dialect, given: Given): Promise<unknown> {
  const route = dialect.routes.find(({ method, path }) => `${method} ${path}` === given.route);
  if (route === undefined) throw new Error(`${dialect.name} has no route ${given.route}`);
  try {
    return await follow(route, given);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const render = route.error ?? dialect.error;
    return { refused: render(error, { requestId: CONTEXT.callId, publicUrl: 'https://example.org' }) };
  }
}

async function follow(route: Route, given: Given): Promise<unknown> {
  const text = typeof given.body === 'string' ? given.body : JSON.stringify(given.body ?? {});
  const files = given.files?.map(({ text: content, ...file }) => ({ ...file, bytes: Buffer.from(content) }));
  const contentType = given.contentType ?? 'application/json';
  const body = files === undefined ? { text, contentType } : { text, contentType, files };
  if (given.refusal !== undefined) throw new CallError(given.refusal.code, given.refusal);
  const balance = { requests: given.requestsLeft ?? 0, microRub: 0 };
  switch (route.action) {
    case 'call':
      return followCall(route, route.read(body, headOf(given)), given);
    case 'image': {
      const call = route.read(body);
      return { call, answer: route.render(given.urls ?? [], { ...CONTEXT, model: call.model }) };
    }
    case 'work': {
      const call = route.read(body, headOf(given));
      if (given.result === undefined) return { call };
      return {
        call,
        answer: route.render(given.result as never, { ...CONTEXT, model: call.model, usage: USAGE }, call as never),
      };
    }
    case 'models':
      return { answer: route.render(given.models ?? [], new Headers(given.headers)) };
    case 'model': {
      const name = route.method === 'GET' ? given.rest : route.readName(body);
      const model = given.models?.find((one) => one.name === name);
      return model === undefined ? { name } : { name, answer: route.render(model, new Headers(given.headers)) };
    }
    case 'moderate':
      return { answer: route.render(moderateLexically(route.read(body)), CONTEXT.callId) };
    case 'tokenize':
      return { answer: await route.answer(body) };
    case 'createTask': {
      const key = route.readKey(body);
      const asked = route.read(body, MODE_IDS, key !== undefined || given.hasKey === true);
      return { key, asked, answer: route.render(given.taskId ?? 1234, balance) };
    }
    case 'readTask': {
      const read = { key: route.readKey(body), taskId: route.readTaskId(body) };
      return given.task === undefined ? read : { ...read, answer: route.render(given.task) };
    }
    case 'balance':
      return { key: route.readKey(body), answer: route.render(balance) };
    default:
      throw new Error(`the golden runner does not know the action ${route.action}`);
  }
}

function headOf({ headers, rest = '', query = '' }: Given): RequestHead {
  return { headers: new Headers(headers), rest, query: new URLSearchParams(query) };
}

function followCall(route: CallRoute, call: ChatCall, given: Given): unknown {
  // The source is the body itself, which is in the case already.
  const { source: _source, ...shown } = call;
  const context = { ...CONTEXT, model: call.model };
  if (given.answer !== undefined) return { call: shown, answer: route.answer(given.answer, context, call) };
  if (given.events === undefined) return { call: shown };
  const renderer = route.stream?.(call, context, headOf(given));
  if (renderer === undefined) throw new Error('the route does not stream');
  const frames = [renderer.start(), ...given.events.map((event) => renderer.event(event))];
  frames.push(given.failure === undefined ? renderer.end(USAGE) : renderer.error(new CallError(given.failure)));
  return { call: shown, stream: frames.filter((frame) => frame !== '') };
}

/** A family that is both a dialect and a provider has two folders. */
const folderOf = (name: string) => {
  const own = join(FOLDER, `${name}-dialect`);
  return existsSync(own) ? own : join(FOLDER, name);
};

for (const dialect of DIALECTS.filter(({ name }) => existsSync(folderOf(name)))) {
  describe(`the ${dialect.name} dialect translates as its golden files say`, () => {
    const folder = folderOf(dialect.name);
    for (const path of [...new Bun.Glob('*.in.json').scanSync(folder)].sort()) {
      const name = path.replace(/\.in\.json$/, '');
      test(name, async () => {
        const given = (await Bun.file(join(folder, path)).json()) as Given;
        const made = await translate(dialect, given);
        const expected = Bun.file(join(folder, `${name}.expected.json`));
        if (process.env['UPDATE_GOLDEN'] === '1') await Bun.write(expected, `${JSON.stringify(made, null, 2)}\n`);
        // Through JSON, as it goes over the wire: what is undefined is not there.
        expect(JSON.parse(JSON.stringify(made))).toEqual(await expected.json());
      });
    }
  });
}
