// Turns a text prompt of the Human/Assistant kind into messages. Source: Anthropic's documentation of text completions.
import type { Message } from '../core/call.ts';

const TURN = /(?:^|\r?\n\r?\n)(Human|Assistant):/g;

/**
 * The messages of a prompt. Text before the first turn is the system message. A last, empty Assistant turn is where
 * the answer goes; one with text is the beginning of the answer and stays as an assistant message. A prompt without
 * turns is one user message.
 */
export function messagesOfPrompt(prompt: string): Message[] {
  const marks = [...prompt.matchAll(TURN)];
  const first = marks[0];
  if (first === undefined) return [user(prompt.trim())];
  const messages: Message[] = [];
  const before = prompt.slice(0, first.index).trim();
  if (before !== '') messages.push({ role: 'system', parts: [{ kind: 'text', text: before }] });
  for (const [i, mark] of marks.entries()) {
    const text = prompt.slice(mark.index + mark[0].length, marks[i + 1]?.index).trim();
    if (text === '') continue;
    messages.push(mark[1] === 'Human' ? user(text) : { role: 'assistant', parts: [{ kind: 'text', text }] });
  }
  return messages.length === 0 ? [user('')] : messages;
}

function user(text: string): Message {
  return { role: 'user', parts: [{ kind: 'text', text }] };
}
