// The public models and the targets behind them. Targets remember when their provider asked to be left alone.

import type { Environment } from '../config.ts';
import type { FileConfig } from '../config-schema.ts';
import type { ModelKind } from '../core/call.ts';
import { present } from '../core/fields.ts';
import { kindOfName } from '../core/model-kind.ts';
import type { Candidate, Health, Order } from '../core/routing.ts';
import { WELL } from '../core/routing.ts';
import { IMAGE_TOKENS_MAX } from '../core/tokens.ts';
import type { ModelPreset } from '../presets/models.ts';
import { PROVIDERS } from '../providers/index.ts';
import type { Provider, ProviderOption, Target, VendorQuirks } from '../providers/provider.ts';
import type { Vendor } from '../providers/vendors.ts';
import { VENDORS } from '../providers/vendors.ts';
import type { ProviderKey } from './provider-keys.ts';
import { ProviderKeys } from './provider-keys.ts';
import type { AnswerKind } from './target-choice.ts';

type KeptHealth = { -readonly [field in keyof Health]: Health[field] };

/** A target of a model and what is remembered of it. Failures that are not a key's are remembered here. */
export type Route = KeptHealth &
  Candidate & {
    readonly provider: Provider;
    /** With the first of the keys. */
    readonly target: Target;
    readonly keys: ProviderKeys;
    /** The target with each of the keys. */
    readonly keyed: readonly KeyedTarget[];
    /** What it costs, for models that are ordered by price. */
    readonly cost: number | undefined;
    /** How long it took of late to begin an answer. */
    readonly firstByteMs: { [kind in AnswerKind]?: number };
  };

/** A target with one of its provider's keys: where an attempt goes. */
export type KeyedTarget = {
  readonly provider: Provider;
  readonly target: Target;
  readonly route: Route;
  readonly key: ProviderKey;
  /** What is remembered of this key at this target; where there is one key it is the target's own. */
  readonly health: KeptHealth;
};

export type Model = {
  readonly name: string;
  readonly ownedBy: string;
  readonly kind: ModelKind;
  readonly maxOutputTokens: number;
  /** What its vendors count for a picture that they are shown, at the most. */
  readonly imageTokensMax: number;
  readonly routes: readonly Route[];
  /** What decides among targets of the same priority; their weights where absent. */
  readonly order?: Order;
};

/** What a model says of one of its targets. */
type Preference = Pick<Candidate, 'priority' | 'weight'> & Pick<Target, 'maxOutputTokens'> & Pick<Route, 'cost'>;

type Source = {
  readonly provider: Provider;
  readonly providerName: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly keys: ProviderKeys;
  readonly ca?: string;
  readonly proxy?: string;
  readonly quirks: VendorQuirks;
};

export const DEFAULT_KIND = 'openai-compatible';
/** Output tokens that a call may have where neither it nor its model names a bound. */
const DEFAULT_MAX_OUTPUT_TOKENS = 4096;
const DEFAULT_QUIRKS: VendorQuirks = { maxTokensField: 'max_tokens', streamsAreStrict: false, unsupported: [] };

export class ModelBook {
  readonly #models = new Map<string, Model>();
  readonly #sources = new Map<string, Source>();

  constructor(
    config: Pick<FileConfig, 'providers' | 'models'>,
    environment: Environment,
    presets: readonly ModelPreset[],
  ) {
    for (const vendor of VENDORS) this.#addVendor(vendor, environment);
    for (const provider of config.providers) this.#addConfigured(provider, environment);
    const hasReal = this.#sources.size > 0;
    this.#sources.set('demo', {
      provider: findProvider('demo'),
      providerName: 'demo',
      baseUrl: '',
      apiKey: undefined,
      options: {},
      keys: new ProviderKeys([undefined]),
      quirks: DEFAULT_QUIRKS,
    });
    for (const preset of presets) this.#addPreset(preset, hasReal);
    for (const model of config.models) {
      const routes = model.targets.map((target) =>
        this.routeTo(target.provider, target.model, { ...target, maxOutputTokens: model.maxOutputTokens }),
      );
      this.#models.set(model.name, { ...model, routes });
    }
  }

  find(name: string): Model | undefined {
    return this.#models.get(name);
  }

  list(): Model[] {
    return [...this.#models.values()];
  }

  /** The targets of a provider, of all models. */
  routesOf(providerName: string): Route[] {
    return this.list().flatMap(({ routes }) => routes.filter(({ target }) => target.providerName === providerName));
  }

  /** Names of the providers that are switched on, the demo among them. */
  providerNames(): string[] {
    return [...this.#sources.keys()];
  }

  /** Servers to ask for their models at start: those found by address, and those that no built-in model names. */
  discoverable(environment: Environment): Vendor[] {
    const named = new Set(this.list().flatMap((model) => model.routes.map((route) => route.target.providerName)));
    return VENDORS.filter((vendor) => {
      if (!listsModels(findProvider(vendor.kind ?? DEFAULT_KIND))) return false;
      const isByAddress = vendor.isProbed === true || (environment[baseUrlEnv(vendor)] ?? '') !== '';
      return isByAddress || (this.#sources.has(vendor.name) && !named.has(vendor.name));
    }).map((vendor) => ({ ...vendor, baseUrl: baseUrlOf(vendor, environment) }));
  }

  /**
   * Adds models that a running server says it has. Names that are known and answered by a real provider gain no second
   * meaning. From now on the demo answers in no other name than its own.
   */
  addDiscovered(vendor: Vendor, names: readonly string[], environment: Environment): void {
    if (!this.#sources.has(vendor.name)) this.#addSource(vendor, environment);
    for (const model of this.list()) {
      const routes = model.routes.filter((route) => route.provider.kind !== 'local');
      if (model.name !== 'demo') this.#models.set(model.name, { ...model, routes });
    }
    for (const name of names) {
      if ((this.#models.get(name)?.routes.length ?? 0) > 0) continue;
      const routes = [this.routeTo(vendor.name, name)];
      const maxOutputTokens = DEFAULT_MAX_OUTPUT_TOKENS;
      const kind = kindOfName(name);
      const bounds = { maxOutputTokens, imageTokensMax: IMAGE_TOKENS_MAX };
      this.#models.set(name, { name, ownedBy: vendor.name, kind, ...bounds, routes });
    }
  }

  #addVendor(vendor: Vendor, environment: Environment): void {
    if (isSwitchedOn(vendor, environment)) this.#addSource(vendor, environment);
  }

  #addSource(vendor: Vendor, environment: Environment): void {
    const apiKey = vendor.keyEnv === null ? undefined : environment[vendor.keyEnv];
    const baseUrl = baseUrlOf(vendor, environment);
    const provider = findProvider(vendor.kind ?? DEFAULT_KIND);
    const options = optionsOf(provider, {}, environment);
    this.#sources.set(vendor.name, {
      provider,
      providerName: vendor.name,
      baseUrl,
      apiKey,
      options,
      keys: new ProviderKeys([apiKey], { concurrency: concurrencyOf(provider, options) }),
      quirks: vendor.quirks,
    });
  }

  #addConfigured(config: FileConfig['providers'][number], environment: Environment): void {
    const vendor = VENDORS.find((row) => row.name === config.vendor);
    const kind = config.kind ?? vendor?.kind ?? DEFAULT_KIND;
    const provider = findProvider(kind);
    const options = optionsOf(provider, config.options, vendor === undefined ? {} : environment);
    const apiKeys = config.apiKeys ?? [config.apiKey ?? (vendor?.keyEnv ? environment[vendor.keyEnv] : undefined)];
    const concurrency = config.concurrency ?? concurrencyOf(provider, options);
    this.#sources.set(config.name, {
      provider,
      providerName: config.name,
      options,
      baseUrl: (config.baseUrl ?? vendor?.baseUrl ?? '').replace(/\/+$/, ''),
      apiKey: apiKeys[0],
      keys: new ProviderKeys(apiKeys, { concurrency, perMinute: config.perMinute }),
      ...present({ ca: config.ca, proxy: config.proxy }),
      // Streams of messages have blocks that only their own family can say, so they are always passed on.
      quirks: vendor?.quirks ?? { ...DEFAULT_QUIRKS, streamsAreStrict: kind === 'anthropic' },
    });
  }

  /** Never lets the demo answer in a real model's name once any real provider is there. */
  #addPreset(preset: ModelPreset, hasReal: boolean): void {
    const vendors = Object.entries(preset.vendors).filter(([vendor]) => this.#sources.has(vendor));
    const { name, ownedBy, kind = 'text', maxOutputTokens, imageTokensMax = IMAGE_TOKENS_MAX } = preset;
    const routes = vendors.map(([vendor, upstream], priority) =>
      this.routeTo(vendor, upstream, { priority, maxOutputTokens }),
    );
    if (routes.length === 0 && !hasReal) routes.push(this.routeTo('demo', name));
    this.#models.set(name, { name, ownedBy, kind, maxOutputTokens, imageTokensMax, routes });
  }

  /** The way to a provider's model. Throws where there is no such provider. */
  routeTo(
    providerName: string,
    upstreamModel: string,
    { priority = 0, weight = 1, maxOutputTokens = DEFAULT_MAX_OUTPUT_TOKENS, cost }: Partial<Preference> = {},
  ): Route {
    const source = this.#sources.get(providerName);
    if (source === undefined) throw new Error(`there is no provider "${providerName}"`);
    const { provider, keys, ...where } = source;
    const origin = where.baseUrl === '' ? '' : new URL(where.baseUrl).origin;
    const target = { ...where, origin, upstreamModel, maxOutputTokens };
    const keyed: KeyedTarget[] = [];
    const route: Route = { ...WELL, provider, target, priority, weight, cost, keys, keyed, firstByteMs: {} };
    for (const key of keys.all) {
      const health = keys.all.length === 1 ? route : { ...WELL };
      keyed.push({ provider, target: { ...target, apiKey: key.apiKey }, route, key, health });
    }
    return route;
  }
}

/** Only those whose protocol is one that clients speak list their models in the way that clients read. */
export function listsModels(provider: Provider): boolean {
  return provider.kind === 'remote' && provider.chat?.family !== undefined;
}

function concurrencyOf(provider: Provider, options: Readonly<Record<string, string>>): number | undefined {
  return provider.kind === 'remote' ? provider.concurrency?.(options) : undefined;
}

/** What the provider asks for, from the file, the environment, or its fallback, in this order. */
export function optionsOf(
  provider: Provider,
  given: Readonly<Record<string, string>>,
  environment: Environment,
): Readonly<Record<string, string>> {
  const options: Record<string, string> = {};
  for (const { name, env, fallback } of declaredOptions(provider)) {
    const value = given[name] ?? ((env === undefined ? undefined : environment[env]) || fallback);
    if (value !== undefined) options[name] = value;
  }
  return options;
}

export function declaredOptions(provider: Provider): readonly ProviderOption[] {
  return provider.kind === 'remote' ? (provider.options ?? []) : [];
}

/** A vendor is there once it has a key, or an address where it needs none. */
export function isSwitchedOn(vendor: Vendor, environment: Environment): boolean {
  return (environment[vendor.keyEnv ?? baseUrlEnv(vendor)] ?? '') !== '';
}

export function findProvider(kind: string): Provider {
  const provider = PROVIDERS.find((candidate) => candidate.name === kind);
  if (provider === undefined) throw new Error(`there is no provider kind "${kind}"`);
  return provider;
}

/** `OPENAI_API_KEY` goes with `OPENAI_BASE_URL`; a vendor without a key is named by itself. */
export function baseUrlEnv(vendor: Vendor): string {
  const stem =
    vendor.keyEnv === null
      ? vendor.name.toUpperCase().replace(/[^A-Z0-9]/g, '')
      : vendor.keyEnv.replace(/_(API_KEY|CREDENTIALS)$/, '');
  return `${stem}_BASE_URL`;
}

/** Anthropic's own clients take an address without the version, in the same variable. */
function baseUrlOf(vendor: Vendor, environment: Environment): string {
  const url = (environment[baseUrlEnv(vendor)] || vendor.baseUrl).replace(/\/+$/, '');
  return vendor.kind === 'anthropic' && !/\/v\d+$/.test(url) ? `${url}/v1` : url;
}
