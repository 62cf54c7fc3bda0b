// The only reader of the environment and of the configuration file. It reports every problem at once, so that an
// operator mends them in one go, and answers one frozen object that is passed down explicitly.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { z } from 'zod';
import type { PlanConfig } from './config-plan-schema.ts';
import type { FileConfig } from './config-schema.ts';
import { fileSchema } from './config-schema.ts';
import { Calendar } from './core/calendar.ts';
import type { Plan } from './core/plan.ts';
import { SERVICES } from './presets/services.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type Config = FileConfig & {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly publicUrl: string;
  readonly logLevel: LogLevel;
  /** One of the documented services, or `undefined` for all of them together. */
  readonly preset: string | undefined;
  /** The environment that vendors' keys are looked up in. */
  readonly environment: Environment;
};

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What is wrong with the configuration, all of it. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

export function loadConfig(environment: Environment): Config {
  const problems: string[] = [];
  const file = readFile(environment, problems);
  const port = readPort(environment, problems);
  const host = environment['HOST'] || '127.0.0.1';
  const logLevel = (environment['LOG_LEVEL'] || 'info') as LogLevel;
  if (!LOG_LEVELS.includes(logLevel)) problems.push(`LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`);
  const publicUrl =
    environment['PUBLIC_URL'] || file?.publicUrl || `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!/^https?:\/\/\S+$/.test(publicUrl)) problems.push('PUBLIC_URL must be an http or https address');
  const preset = environment['PRESET'] || undefined;
  if (preset !== undefined && !Object.hasOwn(SERVICES, preset))
    problems.push(`PRESET must be one of ${Object.keys(SERVICES).join(', ')}`);
  if (file !== undefined) checkReferences(file, problems);
  const folder = dirname(environment['CONFIG'] ?? '.');
  const providers = findModelFiles(readCertificates(file?.providers ?? [], folder, problems), folder, problems);
  if (problems.length > 0 || file === undefined) throw new ConfigError(problems);
  return Object.freeze({
    ...file,
    providers,
    port,
    host,
    dataDir: resolve(environment['DATA_DIR'] || './data'),
    databaseUrl: environment['DATABASE_URL'] || undefined,
    publicUrl: publicUrl.replace(/\/+$/, ''),
    logLevel,
    preset,
    environment,
  });
}

function readPort(environment: Environment, problems: string[]): number {
  const text = environment['PORT'] || '8080';
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) problems.push('PORT must be a number from 0 to 65535');
  return port;
}

function readFile(environment: Environment, problems: string[]): FileConfig | undefined {
  const path = environment['CONFIG'];
  const missing = new Map<string, string>();
  let data: unknown = {};
  if (path) {
    try {
      data = substitute(Bun.YAML.parse(readFileSync(path, 'utf8')) ?? {}, environment, '', missing);
    } catch (error) {
      problems.push(`CONFIG ${path}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
  const parsed = fileSchema.safeParse(data);
  for (const [field, name] of missing) problems.push(`${field}: the environment has no ${name}`);
  if (parsed.success) return parsed.data;
  // What is wrong with a value that is missing is only that it is missing.
  const isMissing = (line: string) => missing.has(line.slice(0, line.indexOf(':')));
  problems.push(...describeIssues(parsed.error).filter((line) => !isMissing(line)));
  return undefined;
}

/** One line for each issue, with the path of the field, or `whole` where it is about all of them. */
export function describeIssues(error: z.ZodError, whole = 'the file'): string[] {
  return error.issues.map((issue) => `${issue.path.join('.') || whole}: ${issue.message}`);
}

/** Replaces `${NAME}` and `${NAME:-default}` in strings by the environment's values, and notes those it has not. */
function substitute(value: unknown, environment: Environment, path: string, missing: Map<string, string>): unknown {
  if (typeof value === 'string') {
    return value.replace(
      /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
      (_, name: string, fallback: string | undefined) => {
        const found = environment[name] || fallback;
        if (found === undefined) missing.set(path, name);
        return found ?? '';
      },
    );
  }
  if (Array.isArray(value)) return value.map((item, i) => substitute(item, environment, `${path}.${i}`, missing));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      substitute(item, environment, path === '' ? key : `${path}.${key}`, missing),
    ]),
  );
}

/** The providers with the text of their certificates in place of its path. */
function readCertificates(
  providers: FileConfig['providers'],
  folder: string,
  problems: string[],
): FileConfig['providers'] {
  return providers.map((provider, i) => {
    const { ca } = provider;
    if (ca === undefined || ca.includes('-----BEGIN CERTIFICATE-----')) return provider;
    try {
      const text = readFileSync(resolve(folder, ca), 'utf8');
      if (!text.includes('-----BEGIN CERTIFICATE-----')) problems.push(`providers.${i}.ca: ${ca} is no PEM file`);
      return { ...provider, ca: text };
    } catch (error) {
      problems.push(`providers.${i}.ca: ${error instanceof Error ? error.message : String(error)}`);
      return provider;
    }
  });
}

/** The providers with the whole paths of the model files that they run. */
function findModelFiles(
  providers: FileConfig['providers'],
  folder: string,
  problems: string[],
): FileConfig['providers'] {
  return providers.map((provider, i) => {
    const { file } = provider.options;
    if (provider.kind !== 'llama-cpp' || file === undefined) return provider;
    const path = resolve(folder, file);
    if (!existsSync(path)) problems.push(`providers.${i}.options.file: there is no file ${path}`);
    return { ...provider, options: { ...provider.options, file: path } };
  });
}

function checkReferences(file: FileConfig, problems: string[]): void {
  try {
    new Calendar(file.timeZone);
  } catch {
    problems.push(`timeZone: "${file.timeZone}" is not an IANA time zone`);
  }
  for (const [list, names] of Object.entries({
    providers: file.providers.map((provider) => provider.name),
    models: file.models.map((model) => model.name),
    plans: file.plans.map((plan) => plan.id),
  })) {
    for (const twice of names.filter((name, i) => names.indexOf(name) !== i))
      problems.push(`${list}: "${twice}" is given twice`);
  }
  for (const [i, provider] of file.providers.entries()) {
    const isHere = provider.kind === 'demo' || provider.kind === 'llama-cpp';
    if (!isHere && provider.vendor === undefined && provider.baseUrl === undefined)
      problems.push(`providers.${i}: needs a vendor or a baseUrl`);
  }
  checkModeration(file.moderation, problems);
}

function checkModeration({ kind, provider, model }: FileConfig['moderation'], problems: string[]): void {
  if (kind === 'openai' && provider === undefined) problems.push('moderation: the kind "openai" needs a provider');
  if (kind === 'judge' && model === undefined) problems.push('moderation: the kind "judge" needs a public model');
  if (kind !== 'openai' && provider !== undefined) problems.push(`moderation: the kind "${kind}" takes no provider`);
  if (kind === 'lexical' && model !== undefined) problems.push('moderation: the kind "lexical" takes no model');
}

/** A plan as the core reads it. `version` tells a charge's price later on. */
export function toPlan(config: PlanConfig, version: number): Plan {
  return {
    id: config.id,
    name: config.name,
    api: config.api,
    dailyRequests: config.dailyRequests,
    ...(config.callsAtOnce === undefined ? {} : { callsAtOnce: config.callsAtOnce }),
    maxInputChars: config.maxInputChars,
    maxInputDialects: config.maxInputDialects,
    version,
    aliases: Object.entries(config.aliases),
    prices: config.prices.map(({ requests, microRub, ...scope }) => ({
      scope,
      price:
        microRub === undefined
          ? { unit: 'requests', perCall: requests ?? 0 }
          : { unit: 'microRub', ...microRub, cachedInputPerMTok: microRub.cachedInputPerMTok ?? microRub.inputPerMTok },
    })),
    limits: config.limits.map(({ name, perModel, perMinute, perDay, ...scope }) => ({
      name,
      scope,
      perModel,
      perMinute,
      perDay,
    })),
  };
}

/** Secrets that the program makes for itself at its first start and keeps, readable by its owner alone. */
export type Secrets = { readonly masterSecret: string; readonly adminToken: string };

export function loadSecrets(config: Config): Secrets {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
  return {
    masterSecret: config.environment['TOLMACH_SECRET'] || keepSecret(join(config.dataDir, 'secret')),
    adminToken: config.environment['TOLMACH_ADMIN_TOKEN'] || keepSecret(join(config.dataDir, 'admin-token')),
  };
}

function keepSecret(path: string): string {
  if (existsSync(path)) {
    const kept = readFileSync(path, 'utf8').trim();
    if (kept.length < 32)
      throw new ConfigError([`${path} is too short to be a secret; delete it to have a new one made`]);
    chmodSync(path, 0o600);
    return kept;
  }
  const made = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url');
  writeFileSync(path, `${made}\n`, { mode: 0o600, flag: 'wx' });
  return made;
}
