// What a model's name says of its kind, where nothing else does.
import type { ModelKind } from './call.ts';

/** Servers list models of all kinds by their names alone. */
const NAMES_OF_KINDS: readonly (readonly [pattern: RegExp, kind: ModelKind])[] = [
  [/rerank/i, 'rerank'],
  [/whisper|transcribe/i, 'transcription'],
  [/(^|[/-])tts([-/]|$)|kokoro/i, 'speech'],
  [/embed|minilm|(^|[/-])(bge|e5|gte)-/i, 'embedding'],
];

export function kindOfName(name: string): ModelKind {
  return NAMES_OF_KINDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'text';
}
