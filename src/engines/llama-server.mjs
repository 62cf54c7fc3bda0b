// llama.cpp around one model file, as a small server for the gateway that started this process. It runs in Node and by
// itself: native code that crashes or blocks must take no call of the gateway with it, and in Bun's own process this
// library has been seen to crash (oven-sh/bun#27320). It speaks as much of OpenAI's chat
// completions as providers/llama-cpp.ts asks for, listens on this machine alone and wants the key it was started with.
//
// Its first line of input is the settings, its first line of output the port or the problem. It ends when its input does,
// so that it never outlives the gateway, however that ended.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

/** What a customer gets who asks for nothing else: the defaults of llama.cpp's own server. */
const DEFAULTS = { temperature: 0.8, topK: 40, topP: 0.95, minP: 0.05 };
/** How often a silent answer shows that it is still being made. */
const SIGN_OF_LIFE_MS = 10_000;

/** Ctrl+C reaches the whole group, but running calls may end first: the gateway says when. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
const input = createInterface({ input: process.stdin });
input.on('close', () => process.exit());
input.once('line', (line) => start(JSON.parse(line)).catch((error) => fail('failed', error)));

function tell(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

function fail(problem, error) {
  tell({ problem, detail: String(error?.message ?? error).slice(0, 300) });
  process.exitCode = 1;
  input.close();
}

async function start(settings) {
  const library = await import('node-llama-cpp').catch((error) => fail('missing', error));
  if (library === undefined) return;
  const engine = await load(library, settings);
  const server = createServer((request, response) => {
    answer(engine, settings, request, response).catch((error) => refuse(response, 500, 'server_error', String(error)));
  });
  // The gateway bounds how long a call may take.
  Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 60_000 });
  server.on('error', (error) => fail('failed', error));
  server.listen(settings.port, '127.0.0.1', () => tell({ port: server.address().port }));
}

async function load({ getLlama, LlamaChat, LlamaLogLevel }, { file, contextTokens, parallel, gpuLayers, threads }) {
  const llama = await getLlama({
    build: 'never',
    logLevel: LlamaLogLevel.error,
    ...(gpuLayers === 0 ? { gpu: false } : {}),
    ...(threads > 0 ? { maxThreads: threads } : {}),
  });
  const model = await llama.loadModel({ modelPath: file, ...(gpuLayers === undefined ? {} : { gpuLayers }) });
  const context = await model.createContext({ contextSize: contextTokens, sequences: parallel });
  const free = Array.from({ length: parallel }, () => context.getSequence());
  return { llama, model, LlamaChat, free, waiting: [] };
}

async function answer(engine, { key, name }, request, response) {
  if (request.headers.authorization !== `Bearer ${key}`) return refuse(response, 401, 'invalid_api_key', 'Wrong key.');
  if (request.method === 'GET' && request.url === '/v1/models') {
    const data = [{ id: name, object: 'model', created: 0, owned_by: 'llama.cpp' }];
    return send(response, 200, { object: 'list', data });
  }
  if (request.method !== 'POST' || request.url !== '/v1/chat/completions')
    return refuse(response, 404, 'not_found', 'There is no such route.');
  const leaving = new AbortController();
  response.on('close', () => leaving.abort());
  // What is written to somebody who has left is lost, and no reason to end.
  response.on('error', () => undefined);
  const call = JSON.parse(await textOf(request));
  const sequence = await takeSequence(engine, leaving.signal);
  if (sequence === undefined) return;
  try {
    await complete(engine, sequence, call, response, leaving.signal);
  } finally {
    giveBack(engine, sequence);
  }
}

/** A sequence is the memory of one conversation. Who was ended a moment ago may still be about to let go of its own. */
function takeSequence({ free, waiting }, signal) {
  const sequence = free.pop();
  if (sequence !== undefined) return sequence;
  return new Promise((resolve) => {
    waiting.push(resolve);
    signal.addEventListener('abort', () => {
      const at = waiting.indexOf(resolve);
      if (at < 0) return;
      waiting.splice(at, 1);
      resolve(undefined);
    });
  });
}

function giveBack({ free, waiting }, sequence) {
  const next = waiting.shift();
  if (next === undefined) free.push(sequence);
  else next(sequence);
}

async function complete(engine, sequence, call, response, signal) {
  const { llama, model, LlamaChat } = engine;
  const chat = new LlamaChat({ contextSequence: sequence, autoDisposeSequence: false });
  try {
    const history = historyOf(call.messages);
    const { contextText } = chat.chatWrapper.generateContextState({ chatHistory: history });
    const inputTokens = contextText.tokenize(model.tokenizer).length;
    // Beyond the context llama.cpp would forget the beginning of the conversation without a word.
    const room = sequence.contextSize - inputTokens - 1;
    if (room < 1) {
      const message = `The messages have ${inputTokens} tokens, more than the ${sequence.contextSize} of the context.`;
      return refuse(response, 400, 'context_length_exceeded', message, 'messages');
    }
    const grammar = await grammarOf(llama, call.response_format).catch(() => undefined);
    if (grammar === undefined)
      return refuse(response, 400, 'invalid_schema', 'The schema cannot be kept to.', 'response_format');
    // What the sequence remembers is of another customer.
    await sequence.clearHistory();
    const writer = call.stream === true ? streamWriter(call, response) : wholeWriter(call, response);
    await generate(chat, history, call, { inputTokens, room, grammar, signal, writer });
  } finally {
    chat.dispose({ disposeSequence: false });
  }
}

async function generate(chat, history, call, { inputTokens, room, grammar, signal, writer }) {
  const before = chat.sequence.tokenMeter.getState();
  try {
    const { metadata } = await chat.generateResponse(history, {
      signal,
      maxTokens: Math.min(call.max_tokens ?? room, room),
      temperature: call.temperature ?? DEFAULTS.temperature,
      topP: call.top_p ?? DEFAULTS.topP,
      topK: call.top_k ?? DEFAULTS.topK,
      minP: DEFAULTS.minP,
      ...(call.seed == null ? {} : { seed: call.seed }),
      repeatPenalty: penaltiesOf(call, room),
      customStopTriggers: [call.stop ?? []].flat(),
      ...(grammar === null ? {} : { grammar }),
      onResponseChunk: ({ type, text }) => writer.text(text, type === 'segment'),
    });
    const used = chat.sequence.tokenMeter.diff(before);
    writer.end(metadata.stopReason === 'maxTokens' ? 'length' : 'stop', {
      prompt_tokens: inputTokens,
      completion_tokens: used.usedOutputTokens,
      total_tokens: inputTokens + used.usedOutputTokens,
    });
  } catch (error) {
    writer.fail(error);
  }
}

/** The tools and pictures of other models never come here: the provider has refused them. */
function historyOf(messages) {
  const history = messages.map(({ role, content }) => {
    const text = typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');
    if (role === 'assistant') return { type: 'model', response: [text] };
    return role === 'user' ? { type: 'user', text } : { type: 'system', text };
  });
  return [...history, { type: 'model', response: [] }];
}

/** `null` is no grammar at all. */
async function grammarOf(llama, format) {
  if (format?.type === 'json_object') return llama.getGrammarFor('json');
  if (format?.type === 'json_schema') return llama.createGrammarForJsonSchema(format.json_schema.schema);
  return null;
}

function penaltiesOf({ frequency_penalty: frequencyPenalty = 0, presence_penalty: presencePenalty = 0 }, room) {
  if (!frequencyPenalty && !presencePenalty) return false;
  return { lastTokens: room, penalty: 1, frequencyPenalty, presencePenalty, penalizeNewLine: true };
}

function streamWriter({ model, stream_options: options }, response) {
  const frame = (value) => response.write(`data: ${JSON.stringify(value)}\n\n`);
  const head = { id: `chatcmpl-${crypto.randomUUID()}`, object: 'chat.completion.chunk', created: now(), model };
  const chunk = (delta, finish = null) =>
    frame({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const alive = setInterval(() => response.write(': at work\n\n'), SIGN_OF_LIFE_MS);
  chunk({ role: 'assistant', content: '' });
  return {
    text: (text, isThought) => chunk(isThought ? { reasoning_content: text } : { content: text }),
    end(reason, usage) {
      clearInterval(alive);
      chunk({}, reason);
      if (options?.include_usage === true) frame({ ...head, choices: [], usage });
      response.end('data: [DONE]\n\n');
    },
    fail(error) {
      clearInterval(alive);
      response.end(`data: ${JSON.stringify(errorOf('server_error', String(error?.message ?? error)))}\n\n`);
    },
  };
}

function wholeWriter({ model }, response) {
  const texts = { content: '', reasoning_content: '' };
  response.writeHead(200, { 'content-type': 'application/json' });
  const alive = setInterval(() => response.write(' '), SIGN_OF_LIFE_MS);
  return {
    text(text, isThought) {
      texts[isThought ? 'reasoning_content' : 'content'] += text;
    },
    end(reason, usage) {
      clearInterval(alive);
      const { content, reasoning_content } = texts;
      const message = { role: 'assistant', content, ...(reasoning_content === '' ? {} : { reasoning_content }) };
      const choices = [{ index: 0, message, logprobs: null, finish_reason: reason }];
      const id = `chatcmpl-${crypto.randomUUID()}`;
      response.end(JSON.stringify({ id, object: 'chat.completion', created: now(), model, choices, usage }));
    },
    fail(error) {
      clearInterval(alive);
      response.end(JSON.stringify(errorOf('server_error', String(error?.message ?? error))));
    },
  };
}

function now() {
  return Math.floor(Date.now() / 1000);
}

async function textOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

function errorOf(code, message, param = null) {
  return { error: { message, type: code === 'server_error' ? code : 'invalid_request_error', param, code } };
}

function refuse(response, status, code, message, param) {
  if (response.headersSent) return response.destroy();
  send(response, status, errorOf(code, message, param));
}

function send(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
