// What bad requests are sent to: a gateway that serves every model of the presets, so that what is well said is served
// as well, with customers who have enough for all of it.
import { MODEL_PRESETS } from '../../src/presets/models.ts';
import type { GatewayClient } from '../../src/testing/gateway-client.ts';
import { ADMIN_TOKEN } from '../../src/testing/gateway-client.ts';
import type { Credentials } from './mutate-request.ts';

const CUSTOMERS = 12;

const PROVIDERS = ['demo', 'first', 'claude'];

const target = (provider: string) => ({ provider, model: 'upstream-model' });

/**
 * Models are the demo's, of an OpenAI-like vendor and of Anthropic by turns. Pictures are never the demo's: drawing them
 * would take most of the time.
 */
export const FUZZED_SETTINGS = {
  models: [
    { name: 'strict', targets: [target('first')] },
    { name: 'loose', targets: [target('untidy')] },
    { name: 'claude', targets: [target('claude')] },
    { name: 'picture', kind: 'image', targets: [target('first')] },
    ...MODEL_PRESETS.map(({ name, kind = 'text' }, i) => ({
      name,
      kind,
      targets: [target(kind === 'image' ? 'first' : (PROVIDERS[i % PROVIDERS.length] as string))],
    })),
  ],
  webhooks: { allowHosts: ['127.0.0.1:9'] },
  timeouts: { firstByteMs: 20_000, idleMs: 20_000, callMs: 30_000 },
};

/** Three of four pay by requests, the others by money. */
export async function openCredentials(gateway: GatewayClient): Promise<Credentials> {
  const keys: string[] = [];
  for (let i = 0; i < CUSTOMERS; i++) {
    const customer = await (i % 4 === 3
      ? gateway.customer('money', { rub: '900000000' })
      : gateway.customer('requests', { requests: 100_000_000 }));
    keys.push(customer.key);
  }
  return { keys, adminToken: ADMIN_TOKEN };
}
