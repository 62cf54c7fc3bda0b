// The built-in provider: no model, no network, no key. It answers deterministically, says that it is a demonstration,
// streams, counts tokens and is charged like any other, so that everything around a model can be tried at once.
import type { CallEvent, ChatCall, ImageCall, Message } from '../core/call.ts';
import { stopsOf, textsOf } from '../core/call.ts';
import { drawDemoPicture, sizeFor } from '../core/demo-picture.ts';
import { asWav, demoTone } from '../core/demo-sound.ts';
import { demoTranscript } from '../core/demo-transcript.ts';
import { demoRanking, demoVectors } from '../core/demo-vectors.ts';
import { unsupported } from '../core/fields.ts';
import { estimateTokens } from '../core/tokens.ts';
import type { LocalProvider } from './provider.ts';

/** Milliseconds between pieces of a stream: fast enough to be pleasant, slow enough to be seen. */
const PIECE_MS = 15;

const QUOTE_CHARS_MAX = 200;

export const demo: LocalProvider = {
  kind: 'local',
  name: 'demo',
  draw(call) {
    if (call.sources !== undefined) throw unsupported('image', 'The demonstration cannot change pictures.');
    return Array.from({ length: call.n }, (_, i) => ({
      bytes: drawDemoPicture(i === 0 ? pictureText(call) : `${pictureText(call)} ${i}`, sizeFor(call.aspectRatio)),
      contentType: 'image/png' as const,
    }));
  },
  works: {
    embedding: (call) => demoVectors(call.inputs, call.dimensions),
    rerank: demoRanking,
    speech({ text, format }) {
      const samples = demoTone(text);
      // The demonstration has no codecs, and says by the type what it gives.
      return format === 'pcm'
        ? { bytes: samples, contentType: 'audio/pcm' }
        : { bytes: asWav(samples), contentType: 'audio/wav' };
    },
    transcription: demoTranscript,
  },
  generate(call, sleep) {
    // Before anything is answered, so that the refusal has a status of its own even where the call streams.
    if (call.options.logprobs === true) throw unsupported('logprobs', '"logprobs" is not supported by this model.');
    return generateAnswer(call, sleep);
  },
};

async function* generateAnswer(call: ChatCall, sleep: (ms: number) => Promise<void>): AsyncGenerator<CallEvent> {
  const n = call.options.n ?? 1;
  const limit = call.options.maxOutputTokens ?? Number.POSITIVE_INFINITY;
  let outputTokens = 0;
  for (let choice = 0; choice < n; choice++) {
    for await (const event of generateChoice(call, choice, limit, sleep)) {
      if (event.kind === 'text') outputTokens += estimateTokens(event.text);
      if (event.kind === 'toolCall') outputTokens += estimateTokens((event.name ?? '') + event.argumentsJson);
      yield event;
    }
  }
  const inputTokens = estimateTokens(textsOf(call).join('\n'));
  yield {
    kind: 'usage',
    usage: { source: 'exact', inputTokens, cachedInputTokens: 0, outputTokens, reasoningTokens: 0, images: 0 },
  };
}

async function* generateChoice(
  call: ChatCall,
  choice: number,
  limit: number,
  sleep: (ms: number) => Promise<void>,
): AsyncGenerator<CallEvent> {
  const tool =
    call.options.toolChoice === 'required' || typeof call.options.toolChoice === 'object'
      ? call.options.tools?.[0]
      : undefined;
  if (tool !== undefined) {
    yield { kind: 'toolCall', choice, index: 0, id: `call_demo_${choice}`, name: tool.name, argumentsJson: '{}' };
    yield { kind: 'finish', choice, reason: 'tool_calls' };
    return;
  }
  let used = 0;
  for (const piece of pieces(beforeStop(demoText(call, choice), stopsOf(call.options) ?? []))) {
    const tokens = estimateTokens(piece);
    if (used + tokens > limit) {
      yield { kind: 'finish', choice, reason: 'length' };
      return;
    }
    used += tokens;
    if (call.stream) await sleep(PIECE_MS);
    yield { kind: 'text', choice, text: piece };
  }
  yield { kind: 'finish', choice, reason: 'stop' };
}

function pictureText(call: ImageCall): string {
  return [call.prompt, call.style, call.negativePrompt].filter((text) => text !== undefined).join('\n');
}

/** What the demonstration says: honest, in the language of the question, and the same every time. */
export function demoText(call: ChatCall, choice: number): string {
  const question = lastUserText(call.messages);
  const russian = /[а-яё]/i.test(question);
  if (call.options.responseFormat !== undefined && call.options.responseFormat.kind !== 'text') {
    return JSON.stringify({ demo: true, provider: 'Tolmach demo', question: cut(question) });
  }
  const variant = choice === 0 ? '' : russian ? ` Вариант ${choice + 1}.` : ` Variant ${choice + 1}.`;
  if (russian) {
    return `Это демонстрационный ответ Tolmach: настоящая модель не подключена.${variant} Вы написали: «${cut(question)}». Чтобы отвечала модель, задайте ключ поставщика, например OPENAI_API_KEY.`;
  }
  return `This is a demonstration answer from Tolmach: no real model is connected.${variant} You wrote: "${cut(question)}". To get answers from a model, set a provider's key, for example OPENAI_API_KEY.`;
}

/** The text up to the first stop sequence in it. */
function beforeStop(text: string, stops: readonly string[]): string {
  const ends = stops.map((stop) => (stop === '' ? -1 : text.indexOf(stop))).filter((at) => at >= 0);
  return text.slice(0, Math.min(text.length, ...ends));
}

function lastUserText(messages: readonly Message[]): string {
  const last = messages.findLast((message) => message.role === 'user');
  return last?.parts.map((part) => (part.kind === 'text' ? part.text : '[…]')).join(' ') ?? '';
}

function cut(text: string): string {
  const chars = [...text];
  return chars.length > QUOTE_CHARS_MAX ? `${chars.slice(0, QUOTE_CHARS_MAX).join('')}…` : text;
}

/** Words with the space that follows them, as models stream them. */
function pieces(text: string): string[] {
  return text.match(/\S+\s*/g) ?? [];
}
