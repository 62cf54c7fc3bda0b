// Properties of the code that reviews should not have to look for. Where older code breaks a size rule it stands in a
// ratchet with its present size: it may shrink, it may not grow, and an entry that is no longer needed fails as well.
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import packageJson from '../../package.json';
import { CRASH_POINTS } from '../../src/crash-point.ts';
import { DIALECTS } from '../../src/dialects/index.ts';
import { PROVIDERS } from '../../src/providers/index.ts';

const ROOT = join(import.meta.dir, '..', '..');

/** Who may import whom. A folder always may import itself; the shell may import everything below it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  wire: ['core'],
  dialects: ['core', 'wire'],
  providers: ['core', 'wire'],
  presets: ['core'],
  config: ['core', 'presets'],
  crash: [],
  pipeline: ['core', 'wire', 'dialects', 'providers', 'presets', 'crash'],
  store: ['core', 'crash'],
  upstream: ['core', 'wire', 'providers', 'pipeline', 'crash'],
  engines: ['pipeline', 'providers', 'config'],
  telemetry: ['core', 'pipeline'],
  files: ['core', 'crash'],
  tasks: ['core', 'pipeline', 'crash'],
  http: ['core', 'wire', 'dialects', 'providers', 'pipeline', 'store', 'telemetry', 'files', 'config'],
  cli: ['core', 'store', 'pipeline', 'config', 'main'],
  main: [
    'core',
    'pipeline',
    'presets',
    'http',
    'store',
    'telemetry',
    'upstream',
    'engines',
    'files',
    'tasks',
    'config',
    'crash',
  ],
  // What tests run against; no other folder may import it.
  testing: [
    'core',
    'config',
    'main',
    'store',
    'http',
    'pipeline',
    'dialects',
    'providers',
    'tasks',
    'files',
    'upstream',
  ],
};

/** Imports of types alone, which vanish when the program runs: how the inside names what the shell gives it. */
const MAY_IMPORT_TYPES: Readonly<Record<string, readonly string[]>> = {
  pipeline: ['config', 'store', 'upstream', 'files'],
  files: ['config'],
  tasks: ['store'],
  store: ['config'],
  telemetry: ['config'],
};

const FILE_LINES_MAX = 300;
const FILE_RATCHET: Readonly<Record<string, number>> = {
  // The catalogue is one row for each error.
  'src/core/errors.ts': 371,
};

const FUNCTION_LINES_MAX = 70;
const FUNCTION_RATCHET: Readonly<Record<string, number>> = {
  // A list of metrics, one after another.
  'src/telemetry/metrics.ts makeMetrics': 81,
};

/** What may be named only in some places. Tests and scripts are not bound by it. */
const NAMED_ONLY_IN: readonly { readonly what: string; readonly pattern: RegExp; readonly where: RegExp }[] = [
  { what: 'the console', pattern: /\bconsole\./, where: /^$/ },
  {
    what: 'outbound requests',
    pattern: /(?<!async )\bfetch\(/,
    where: /^src\/(testing\/|cli\/admin-client\.ts)/,
  },
  {
    what: 'outbound connections',
    pattern: /\bBun\.connect\b|['"]node:(net|tls|https?)['"]/,
    where: /^src\/(upstream|testing)\//,
  },
  {
    what: 'SQL',
    pattern: /bun:sqlite|\bBun\.SQL\b|\bSELECT .* FROM\b|\bINSERT INTO\b/,
    where: /^src\/(store|testing)\//,
  },
  {
    what: 'the runtime',
    pattern: /\bBun\.\w/,
    where: /^src\/((http|upstream|store|files|cli|telemetry|testing)\/|main\.ts|config\.ts)/,
  },
  {
    what: 'the environment',
    pattern: /\b(process|Bun|import\.meta)\.env\b/,
    where: /^src\/(cli\/|testing\/|config\.ts|crash-point\.ts)/,
  },
  {
    what: 'the clock and chance',
    pattern: /\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b|\bnew Date\(\)/,
    where: /^src\/(main\.ts|testing\/)/,
  },
];

type Source = { readonly path: string; readonly code: string; readonly lines: readonly string[] };
const sources = read('src/**/*.ts');
const tests = read('test/**/*.ts');
const scripts = [...read('scripts/**/*.ts'), ...read('bench/**/*.ts')];
const pages = [...read('*.md'), ...read('docs/**/*.md')];

function read(glob: string): Source[] {
  return [...new Bun.Glob(glob).scanSync(ROOT)].sort().map((path) => {
    const code = readFileSync(join(ROOT, path), 'utf8');
    return { path, code, lines: code.replace(/\n$/, '').split('\n') };
  });
}

/** `src/core/png.ts` belongs to `core`; the files of `src` itself to `config` or `main`. */
function folderOf(path: string): string {
  const [, first = '', second] = path.split('/');
  return second === undefined ? (first.replace(/\.ts$/, '').split('-')[0] ?? '') : first;
}

describe('imports', () => {
  test('point one way: core, wire, dialects and providers, pipeline, shell', () => {
    const wrong: string[] = [];
    for (const { path, code } of sources) {
      const from = folderOf(path);
      for (const [statement, target] of importsOf(code)) {
        if (!target.startsWith('.')) continue;
        const to = folderOf(join(dirname(path), target));
        const isTypeOnly = /^(import|export) type\b/.test(statement);
        const allowed = [from, ...(MAY_IMPORT[from] ?? []), ...(isTypeOnly ? (MAY_IMPORT_TYPES[from] ?? []) : [])];
        const isOutside = !join(dirname(path), target).startsWith('src/');
        if (isOutside ? from !== 'cli' || !target.endsWith('package.json') : !allowed.includes(to))
          wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('of one extension never name another', () => {
    const wrong: string[] = [];
    for (const kind of ['dialects', 'providers']) {
      const shared = ['dialect.ts', 'provider.ts', 'vendors.ts'];
      for (const { path, code } of sources) {
        if (!path.startsWith(`src/${kind}/`) || path.endsWith('/index.ts')) continue;
        for (const [, target] of importsOf(code))
          if (target.startsWith('./') && !shared.includes(basename(target))) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('know every folder of src', () => {
    const folders = new Set(sources.map((source) => folderOf(source.path)));
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });
});

function importsOf(code: string): (readonly [statement: string, target: string])[] {
  const found = [
    ...code.matchAll(/^(?:import|export)\b[^;]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm),
  ];
  return found.map((match) => [match[0], (match[1] ?? match[2] ?? match[3]) as string]);
}

describe('effects', () => {
  for (const { what, pattern, where } of NAMED_ONLY_IN) {
    test(`${what}: named only where it belongs`, () => {
      const wrong = sources.flatMap(({ path, lines }) =>
        where.test(path)
          ? []
          : lines.flatMap((line, i) =>
              pattern.test(withoutComment(line)) ? [`${path}:${i + 1}: ${line.trim()}`] : [],
            ),
      );
      expect(wrong).toEqual([]);
    });
  }
});

/** Comments may speak of anything. */
function withoutComment(line: string): string {
  return /^\s*(\/\/|\/?\*)/.test(line) ? '' : line.replace(/\s\/\/ .*$/, '');
}

describe('sizes', () => {
  test(`files have at most ${FILE_LINES_MAX} lines, or no more than their ratchet`, () => {
    const sizes = new Map(sources.map(({ path, lines }) => [path, lines.length]));
    expect(overRatchet(sizes, FILE_LINES_MAX, FILE_RATCHET)).toEqual([]);
  });

  test(`functions have at most ${FUNCTION_LINES_MAX} lines, or no more than their ratchet`, () => {
    const sizes = new Map(sources.flatMap(({ path, lines }) => functionsOf(path, lines)));
    expect(overRatchet(sizes, FUNCTION_LINES_MAX, FUNCTION_RATCHET)).toEqual([]);
  });

  test('the measure of functions sees the functions', () => {
    const path = 'src/pipeline/serve-call.ts';
    const found = new Map(functionsOf(path, sources.find((source) => source.path === path)?.lines ?? []));
    expect([...found.keys()]).toContain(`${path} serveCall`);
    expect([...found.keys()]).toContain(`${path} sendStream`);
    expect(found.get(`${path} sendStream`)).toBeGreaterThan(15);
  });
});

function overRatchet(
  sizes: ReadonlyMap<string, number>,
  max: number,
  ratchet: Readonly<Record<string, number>>,
): string[] {
  const grown = [...sizes].filter(([name, size]) => size > (ratchet[name] ?? max));
  const needless = Object.keys(ratchet).filter((name) => (sizes.get(name) ?? 0) <= max);
  return [
    ...grown.map(([name, size]) => `${name}: ${size} lines`),
    ...needless.map((name) => `${name}: take it off the ratchet`),
  ];
}

/**
 * Functions and their lengths, found by the formatter's indentation: what opens with `{` at one depth ends with the
 * next `}` at that depth. A signature over several lines counts from its last one.
 */
function functionsOf(path: string, lines: readonly string[]): [string, number][] {
  const found: [string, number][] = [];
  for (const [i, line] of lines.entries()) {
    const match =
      /^(\s*)(?:.*\bfunction\b\*? *(\w*).*|\)(?:: .*)? (?:=> )?|.*=> |(?:[\w#*]+ )*([#\w]+)\(.*\)(?:: .*)? )\{$/.exec(
        line,
      );
    if (match === null || /^\s*(?:\} )?(?:if|else|for|while|switch|catch|do|try)\b/.test(line)) continue;
    const [, indent = '', named, method] = match;
    const end = lines.findIndex((later, at) => at > i && later.startsWith(`${indent}}`));
    if (end < 0) continue;
    found.push([`${path} ${named || method || signatureName(lines, i, indent)}`, end - i + 1]);
  }
  return found;
}

/** The name in the first line of a signature whose last line is `end`. */
function signatureName(lines: readonly string[], end: number, indent: string): string {
  for (let i = end; i >= 0; i--) {
    const name = new RegExp(`^${indent}(?=\\S)(?!\\)).*?([#\\w]+)(?:<.*>)?\\(`).exec(lines[i] ?? '')?.[1];
    if (name !== undefined) return name;
  }
  return `line ${end + 1}`;
}

describe('names and comments', () => {
  test('files are named in kebab-case', () => {
    const wrong = [...sources, ...tests, ...scripts].filter(
      ({ path }) => !/^([a-z0-9]+(-[a-z0-9]+)*)(\.(test|type|d))?\.ts$/.test(basename(path)),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test('no file or folder is a drawer for everything', () => {
    const drawers = /^(utils?|helpers?|commons?|libs?|managers?|misc)$/;
    const wrong = [...sources, ...tests, ...scripts].filter(({ path }) =>
      path.split(/[/.-]/).some((word) => drawers.test(word)),
    );
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test('every file opens with a comment that says what it is for', () => {
    const wrong = [...sources, ...tests, ...scripts].filter(({ lines }) => !/^(#!|\/\/ |\/\*\*)/.test(lines[0] ?? ''));
    expect(wrong.map((source) => source.path)).toEqual([]);
  });

  test('what is left to do has the number of an issue', () => {
    const marks = /\b(TO[D]O|FIX[M]E|X[X]X)\b(?!\(#\d+\))/;
    const wrong = [...sources, ...tests, ...scripts, ...pages].flatMap(({ path, lines }) =>
      lines.flatMap((line, i) => (marks.test(line) ? [`${path}:${i + 1}`] : [])),
    );
    expect(wrong).toEqual([]);
  });
});

describe('lists', () => {
  const kinds = [
    { folder: 'dialects', members: DIALECTS, shape: ': Dialect = ' },
    { folder: 'providers', members: PROVIDERS, shape: 'Provider = ' },
  ] as const;
  for (const { folder, members, shape } of kinds) {
    test(`every member of src/${folder} is in its index.ts`, async () => {
      const missing: string[] = [];
      for (const { path, lines } of sources.filter((source) => source.path.startsWith(`src/${folder}/`))) {
        const names = lines.flatMap(
          (line) => new RegExp(`^export const (\\w+): \\w*${shape.replace(': ', '')}`).exec(line)?.[1] ?? [],
        );
        const module = (await import(join(ROOT, path))) as Record<string, (typeof members)[number]>;
        for (const name of names)
          if (!members.some((member) => member === module[name])) missing.push(`${path}: ${name}`);
      }
      expect(missing).toEqual([]);
      expect(new Set(members.map((member) => member.name)).size).toBe(members.length);
    });
  }
});

test('every crash point is passed at exactly one place, and every place is in the list', () => {
  const passed = sources.flatMap(({ code }) =>
    [...code.matchAll(/\bcrashPoint\('([^']+)'\)/g)].map((match) => match[1]),
  );
  const listed = new Set([...CRASH_POINTS.sqlite, ...CRASH_POINTS.postgres]);
  expect(passed.sort()).toEqual([...listed].sort());
});

describe('dependencies', () => {
  const { dependencies, devDependencies } = packageJson;

  test('are pinned exactly', () => {
    const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  test('of the running program each have a line in docs/dependencies.md, and no other has', () => {
    const page = pages.find((found) => found.path === 'docs/dependencies.md')?.code ?? '';
    const table = page.split('## Runtime')[1]?.split('\n## ')[0] ?? '';
    const listed = [...table.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? '');
    expect(listed.sort()).toEqual(Object.keys(dependencies).sort());
  });
});

describe('documents', () => {
  test('have links that lead somewhere', () => {
    const dead: string[] = [];
    for (const { path, code } of pages) {
      for (const match of withoutFences(code).matchAll(/\]\((?!https?:|mailto:)([^)\s#]*)(#[^)\s]+)?\)/g)) {
        const [, file = '', anchor] = match;
        const target = file === '' ? path : join(dirname(path), file);
        if (!existsSync(join(ROOT, target))) dead.push(`${path}: ${match[0]}`);
        else if (anchor !== undefined && !anchorsOf(target).includes(anchor.slice(1)))
          dead.push(`${path}: ${match[0]}`);
      }
    }
    expect(dead).toEqual([]);
  });

  test('name files of the project that exist', () => {
    const dead = pages.flatMap(({ path, code }) =>
      [...withoutFences(code).matchAll(/`((?:src|test|docs|scripts|bin)\/[\w./-]+\.\w+)`/g)]
        .filter((match) => !existsSync(join(ROOT, match[1] as string)))
        .map((match) => `${path}: ${match[1]}`),
    );
    expect(dead).toEqual([]);
  });
});

function withoutFences(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '');
}

/** The anchors that a page's headings get on the common hosts. */
function anchorsOf(path: string): string[] {
  const text = withoutFences(readFileSync(join(ROOT, path), 'utf8'));
  return [...text.matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );
}
