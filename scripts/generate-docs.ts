// Makes the pages of docs/reference from the code they describe: `npm run docs` writes them, and a fast test fails
// when a committed page differs, so that code and reference cannot drift apart.
import { join } from 'node:path';
import { z } from 'zod';
import type { Command } from '../src/cli/command.ts';
import { COMMANDS } from '../src/cli/commands.ts';
import { ENVIRONMENT_VARIABLES } from '../src/config-environment.ts';
import { fileSchema } from '../src/config-schema.ts';
import { ERRORS } from '../src/core/errors.ts';
import { baseUrlEnv } from '../src/pipeline/model-book.ts';
import { PROVIDERS } from '../src/providers/index.ts';
import { VENDORS } from '../src/providers/vendors.ts';
import { clientRows } from './client-versions.ts';
import { withFaultSection } from './fault-section.ts';
import type { Matrix } from './provider-matrix.ts';
import { cellMatrices, providerMatrices } from './provider-matrix.ts';

const ROOT = join(import.meta.dir, '..');
const BILLING_POLICY = 'docs/billing-policy.md';
const NOTE = '<!-- Made by `npm run docs` from the code. Do not edit. -->';

/** The part of JSON Schema that the configuration's schema uses. */
type JsonSchema = {
  readonly type?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
};

type Row = readonly string[];

/** Every page that is generated, or has a part that is: its path from the project's folder, and its text. */
export async function generatePages(): Promise<Map<string, string>> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  return new Map([
    ['docs/reference/errors.md', errorsPage()],
    ['docs/reference/config.md', configPage()],
    ['docs/reference/cli.md', cliPage(commands)],
    ['docs/reference/providers.md', providersPage()],
    ['docs/reference/clients.md', clientsPage()],
    [BILLING_POLICY, withFaultSection(await Bun.file(join(ROOT, BILLING_POLICY)).text())],
  ]);
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([code, row]) => [
    `\`${code}\``,
    String(row.status),
    row.retryable ? 'yes' : 'no',
    `\`${row.type}\``,
    row.message,
    row.messageRu,
  ]);
  return page('Errors', [
    `Every error that a caller can get. Program against \`code\`, which stays; texts may change. A dialect whose documents
are in Russian shows the Russian text. «Retry» says whether the very same request may succeed later.`,
    `In the OpenAI dialect an error is \`{"error":{"message","type","param","code"}}\` with the status below. A few
errors take another status where the provider's own says more: \`upstream_rejected\` passes on 404, 409, 413 and 422.
\`Retry-After\` tells the seconds to wait wherever they are known. Where a retry cannot help although the status
suggests one, \`x-should-retry: false\` stops the official SDKs from trying.`,
    `After a stream has begun its status cannot change, so the error comes as the last event, the connection closes, and
no \`[DONE]\` or \`message_stop\` follows. 499 is seen in logs and usage only. What is charged in each case is in the
[billing policy](../billing-policy.md).`,
    table(['Code', 'Status', 'Retry', 'Type', 'Message', 'Russian message'], rows),
  ]);
}

function configPage(): string {
  const schema = z.toJSONSchema(fileSchema, { io: 'input' }) as JsonSchema;
  return page('Configuration', [
    `Everything has a default: \`npm start\` needs no configuration. Variables of the environment set what differs from
machine to machine; a YAML or JSON file named by \`CONFIG\` sets the rest. Every problem is reported at once, unknown
keys among them, and then nothing starts. Changes take effect at the next start.`,
    '## Environment',
    table(
      ['Variable', 'Default', 'Meaning'],
      ENVIRONMENT_VARIABLES.map(({ name, fallback, about }) => [`\`${name}\``, fallback, about]),
    ),
    '## Providers by environment',
    `A provider is switched on by its key, or by its address where it needs no key. A running Ollama is found by itself.
While no provider is on, the built-in \`demo\` answers in the place of every built-in model and says so. A parameter
that a vendor would ignore is refused by name rather than dropped.`,
    table(['Provider', 'Switched on by', 'Address variable', 'Default address', 'Refused parameters'], vendorRows()),
    `Some kinds of providers need to know more. The variables are read for a vendor that the environment switched on
and for providers of the file that name it as their \`vendor\`; the file's own \`options\` go before them.`,
    table(['Kind', 'Option', 'Variable', 'Default', 'Meaning'], optionRows()),
    '## File',
    `In any text of the file \`\${NAME}\` stands for a variable of the environment, and \`\${NAME:-default}\` for one that
may be absent. Plans and models of the file replace built-in ones of the same id or name.`,
    table(['Key', 'Type', 'Default', 'Meaning'], keyRows(schema, '')),
  ]);
}

function providersPage(): string {
  const { openai, anthropic, embeddings, pictures } = providerMatrices();
  const { rich, plain } = cellMatrices();
  const told = ({ head, rows }: Matrix) => table(head, rows);
  return page('Providers', [
    `What becomes of a call at each kind of provider. «yes» is asked for in the vendor's own words; what may be left out
without making the answer a lie, such as a wish for some thinking, counts as well. «refused» is a 400
\`unsupported_parameter\` that names the field, because the vendor would ignore it and the answer would be a lie. A
model with several targets tries the next one then. A vendor of the kind \`openai-compatible\` may refuse more, by its row
in [config.md](config.md); here it is OpenAI itself.`,
    '## Chats',
    `Each cell is driven by \`test/contract/cells.test.ts\`: a client's request over a socket, a vendor's answer over another,
and back in the client's own shape, charged once by the vendor's count. «failures» are a vendor's 400, 401, 402, 404, 429 and
500, and answers and streams that break off: each comes in the client's own shape and by its code, nothing is charged but
what was delivered, and what is about our key or account is never told as the customer's. Pictures go to GigaChat's models
\`-Pro\` and \`-Max\` alone; the demonstration looks at none, and says that it is one.`,
    ...rich.flatMap((one) => [`### ${one.title}`, told(one)]),
    '### Clients that ask for no tools',
    told(plain),
    '## What else a chat may be asked for',
    'Here and below each cell is made by translating an example. By clients of OpenAI:',
    told(openai),
    'By clients of Anthropic:',
    told(anthropic),
    '## Vectors',
    `Clients of OpenAI and of Google ask for them in their own words. Gemini takes a hundred texts in a request and Yandex one:
a call with more becomes several requests.`,
    told(embeddings),
    '## Pictures',
    `By Stability's engines of SDXL; its newer models draw one picture at a time.`,
    told(pictures),
  ]);
}

function clientsPage(): string {
  return page('Clients', [
    `Versions of official SDKs that \`npm run test:clients\` runs against a gateway, so that they are known to work with a
changed address and key. Each calls every endpoint of its API that the gateway claims. Those in the last column also talk
to models of other families: texts, counts, tools in loops, JSON by a schema, pictures, thinking and refusals, whole and
streamed.`,
    table(['Language', 'Package', 'Versions', 'Across families'], clientRows()),
    `Nothing is stored between calls, and clients of OpenAI's Responses API have to be told so where they would refer to
earlier items: the AI SDK by \`providerOptions: { openai: { store: false } }\`, LangChain for JavaScript by
\`zdrEnabled: true\`. Or let them use chat completions: \`openai.chat('…')\` in the AI SDK.`,
  ]);
}

function vendorRows(): Row[] {
  return VENDORS.map((vendor) => [
    vendor.name,
    vendor.keyEnv === null
      ? `\`${baseUrlEnv(vendor)}\`${vendor.isProbed === true ? ', or found by itself' : ''}`
      : `\`${vendor.keyEnv}\``,
    `\`${baseUrlEnv(vendor)}\``,
    `\`${vendor.baseUrl}\``,
    vendor.quirks.unsupported.map((name) => `\`${name}\``).join(', '),
  ]);
}

function optionRows(): Row[] {
  return PROVIDERS.flatMap((provider) =>
    (provider.kind === 'remote' ? (provider.options ?? []) : []).map(({ name, env, fallback, about }) => [
      provider.name,
      `\`${name}\``,
      env === undefined ? '' : `\`${env}\``,
      fallback === undefined ? 'required' : `\`${fallback}\``,
      about,
    ]),
  );
}

/** One row for each key, in the order of the schema, with the rows of an object's own keys below it. */
function keyRows(schema: JsonSchema, path: string): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const full = path + key;
    if (value.description === undefined) throw new Error(`config-schema.ts: ${full} has no description`);
    const inner = value.type === 'array' ? keyRows(value.items ?? {}, `${full}[].`) : keyRows(value, `${full}.`);
    const isRequired = schema.required?.includes(key) === true;
    return [[`\`${full}\``, typeOf(value), defaultOf(value, isRequired), value.description], ...inner];
  });
}

function typeOf(schema: JsonSchema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(' or ');
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}s`;
  if (schema.type === 'string') return schema.format === 'uri' ? 'address' : 'text';
  if (schema.type === 'integer' || schema.type === 'number') return numberType(schema);
  return schema.type === 'boolean' ? 'true or false' : (schema.type ?? 'anything');
}

function numberType(schema: JsonSchema): string {
  const word = schema.type === 'integer' ? 'integer' : 'number';
  if (schema.exclusiveMinimum !== undefined) return `${word} above ${schema.exclusiveMinimum}`;
  // Bounds that only say «a safe integer» are no news to a reader.
  const low = (schema.minimum ?? -Infinity) > Number.MIN_SAFE_INTEGER ? schema.minimum : undefined;
  const high = (schema.maximum ?? Infinity) < Number.MAX_SAFE_INTEGER ? schema.maximum : undefined;
  if (low !== undefined && high !== undefined) return `${word} from ${low} to ${high}`;
  return low === undefined ? word : `${word} from ${low}`;
}

function defaultOf(schema: JsonSchema, isRequired: boolean): string {
  if (isRequired) return 'required';
  // An object whose own keys all have defaults has none to tell.
  if (schema.default === undefined || (schema.type === 'object' && schema.properties !== undefined)) return '';
  return `\`${JSON.stringify(schema.default)}\``;
}

function cliPage(commands: readonly Command[]): string {
  return page('Command line', [
    `\`npx tolmach <command>\` in the project's folder. Every command but \`start\` is a client of a running server's
admin API: it finds the server by \`HOST\` and \`PORT\`, or \`TOLMACH_URL\`, and takes the token from
\`TOLMACH_ADMIN_TOKEN\` or from \`DATA_DIR/admin-token\`. See [the environment](config.md#environment).`,
    `\`--json\` prints one JSON object instead of text, \`--help\` tells what a command takes, \`tolmach --version\` prints
the version. The exit status is 0, or 1 where something failed; the reason is on standard error.`,
    ...commands.flatMap(commandSection),
  ]);
}

function commandSection(command: Command): string[] {
  const rows = Object.entries(command.options).map(([flag, option]) => [
    `\`--${flag} ${option.value}\``,
    option.isRequired === true ? 'yes' : '',
    option.about,
  ]);
  const words = (command.words ?? []).map((word) => ` ${word}`).join('');
  return [
    `## ${command.name}`,
    words === '' ? command.about : `${command.about} Usage: \`tolmach ${command.name}${words}\``,
    ...(rows.length === 0 ? [] : [table(['Option', 'Required', 'Meaning'], rows)]),
  ];
}

function page(title: string, blocks: readonly string[]): string {
  return `${[`# ${title}`, NOTE, ...blocks].join('\n\n')}\n`;
}

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

if (import.meta.main) {
  for (const [path, text] of await generatePages()) await Bun.write(join(ROOT, path), text);
}
