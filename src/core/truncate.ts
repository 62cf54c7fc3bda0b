// Cuts the text of a call to a plan's `maxInputChars`. Longer text is cut, never refused.
//
// Counted are Unicode code points of the text parts of all messages, as `textsOf` lists them: images, opaque parts,
// names and tool arguments have none. The order in which text goes:
//
// 1. Whole messages, oldest first, except system and developer messages and the last user message, wherever that one
//    stands. An assistant message with tool calls goes together with its tool answers, since vendors refuse either
//    without the other. As many go as are needed and no more, so the rest may begin with an assistant message.
// 2. The tail of the last user message, but not its last code point: vendors refuse an empty message. A call without
//    a user message has its last message, or its last tool calls with their answers, in that role.
// 3. The tail of the system text, where that alone fills the bound.
//
// Kept messages keep their images and opaque parts. Signs built of several code points, such as a family of emoji, may
// be cut between these; a surrogate pair never is. The result fits the bound, so cutting it again changes nothing.
import type { ChatCall, ImageCall, Message, Part } from './call.ts';

/** `charsCut` is how many code points are gone. It is 0 where nothing was cut, and the input itself is answered. */
export type Truncation = { readonly messages: readonly Message[]; readonly charsCut: number };

/** A call cut to a plan's bound; `null` is no bound. A call that was cut no longer has the bytes that it came as. */
export function truncateCall(
  call: ChatCall,
  charsMax: number | null,
  ownMessages = 0,
): { readonly call: ChatCall; readonly charsCut: number } {
  if (charsMax === null) return { call, charsCut: 0 };
  const { messages, charsCut } = truncateMessages(call.messages, charsMax, ownMessages);
  if (charsCut === 0) return { call, charsCut };
  const { source: _source, ...rest } = call;
  return { call: { ...rest, messages }, charsCut };
}

/** A picture's words cut to a plan's bound: its style goes first, then what it should not show, then the prompt's tail. */
export function truncateImage(
  call: ImageCall,
  charsMax: number | null,
): { readonly call: ImageCall; readonly charsCut: number } {
  const { prompt, negativePrompt, style } = call;
  const excess =
    sum([prompt, negativePrompt ?? '', style ?? ''].map(codePointsIn)) - (charsMax ?? Number.MAX_SAFE_INTEGER);
  if (excess <= 0) return { call, charsCut: 0 };
  let left = charsMax ?? 0;
  const take = (text: string): string => {
    const taken = firstCodePoints(text, left);
    left -= codePointsIn(taken);
    return taken;
  };
  const cut = {
    ...call,
    prompt: take(prompt),
    ...(negativePrompt === undefined ? {} : { negativePrompt: take(negativePrompt) }),
    ...(style === undefined ? {} : { style: take(style) }),
  };
  return { call: cut, charsCut: excess };
}

/**
 * Messages cut to `charsMax` code points. The first `ownMessages` of them are the gateway's own, such as a mode's
 * prompt: they are neither counted nor cut, because the bound is on what the customer sent.
 */
export function truncateMessages(messages: readonly Message[], charsMax: number, ownMessages = 0): Truncation {
  if (!Number.isSafeInteger(charsMax) || charsMax < 1) throw new RangeError(`a bound of ${charsMax} characters`);
  if (codeUnitsFit(messages, charsMax, ownMessages)) return { messages, charsCut: 0 };
  const own = messages.slice(0, ownMessages);
  const theirs = ownMessages === 0 ? messages : messages.slice(ownMessages);
  const lengths = theirs.map(messageCodePoints);
  const excess = sum(lengths) - charsMax;
  if (excess <= 0) return { messages, charsCut: 0 };

  const kept: Slots = [...theirs];
  let left = excess;
  const turns = turnsOf(theirs);
  const anchor = anchorOf(theirs, turns);
  for (const turn of turns) {
    if (left <= 0) break;
    if (turn === anchor) continue;
    for (const i of turn) {
      kept[i] = undefined;
      left -= lengths[i] ?? 0;
    }
  }
  const spare = sum(anchor.map((i) => lengths[i] ?? 0)) - 1;
  left -= cutTail(kept, anchor, Math.min(left, spare));
  left -= cutTail(kept, systemIndexes(theirs), left);
  return { messages: [...own, ...kept.filter((message) => message !== undefined)], charsCut: excess - left };
}

/** Unicode code points of a text; a lone surrogate counts as one. */
export function codePointsIn(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if (!isPairAt(text, i)) continue;
    count -= 1;
    i += 1;
  }
  return count;
}

/** The longest beginning of a text that has at most `count` code points. */
export function firstCodePoints(text: string, count: number): string {
  if (text.length <= count) return text;
  let end = 0;
  for (let taken = 0; taken < count && end < text.length; taken++) end += isPairAt(text, end) ? 2 : 1;
  return text.slice(0, end);
}

/** A text has at least as many code units as code points, and units need no counting. */
function codeUnitsFit(messages: readonly Message[], charsMax: number, ownMessages: number): boolean {
  let units = 0;
  for (let i = ownMessages; i < messages.length; i++) {
    for (const part of messages[i]?.parts ?? []) if (part.kind === 'text') units += part.text.length;
  }
  return units <= charsMax;
}

function messageCodePoints(message: Message): number {
  let count = 0;
  for (const part of message.parts) if (part.kind === 'text') count += codePointsIn(part.text);
  return count;
}

/** The messages by their first place, `undefined` where one was dropped. */
type Slots = (Message | undefined)[];

/** What is kept or dropped as one: a message, or an assistant's tool calls with their answers. In order of age. */
type Turn = number[];

/** A tool answer belongs to the nearest tool calls before it: ids alone do not tell, as some clients use them again. */
function turnsOf(messages: readonly Message[]): Turn[] {
  const turns: Turn[] = [];
  let toolTurn: Turn | undefined;
  for (const [i, message] of messages.entries()) {
    if (isSystem(message)) continue;
    if (message.role === 'tool' && toolTurn !== undefined) {
      toolTurn.push(i);
      continue;
    }
    const turn = [i];
    turns.push(turn);
    if (message.toolCalls !== undefined && message.toolCalls.length > 0) toolTurn = turn;
  }
  return turns;
}

/** The turn that is never dropped: the last user message or, without any, the last turn. Empty if there is none. */
function anchorOf(messages: readonly Message[], turns: readonly Turn[]): Turn {
  const lastUser = messages.findLastIndex((message) => message.role === 'user');
  return (lastUser === -1 ? turns.at(-1) : turns.find((turn) => turn[0] === lastUser)) ?? [];
}

function systemIndexes(messages: readonly Message[]): number[] {
  return [...messages.entries()].flatMap(([i, message]) => (isSystem(message) ? [i] : []));
}

function isSystem(message: Message): boolean {
  return message.role === 'system' || message.role === 'developer';
}

/** Cuts code points from the end of the text that the messages at `indexes` have together; answers how many. */
function cutTail(kept: Slots, indexes: readonly number[], count: number): number {
  let cut = 0;
  for (const i of indexes.toReversed()) {
    const message = kept[i];
    if (cut >= count || message === undefined) continue;
    const parts: Part[] = [];
    for (const part of message.parts.toReversed()) {
      const length = part.kind === 'text' && cut < count ? codePointsIn(part.text) : 0;
      const gone = Math.min(count - cut, length);
      if (part.kind !== 'text' || gone === 0) parts.unshift(part);
      else if (gone < length) parts.unshift({ ...part, text: firstCodePoints(part.text, length - gone) });
      cut += gone;
    }
    kept[i] = withParts(message, parts);
  }
  return cut;
}

/**
 * A system message of which nothing is left is dropped. A tool answer stays, empty, since its call waits for it; so do
 * the tool calls, which need no text.
 */
function withParts(message: Message, parts: Part[]): Message | undefined {
  if (parts.length > 0 || message.role === 'assistant') return { ...message, parts };
  return isSystem(message) ? undefined : { ...message, parts: [{ kind: 'text', text: '' }] };
}

function isPairAt(text: string, i: number): boolean {
  return (text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
