// What a call carries in the words of one wire family, told to a provider of another.
import type { ChatCall, Family } from '../core/call.ts';
import { unsupported } from '../core/fields.ts';

/** Carried fields of each family whose loss would make the answer a lie; all others may be left out. */
const NEEDED: Readonly<Record<Family, readonly string[]>> = {
  'openai-chat': ['audio'],
  // What would change the price or reach the operator's own things is refused before, whoever answers.
  'anthropic-messages': [],
};

/** Whether what the call only carries is in the words of another family. */
export function isForeign(call: ChatCall, family: Family): boolean {
  return call.family !== undefined && call.family !== family;
}

/** Refuses by name what a provider of another family cannot honour. */
export function refuseForeign({ family, extra, messages, options }: ChatCall): void {
  for (const name of family === undefined ? [] : NEEDED[family])
    if (extra[name] !== undefined && extra[name] !== null)
      throw unsupported(name, `"${name}" is not supported by this model.`);
  for (const { parts } of messages)
    for (const part of parts)
      if (part.kind === 'opaque' && part.isOptional !== true)
        throw unsupported(
          'messages',
          `Content of the type "${part.type.slice(0, 64)}" is not supported by this model.`,
        );
  for (const [i, tool] of (options.tools ?? []).entries())
    if (tool.opaque !== undefined)
      throw unsupported(`tools[${i}]`, `The tool "${tool.name.slice(0, 64)}" is not supported by this model.`);
}
