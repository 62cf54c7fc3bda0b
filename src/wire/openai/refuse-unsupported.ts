// Refuses what a vendor of this family takes without honouring it, by the parameter's name.
import type { ChatCall } from '../../core/call.ts';
import { unsupported } from '../../core/fields.ts';

/** The names in `parameters` are those of the wire; each is asked of the neutral call. */
export function refuseUnsupported({ options: o, messages }: ChatCall, parameters: readonly string[]): void {
  const asked: Record<string, () => boolean> = {
    n: () => (o.n ?? 1) > 1,
    logprobs: () => o.logprobs === true,
    logit_bias: () => o.logitBias !== undefined,
    top_k: () => o.topK !== undefined,
    tool_choice: () => o.toolChoice !== undefined && o.toolChoice !== 'auto',
    tools: () => o.tools !== undefined,
    response_format: () => o.responseFormat?.kind === 'schema',
    stop: () => (o.stop?.length ?? 0) > 0,
    image_url: () =>
      messages.some(({ parts }) => parts.some((part) => part.kind === 'image' && !part.url.startsWith('data:'))),
  };
  for (const name of parameters) {
    if (asked[name]?.() !== true) continue;
    if (name !== 'image_url') throw unsupported(name, `"${name}" is not supported by this model.`);
    const message = 'Addresses of pictures are not supported by this model: send a picture as a data: URL.';
    throw unsupported('messages', message);
  }
}
