// The documents' own example programs against a running gateway, unchanged but for host and key, in the languages in
// which the documents give them, judged by what they print. Where a language is missing on this machine its programs
// are skipped, and their names say what is missing.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { demoText } from '../../src/providers/demo.ts';
import { listPrograms, PATCHES, programFor, UNIVERSAL_KEY, unmendedProgramFor } from './documents.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { callPython, type Found, type Program, type Run, runProgram, typeIntoPython } from './run-program.ts';
import { findToolchains, type Language } from './toolchains.ts';

const toolchains = findToolchains();
let gateway: GatewayProcess;
let key: string;

beforeAll(async () => {
  gateway = await startGatewayProcess(UNIVERSAL_KEY);
  key = await customer('prestige');
});
afterAll(() => gateway.stop());

/** A new account with requests and roubles, and its key. */
async function customer(plan: string): Promise<string> {
  const { id } = await gateway.tolmach('account', 'create', '--email', `${plan}@example.com`, '--plan', plan);
  await gateway.tolmach('grant', '--account', String(id), '--requests', '1000');
  await gateway.tolmach('grant', '--account', String(id), '--rub', '100');
  return String((await gateway.tolmach('key', 'create', '--account', String(id))).key);
}

const WITH_UNIVERSAL_KEY = 'with the universal key';
const tried = new Set<string>();
/** For a program that does not run with the key of the good customer. */
type OtherKey = () => Promise<string>;
type Check = (toolchain: Found, program: Program) => Promise<void>;

/** A test that is named after the program, with what was mended in it, or with what is missing for it. */
function documented(path: string, language: Language, check: Check, how?: string, otherKey?: OtherKey): void {
  tried.add(path);
  const toolchain = toolchains[language];
  const notes = [how, PATCHES[path]?.why].filter((note) => note !== undefined);
  if (toolchain.state === 'missing') {
    test.skip(`${path}: ${toolchain.what} is missing`, () => undefined);
    return;
  }
  test([`${path} (${language} ${toolchain.version})`, ...notes].join(', '), async () => {
    const text = await programFor(path, gateway.url, otherKey === undefined ? key : await otherKey());
    await check(toolchain, { path, text });
  });
}

/** A program that does its work when it is run. Its complaints stand beside what it printed, where they are of use. */
function prints(
  path: string,
  language: Language,
  check: (stdout: string) => unknown,
  how?: string,
  otherKey?: OtherKey,
): void {
  const run: Check = async (toolchain, program) => judge(await runProgram(language, toolchain, program), check);
  documented(path, language, run, how, otherKey);
}

/** A program whose last line is a value, and which prints nothing unless it is typed in. */
function showsWhenTyped(path: string, check: (stdout: string) => unknown, otherKey?: OtherKey): void {
  const run: Check = async (toolchain, program) => judge(await typeIntoPython(toolchain, program), check);
  documented(
    path,
    'python',
    run,
    otherKey === undefined ? 'typed into the interpreter' : `typed into the interpreter ${WITH_UNIVERSAL_KEY}`,
    otherKey,
  );
}

async function judge({ stdout, stderr, exitCode }: Run, check: (stdout: string) => unknown): Promise<void> {
  if (exitCode !== 0 || stdout === '') throw new Error(`exit status ${exitCode}\n${stdout}\n${stderr}`);
  await check(stdout);
}

/** What the demonstration answers to a question of one message. */
function answerTo(question: string): string {
  const messages = [{ role: 'user' as const, parts: [{ kind: 'text' as const, text: question }] }];
  const options = {};
  const call = {
    endpoint: 'chat' as const,
    model: '',
    messages,
    options,
    stream: false,
    includeUsage: false,
    extra: {},
  };
  return demoText(call, 0);
}

const GREETING = answerTo('Привет, как дела?');
const JOKES = answerTo('Расскажи три шутки');
const isText = (text: string) => (stdout: string) => expect(stdout.trimEnd()).toBe(text);

describe('ChatInfo, the API that is compatible with ChatGPT', () => {
  prints('chatinfo/chat-openai.py', 'python', isText(GREETING));
  prints('chatinfo/chat.sh', 'curl', (stdout) => {
    const answer = JSON.parse(stdout);
    expect(answer).toMatchObject({
      id: expect.stringMatching(/^chatcmpl-/),
      object: 'chat.completion',
      created: expect.any(Number),
      model: 'gpt-4o',
      choices: [{ index: 0, message: { role: 'assistant', content: GREETING }, finish_reason: 'stop' }],
      usage: { total_tokens: answer.usage.prompt_tokens + answer.usage.completion_tokens },
    });
  });
  prints('chatinfo/ChatInfoExample.java', 'java', isText(GREETING));
  prints('chatinfo/chat-browser.js', 'browser', isText(GREETING), 'on a page of another origin');
  prints('chatinfo/chat.php', 'php', isText(GREETING));
  prints('chatinfo/chat.cpp', 'c++', isText(GREETING));
  prints('chatinfo/chat.cs', 'c#', isText(GREETING), 'beside an entry point for mcs');
});

const call = (path: string, name: string, args: () => readonly unknown[], check: (value: unknown) => unknown) =>
  documented(
    path,
    'python',
    async (toolchain, program) => void (await check(await callPython(toolchain, program, name, args()))),
    `${name}(…) called`,
  );

describe('ChatInfo, its own API', () => {
  let id: number;

  call(
    'chatinfo/get-units.py',
    'get_units',
    () => [key],
    (answer) => {
      expect(answer).toEqual({ success: true, units: expect.any(Number) });
    },
  );
  call(
    'chatinfo/create-request.py',
    'create_request',
    () => [key, 'chat', 'Привет, как дела?'],
    (answer) => {
      expect(answer).toEqual({ success: true, units: expect.any(Number), id: expect.any(Number) });
      id = (answer as { id: number }).id;
    },
  );
  documented(
    'chatinfo/get-response.py',
    'python',
    async (toolchain, program) => {
      const answer = await untilDone(() => callPython(toolchain, program, 'get_response', [key, id]), {
        success: false,
        solving: true,
      });
      expect(answer).toEqual({ success: true, solving: false, result: GREETING });
    },
    'get_response(…) called',
  );

  prints(
    'chatinfo/solve.py',
    'python',
    (stdout) => {
      expect(stdout).toMatch(/^Created request with id \d+\.\n[^\n]*Tolmach[\s\S]*\n$/);
      expect(stdout).not.toContain('Error');
    },
    'to its result',
  );
  prints(
    'chatinfo/solve.py',
    'python',
    (stdout) => {
      expect(stdout).toMatch(/^Failed to create request\. Error: .*\.\nNone\n$/);
      expect(stdout).toContain(`${gateway.url}/subscription`);
    },
    'with a wrong key',
    async () => 'wrong',
  );
  prints(
    'chatinfo/solve.py',
    'python',
    (stdout) => {
      const error = 'Использовать API можно только на тарифе Престиж. Ваш тариф: Бесплатный.';
      expect(stdout).toBe(`Failed to create request. Error: ${error}.\nNone\n`);
    },
    'on a plan without API',
    () => customer('free'),
  );
});

/** Asks again while the answer is the one for a task that is not done. */
async function untilDone(ask: () => Promise<unknown>, waiting: unknown): Promise<unknown> {
  for (let attempt = 0; attempt < 40; attempt++) {
    const answer = await ask();
    if (!Bun.deepEquals(answer, waiting)) return answer;
    await Bun.sleep(250);
  }
  throw new Error('the task did not end');
}

describe('TextBot', () => {
  let id: number;

  call(
    'textbot/check-balance.py',
    'check_balance',
    () => [key],
    (answer) => {
      expect(answer).toEqual({ balance: expect.any(Number) });
    },
  );
  call(
    'textbot/generate-response.py',
    'generate_response',
    () => [key, 'Расскажи три шутки', 'chat'],
    (answer) => {
      expect(answer).toEqual({ request_id: expect.any(Number), status: 'processing', balance: expect.any(Number) });
      id = (answer as { request_id: number }).request_id;
    },
  );
  documented(
    'textbot/get-status.py',
    'python',
    async (toolchain, program) => {
      const ask = () => callPython(toolchain, program, 'get_status', [key, id]);
      const answer = await untilDone(ask, { request_id: id, status: 'processing' });
      expect(answer).toEqual({ request_id: id, status: 'completed', result: JOKES });
    },
    'get_status(…) called',
  );
  call(
    'textbot/get-status.py',
    'get_status',
    () => [key, 999_999],
    (answer) => {
      expect(answer).toEqual({ status: 'failed', error_message: 'Запрос с таким ID не найден' });
    },
  );
  call(
    'textbot/check-balance.py',
    'check_balance',
    () => ['wrong'],
    (answer) => {
      expect(answer).toEqual({ error_message: `Некорректный API ключ. Получить можно на ${gateway.url}/account` });
    },
  );

  prints('textbot/chat-openai.py', 'python', isText(JOKES));
  documented(
    'textbot/chat-browser.js',
    'browser',
    async (toolchain, program) => {
      const { stdout } = await runProgram('browser', toolchain, program, 2);
      expect(stdout).toBe(`Запрашиваем ответ...\nОтвет от нейросети: ${JOKES}\n`);
    },
    'on a page of another origin',
  );
  prints(
    'textbot/solve.py',
    'python',
    (stdout) => {
      expect(stdout).toMatch(/^Создан запрос с id \d+\.\nРезультат:\n [^\n]*Tolmach[\s\S]*\n$/);
    },
    'to its result',
  );
  prints(
    'textbot/solve.py',
    'python',
    (stdout) => {
      const error = `Некорректный API ключ. Получить можно на ${gateway.url}/account`;
      expect(stdout).toBe(`Не удалось запросить генерацию. Ошибка: ${error}.\nРезультат:\n None\n`);
    },
    'with a wrong key',
    async () => 'wrong',
  );
});

describe('NSP Cloud AI', () => {
  prints('nsp/completions.sh', 'curl', (stdout) => {
    expect(JSON.parse(stdout)).toEqual({
      id: expect.stringMatching(/^cmpl-/),
      object: 'text_completion',
      created: expect.any(Number),
      model: expect.any(String),
      choices: [{ text: expect.any(String), index: 0, logprobs: null, finish_reason: 'length' }],
      usage: expect.objectContaining({ completion_tokens: expect.any(Number) }),
    });
  });
  prints('nsp/chat.sh', 'curl', (stdout) => {
    expect(JSON.parse(stdout)).toMatchObject({
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content: answerTo('Hello!') }, finish_reason: 'stop' }],
    });
  });
  prints('nsp/models.sh', 'curl', (stdout) => {
    const models = JSON.parse(stdout) as Record<string, string>[];
    for (const model of models)
      expect(model).toEqual({
        name: expect.any(String),
        model: expect.any(String),
        status: expect.stringMatching(/^(active|disabled)$/),
        platform: expect.any(String),
      });
    const names = models.map(({ model }) => model);
    for (const name of NSP_MODELS) expect(names).toContain(name);
  });
  prints('nsp/moderations.sh', 'curl', (stdout) => {
    const categories = Object.fromEntries(NSP_CATEGORIES.map((name) => [name, expect.any(Boolean)]));
    const scores = Object.fromEntries(NSP_CATEGORIES.map((name) => [name, expect.any(Number)]));
    const answer = JSON.parse(stdout);
    expect(answer).toEqual({
      id: expect.stringMatching(/^modr-/),
      model: expect.any(String),
      results: [{ categories, category_scores: scores, flagged: true }],
    });
    expect(answer.results[0].categories.violence).toBe(true);
  });
  prints('nsp/tokenizer.sh', 'curl', (stdout) => {
    // The document shows the answer to «Hello World!», while its program asks for «Hello world!».
    expect(JSON.parse(stdout)).toEqual({
      tokens: 3,
      encoded: { bpe: [15496, 995, 0], text: ['Hello', ' world', '!'] },
      decoded: 'Hello world!',
    });
  });
});

const NSP_MODELS = [
  'text-curie-001',
  'text-babbage-001',
  'gpt-3.5-turbo',
  'text-davinci-003',
  'gpt-4',
  'text-ada-001',
  'claude-v1.3',
  'claude-v1.0',
  'claude-v1.2',
  'claude-instant-v1',
];
const NSP_CATEGORIES = [
  'hate',
  'hate/threatening',
  'self-harm',
  'sexual',
  'sexual/minors',
  'violence',
  'violence/graphic',
];

describe('Sydney', () => {
  showsWhenTyped('sydney/chat.py', (stdout) => expect(stdout).toBe(`{'reply': '${GREETING}'}\n`));
  prints('sydney/chat.js', 'axios', (stdout) => expect(oneLine(stdout)).toBe(`{ reply: '${GREETING}' }`));
  prints('sydney/prompt.py', 'python', (stdout) =>
    expect(stdout).toMatch(/^\{'reply': '.*Hello, how are you\?.*'\}\n$/),
  );
  prints('sydney/prompt.js', 'axios', (stdout) => {
    expect(oneLine(stdout)).toMatch(/^\{ reply: ['"`].*Hello, how are you\?.*['"`] \}$/);
  });
  prints('sydney/image.py', 'python', (stdout) => isPicture(/^\{'url': '(http[^']+)'\}\n$/.exec(stdout)));
  prints('sydney/image.js', 'axios', (stdout) => isPicture(/^\{ url: '(http[^']+)' \}$/.exec(oneLine(stdout))));
  showsWhenTyped('sydney/moderate.py', isCleanInPython);
  prints('sydney/moderate.js', 'axios', isCleanInNode);
  // The document shows a key that works for everybody: then nothing but the host has to be replaced.
  prints('sydney/moderate.js', 'axios', isCleanInNode, WITH_UNIVERSAL_KEY, async () => UNIVERSAL_KEY);
  showsWhenTyped('sydney/moderate.py', isCleanInPython, async () => UNIVERSAL_KEY);
});

function isCleanInPython(stdout: string): void {
  const answer = JSON.parse(stdout.replaceAll("'", '"').replaceAll('False', 'false').replaceAll('True', 'true'));
  const clean = { flagged: false, score: expect.any(Number) };
  expect(answer).toEqual({ flagged: false, filters: { nsfw: clean, политика: clean } });
}

function isCleanInNode(stdout: string): void {
  const clean = '\\{ flagged: false, score: [\\d.]+ \\}';
  const shown = `^\\{ flagged: false, filters: \\{ nsfw: ${clean}, ['"]?политика['"]?: ${clean} \\} \\}$`;
  expect(oneLine(stdout)).toMatch(new RegExp(shown));
}

/** What Node.js shows of an object, on one line. An error of axios holds everything that axios knows. */
function oneLine(stdout: string): string {
  return stdout.trim().replaceAll(/\s+/g, ' ').slice(0, 2_000);
}

/** The picture is there for everybody who has its address. */
async function isPicture(shown: RegExpExecArray | null): Promise<void> {
  const response = await fetch(shown?.[1] ?? 'no address');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('image/png');
  expect(
    Buffer.from(await response.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
}

/** A body that a document shows beside its programs, sent as it stands. */
function answered(path: string, route: string, status: number, body: unknown): void {
  tried.add(path);
  test(`${path} sent to ${route}`, async () => {
    const response = await fetch(gateway.url + route, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: await programFor(path, gateway.url, key),
    });
    expect(await response.json()).toMatchObject(body as Record<string, unknown>);
    expect(response.status).toBe(status);
  });
}

describe('Request bodies', () => {
  answered('chatinfo/chat.json', '/v1/chat/completions', 200, { choices: [{ message: { content: GREETING } }] });
  answered('textbot/generate-response.json', '/api/generate_response', 200, { status: 'processing' });
  answered('textbot/status.json', '/api/status', 404, {
    status: 'failed',
    error_message: 'Запрос с таким ID не найден',
  });
  answered('textbot/balance.json', '/api/balance', 200, { balance: expect.any(Number) });
  answered('nsp/completions.json', '/api/v1/completions', 200, { object: 'text_completion' });
  answered('nsp/chat.json', '/api/v1/chat/completions', 200, {
    choices: [{ message: { content: answerTo('Hello!') } }],
  });
});

describe('The documents', () => {
  for (const path of Object.keys(PATCHES)) {
    const [language, complaint] = path.endsWith('.java')
      ? (['java', 'compilation failed'] as const)
      : (['python', 'SyntaxError'] as const);
    const toolchain = toolchains[language];
    test.skipIf(toolchain.state === 'missing')(`${path} has to be mended to run`, async () => {
      const text = await unmendedProgramFor(path, gateway.url, key);
      const { stderr } = await runProgram(language, toolchain as Found, { path, text });
      expect(stderr).toContain(complaint);
    });
  }

  test('have no program that is not tried', () => {
    // What Maven is told is part of the Java example.
    expect(listPrograms().filter((path) => !tried.has(path))).toEqual(['chatinfo/dependency.xml']);
  });
});
