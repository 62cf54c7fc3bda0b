// The public models and the targets behind them. Targets remember when their provider asked to be left alone.

import type { Environment } from '../config.ts';
import type { FileConfig } from '../config-schema.ts';
import type { ModelKind } from '../core/call.ts';
import { present } from '../core/fields.ts';
import { kindOfName } from '../core/model-kind.ts';
import type { Candidate } from '../core/routing.ts';
import type { ModelPreset } from '../presets/models.ts';
import { PROVIDERS } from '../providers/index.ts';
import type { Provider, ProviderOption, Target, VendorQuirks } from '../providers/provider.ts';
import type { Vendor } from '../providers/vendors.ts';
import { VENDORS } from '../providers/vendors.ts';

export type Route = Candidate & {
  coolUntilMs: number;
  failuresInRow: number;
  readonly provider: Provider;
  readonly target: Target;
};

export type Model = {
  readonly name: string;
  readonly ownedBy: string;
  readonly kind: ModelKind;
  readonly maxOutputTokens: number;
  readonly routes: readonly Route[];
};

/** What a model says of one of its targets. */
type Preference = Pick<Candidate, 'priority' | 'weight'> & Pick<Target, 'maxOutputTokens'>;

type Source = {
  readonly provider: Provider;
  readonly providerName: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly options: Readonly<Record<string, string>>;
  readonly ca?: string;
  readonly concurrency?: number;
  readonly quirks: VendorQuirks;
};

const DEFAULT_KIND = 'openai-compatible';
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
      this.#models.set(name, { name, ownedBy: vendor.name, kind: kindOfName(name), maxOutputTokens, routes });
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
      ...present({ concurrency: concurrencyOf(provider, options) }),
      quirks: vendor.quirks,
    });
  }

  #addConfigured(config: FileConfig['providers'][number], environment: Environment): void {
    const vendor = VENDORS.find((row) => row.name === config.vendor);
    const kind = config.kind ?? vendor?.kind ?? DEFAULT_KIND;
    const provider = findProvider(kind);
    const options = optionsOf(provider, config.options, vendor === undefined ? {} : environment);
    this.#sources.set(config.name, {
      provider,
      providerName: config.name,
      options,
      ...present({ ca: config.ca, concurrency: config.concurrency ?? concurrencyOf(provider, options) }),
      baseUrl: (config.baseUrl ?? vendor?.baseUrl ?? '').replace(/\/+$/, ''),
      apiKey: config.apiKey ?? (vendor?.keyEnv ? environment[vendor.keyEnv] : undefined),
      // Streams of messages have blocks that only their own family can say, so they are always passed on.
      quirks: vendor?.quirks ?? { ...DEFAULT_QUIRKS, streamsAreStrict: kind === 'anthropic' },
    });
  }

  /** Never lets the demo answer in a real model's name once any real provider is there. */
  #addPreset(preset: ModelPreset, hasReal: boolean): void {
    const vendors = Object.entries(preset.vendors).filter(([vendor]) => this.#sources.has(vendor));
    const { name, ownedBy, kind = 'text', maxOutputTokens } = preset;
    const routes = vendors.map(([vendor, upstream], priority) =>
      this.routeTo(vendor, upstream, { priority, maxOutputTokens }),
    );
    if (routes.length === 0 && !hasReal) routes.push(this.routeTo('demo', name));
    this.#models.set(name, { name, ownedBy, kind, maxOutputTokens, routes });
  }

  /** The way to a provider's model. Throws where there is no such provider. */
  routeTo(
    providerName: string,
    upstreamModel: string,
    { priority = 0, weight = 1, maxOutputTokens = DEFAULT_MAX_OUTPUT_TOKENS }: Partial<Preference> = {},
  ): Route {
    const source = this.#sources.get(providerName);
    if (source === undefined) throw new Error(`there is no provider "${providerName}"`);
    const { provider, ...where } = source;
    const origin = where.baseUrl === '' ? '' : new URL(where.baseUrl).origin;
    const target = { ...where, origin, upstreamModel, maxOutputTokens };
    return { provider, target, priority, weight, coolUntilMs: 0, failuresInRow: 0 };
  }
}

/** Only those whose protocol is one that clients speak list their models in the way that clients read. */
function listsModels(provider: Provider): boolean {
  return provider.kind === 'remote' && provider.chat?.family !== undefined;
}

function concurrencyOf(provider: Provider, options: Readonly<Record<string, string>>): number | undefined {
  return provider.kind === 'remote' ? provider.concurrency?.(options) : undefined;
}

/** What the provider asks for, from the file, the environment, or its fallback, in this order. */
function optionsOf(
  provider: Provider,
  given: Readonly<Record<string, string>>,
  environment: Environment,
): Readonly<Record<string, string>> {
  const options: Record<string, string> = {};
  for (const { name, env, fallback } of declaredOptions(provider)) {
    const value = given[name] ?? (environment[env] || fallback);
    if (value !== undefined) options[name] = value;
  }
  return options;
}

function declaredOptions(provider: Provider): readonly ProviderOption[] {
  return provider.kind === 'remote' ? (provider.options ?? []) : [];
}

/** Everything about providers and models that the schema of the file cannot see, all of it at once. */
export function modelProblems(
  config: Pick<FileConfig, 'providers' | 'models' | 'moderation'>,
  environment: Environment,
): string[] {
  const problems = keyProblems(config, environment);
  const names = new Set(['demo', ...config.providers.map((provider) => provider.name)]);
  for (const vendor of VENDORS) if (isSwitchedOn(vendor, environment)) names.add(vendor.name);
  problems.push(...optionProblems(config, environment));
  for (const [i, { name, vendor }] of config.providers.entries()) {
    if (name === 'demo') problems.push(`providers.${i}: "demo" is the name of the built-in provider`);
    if (vendor !== undefined && VENDORS.every((row) => row.name !== vendor))
      problems.push(`providers.${i}.vendor: there is no vendor "${vendor}"`);
  }
  for (const [i, model] of config.models.entries()) {
    for (const [j, { provider }] of model.targets.entries())
      if (!names.has(provider)) problems.push(`models.${i}.targets.${j}: there is no provider "${provider}"`);
  }
  const moderating = config.moderation.provider;
  if (moderating !== undefined && !names.has(moderating))
    problems.push(`moderation: there is no provider "${moderating}"`);
  return problems;
}

/** What is no printable ASCII cannot stand in a header, and every call would fail as if the network did. */
function keyProblems(config: Pick<FileConfig, 'providers'>, environment: Environment): string[] {
  const keys = new Map(VENDORS.flatMap(({ keyEnv }) => (keyEnv === null ? [] : [[keyEnv, environment[keyEnv] ?? '']])));
  for (const [i, provider] of config.providers.entries()) keys.set(`providers.${i}.apiKey`, provider.apiKey ?? '');
  const wrong = [...keys].filter(([, key]) => !/^[\x21-\x7e]*$/.test(key));
  return wrong.map(([where]) => `${where}: has characters that no key can have`);
}

/** An option that its provider does not know, one that it cannot do without, and what no header can hold. */
function optionProblems(config: Pick<FileConfig, 'providers'>, environment: Environment): string[] {
  const problems: string[] = [];
  const check = (kind: string, given: Readonly<Record<string, string>>, from: Environment, where: string) => {
    const declared = declaredOptions(findProvider(kind));
    for (const name of Object.keys(given))
      if (declared.every((option) => option.name !== name))
        problems.push(`${where}options.${name}: there is no such option of "${kind}"`);
    const options = optionsOf(findProvider(kind), given, from);
    for (const { name, env } of declared) {
      const value = options[name];
      const place = where === '' ? env : `${where}options.${name}`;
      if (value === undefined) problems.push(`${place}: "${kind}" needs it`);
      else if (!/^[\x21-\x7e]+$/.test(value)) problems.push(`${place}: has characters that it cannot have`);
    }
  };
  for (const vendor of VENDORS)
    if (isSwitchedOn(vendor, environment) && config.providers.every(({ name }) => name !== vendor.name))
      check(vendor.kind ?? DEFAULT_KIND, {}, environment, '');
  for (const [i, provider] of config.providers.entries()) {
    const vendor = VENDORS.find((row) => row.name === provider.vendor);
    const from = vendor === undefined ? {} : environment;
    check(provider.kind ?? vendor?.kind ?? DEFAULT_KIND, provider.options, from, `providers.${i}.`);
  }
  return problems;
}

/** A vendor is there once it has a key, or an address where it needs none. */
function isSwitchedOn(vendor: Vendor, environment: Environment): boolean {
  return (environment[vendor.keyEnv ?? baseUrlEnv(vendor)] ?? '') !== '';
}

function findProvider(kind: string): Provider {
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
