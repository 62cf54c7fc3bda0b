// Fields of a chat's body that would change who pays for it, where it goes, or what it costs in a way that no price here
// tells, or that reach what belongs to the operator at the vendor. They are refused by name and never passed on, whatever
// vendor a customer hopes to find behind the model.
import type { JsonObject } from '../core/fields.ts';
import { unsupported } from '../core/fields.ts';

const STEERING: ReadonlySet<string> = new Set([
  // Addresses, keys and settings of the next hop, which LiteLLM and its like would obey.
  'api_base',
  'api_key',
  'base_url',
  'extra_body',
  'extra_headers',
  'organization',
  'user_config',
  // Other models and routes than the one that is priced. Source: OpenRouter's API reference, "Provider routing".
  'fallbacks',
  'model_list',
  'models',
  'plugins',
  'preset',
  'provider',
  'providers',
  'route',
  // Searches, which vendors bill by the call: OpenAI, xAI, DashScope.
  'enable_search',
  'search_options',
  'search_parameters',
  'web_search_options',
  // The bound on the output under a name of llama.cpp, which no hold would count on.
  'n_predict',
]);

/** Those that cost no more than a model's price. Vendors bill others, such as `priority`, at a multiple of it. */
const ORDINARY_TIERS: readonly unknown[] = ['auto', 'default', 'flex', 'on_demand', 'standard', 'standard_only'];

/** Throws `unsupported_parameter` for the first field of a body that would steer its call. */
export function refuseSteering(body: JsonObject): void {
  for (const name in body) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    if (STEERING.has(name)) throw unsupported(name, `"${name}" cannot be set by the caller.`);
    if (name === 'service_tier' && !ORDINARY_TIERS.includes(value))
      throw unsupported(name, `"service_tier" must be "auto", "default", or one that costs no more.`);
  }
}
