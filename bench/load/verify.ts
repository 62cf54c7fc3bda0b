// Every answer of every measure passes through here, so that no figure is ever measured on errors.
import { ANSWER_TEXT, streamText } from '../workload.ts';
import type { Answer } from './response-reader.ts';

const ANSWER_CONTENT = Buffer.from(JSON.stringify(ANSWER_TEXT)).toString('latin1');

/** Throws unless this is the upstream's whole answer with status 200. */
export function verifyCall(answer: Answer): void {
  if (answer.status !== 200 || !answer.body.includes(ANSWER_CONTENT) || !answer.body.endsWith('}'))
    throw new Error(`wrong answer to a call: ${describe(answer)}`);
}

/** Throws unless every frame arrived once and in order; returns how many events the stream had. */
export function verifyStream(answer: Answer, frames: number): number {
  if (answer.status !== 200) throw new Error(`a stream was refused: ${describe(answer)}`);
  const body = Buffer.from(answer.body, 'latin1').toString('utf8');
  const events = body.split('\n').flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trim()] : []));
  const last = events.at(-1) ?? '';
  if (last !== '[DONE]' && !last.includes('"message_stop"'))
    throw new Error(`a stream has no end: ${describe(answer)}`);
  let text = '';
  let finishes = 0;
  for (const event of events) {
    if (event === '[DONE]') continue;
    const { choices, delta } = JSON.parse(event) as EventLike;
    text += choices?.[0]?.delta?.content ?? delta?.text ?? '';
    if (choices?.[0]?.finish_reason === 'stop' || delta?.stop_reason === 'end_turn') finishes += 1;
  }
  if (text !== streamText(frames) || finishes !== 1)
    throw new Error(`a stream of ${frames} frames arrived with ${text.length} characters, ${finishes} finishes`);
  return events.length;
}

/** An event of either dialect. */
type EventLike = {
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly delta?: { readonly text?: string; readonly stop_reason?: string | null };
};

function describe(answer: Answer): string {
  return `status ${answer.status}, ${answer.head.slice(0, 300)} ${answer.body.slice(0, 300)}`;
}
