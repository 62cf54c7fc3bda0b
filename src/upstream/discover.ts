// Asks servers that are found by address which models they have: a running Ollama on its usual port, and any vendor
// whose base URL was set. It runs beside the start and never delays it.
import { isObject } from '../core/fields.ts';
import type { Gateway } from '../pipeline/gateway.ts';
import { PROVIDERS } from '../providers/index.ts';
import type { Vendor } from '../providers/vendors.ts';
import type { Upstream } from './upstream.ts';

const TIMEOUT_MS = 3_000;
const MODELS_MAX = 500;

export async function discoverModels(gateway: Gateway): Promise<void> {
  const { environment } = gateway.config;
  const vendors = gateway.models.discoverable(environment);
  await Promise.all(
    vendors.map(async (vendor) => {
      const apiKey = vendor.keyEnv === null ? undefined : environment[vendor.keyEnv];
      const names = await listModels(gateway.upstream, vendor, apiKey);
      if (names.length > 0) gateway.models.addDiscovered(vendor, names, environment);
    }),
  );
}

/** The names that `GET {baseUrl}/models` lists; none where nobody answers. */
async function listModels(upstream: Upstream, vendor: Vendor, apiKey: string | undefined): Promise<string[]> {
  try {
    const url = `${vendor.baseUrl}/models`;
    const provider = PROVIDERS.find(({ name }) => name === (vendor.kind ?? 'openai-compatible'));
    const headers = provider?.kind === 'remote' ? provider.keyHeaders(apiKey) : {};
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answer = await upstream.send({ method: 'GET', url, origin: new URL(url).origin, headers, body: '' }, signal);
    const text = await upstream.readText(answer, signal);
    const body: unknown = answer.status === 200 ? JSON.parse(text) : undefined;
    const data = isObject(body) && Array.isArray(body['data']) ? body['data'] : [];
    return data
      .flatMap((model) => (isObject(model) && typeof model['id'] === 'string' ? [model['id']] : []))
      .slice(0, MODELS_MAX);
  } catch {
    // Nobody there is the usual case.
    return [];
  }
}
