// The versions of official SDKs that the suites run, from the very list by which the suites choose them.
import sets from '../test/clients/sdks.json';

const LANGUAGES: Readonly<Record<string, string>> = { npm: 'JavaScript', PyPI: 'Python' };

/** Packages that the programs need beside the SDKs. */
const COMPANIONS: readonly string[] = ['zod', '@langchain/core', 'langchain-core'];

/** The programs of a package are named after what these find in its name, the first that does. */
const FAMILIES = [/langchain/, /^ai\b|ai-sdk\//, /anthropic/, /genai/, /cohere/, /openai/];
const PROGRAMS = ['langchain', 'ai', 'anthropic', 'genai', 'cohere', 'openai'];

type ClientRow = {
  readonly language: string;
  readonly name: string;
  readonly versions: string[];
  readonly talking: string[];
};

/** One row for each package: its language, its name, its versions, and those of them that talk; newest first. */
export function clientRows(): string[][] {
  const rows = new Map<string, ClientRow>();
  for (const { registry, packages, programs } of sets)
    for (const one of packages) {
      const [, name = '', version = ''] = /^(.+?)(?:==|@)([^@=]+)$/.exec(one) ?? [];
      if (COMPANIONS.includes(name)) continue;
      const key = `${registry} ${name}`;
      const row = rows.get(key) ?? { language: LANGUAGES[registry] ?? registry, name, versions: [], talking: [] };
      row.versions.push(version);
      const family = PROGRAMS[FAMILIES.findIndex((pattern) => pattern.test(name))];
      if (programs.some((program) => program.startsWith(`talk-${family}.`))) row.talking.push(version);
      rows.set(key, row);
    }
  const ordered = [...rows.values()].sort(
    (a, b) => a.language.localeCompare(b.language) || a.name.localeCompare(b.name),
  );
  return ordered.map(({ language, name, versions, talking }) => [
    language,
    `\`${name}\``,
    newestFirst(versions),
    newestFirst(talking),
  ]);
}

function newestFirst(versions: readonly string[]): string {
  return [...versions].sort((a, b) => b.localeCompare(a, 'en', { numeric: true })).join(', ');
}
