// What is wrong with the providers and models of a configuration, as far as the schema of the file cannot see it.
import type { Environment } from '../config.ts';
import type { FileConfig } from '../config-schema.ts';
import { VENDORS } from '../providers/vendors.ts';
import { DEFAULT_KIND, declaredOptions, findProvider, isSwitchedOn, listsModels, optionsOf } from './model-book.ts';

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
  for (const [i, { kind, vendor, probeEveryMs }] of config.providers.entries()) {
    const spoken = kind ?? VENDORS.find((row) => row.name === vendor)?.kind ?? DEFAULT_KIND;
    if (probeEveryMs !== undefined && !listsModels(findProvider(spoken)))
      problems.push(`providers.${i}.probeEveryMs: "${spoken}" lists no models to ask for`);
  }
  for (const [i, { apiKey, apiKeys = [] }] of config.providers.entries()) {
    if (apiKey !== undefined && apiKeys.length > 0) problems.push(`providers.${i}: give either apiKey or apiKeys`);
    if (new Set(apiKeys).size < apiKeys.length) problems.push(`providers.${i}.apiKeys: a key is given twice`);
  }
  for (const [i, model] of config.models.entries()) {
    if (model.order === 'price' && model.targets.some(({ cost }) => cost === undefined))
      problems.push(`models.${i}: the order "price" needs the cost of every target`);
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
  for (const [i, provider] of config.providers.entries()) {
    keys.set(`providers.${i}.apiKey`, provider.apiKey ?? '');
    for (const [j, key] of (provider.apiKeys ?? []).entries()) keys.set(`providers.${i}.apiKeys.${j}`, key);
  }
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
    for (const { name, env, accepts } of declared) {
      const value = options[name];
      const place = where === '' ? env : `${where}options.${name}`;
      if (value === undefined) problems.push(`${place}: "${kind}" needs it`);
      else if (accepts?.test(value) === false) problems.push(`${place}: is not of the form that "${kind}" takes`);
      else if (accepts === undefined && !/^[\x21-\x7e]+$/.test(value))
        problems.push(`${place}: has characters that it cannot have`);
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
