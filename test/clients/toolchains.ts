// What this machine has of the languages that the documents speak. Client libraries are fetched on first use; programs
// of the system are only looked for, and scripts/install-client-toolchains.sh installs them.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const INSTALL = join(import.meta.dir, '..', '..', 'scripts', 'install-client-toolchains.sh');
const FOLDER =
  process.env['CLIENT_TOOLCHAINS'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tolmach-clients');

/** Official SDKs beside those that the documents name, each set of them in a folder of its own. */
export const SDK_FOLDER = join(FOLDER, 'sdks');

/** Debian's package of Newtonsoft.Json puts it here, outside the folders that Mono searches. */
export const NEWTONSOFT_FOLDER = '/usr/lib/cli/Newtonsoft.Json-5.0';
const HEADERS = '#include <curl/curl.h>\n#include <nlohmann/json.hpp>\n';

export type Language = 'curl' | 'python' | 'axios' | 'browser' | 'php' | 'c++' | 'java' | 'c#';

export type Toolchain =
  | { readonly state: 'found'; readonly program: string; readonly folder: string; readonly version: string }
  | { readonly state: 'missing'; readonly what: string };

const missing = (what: string): Toolchain => ({ state: 'missing', what });
const found = (program: string, version: string, folder = FOLDER): Toolchain => ({
  state: 'found',
  program,
  folder,
  version,
});

/** Fetches the libraries that are absent, which may take a minute, and looks for the rest. */
export function findToolchains(): Readonly<Record<Language, Toolchain>> {
  install('python', 'axios', 'java');
  return {
    curl: findProgram(['curl'], ['--version'], /^curl ([\d.]+)/),
    python: findPython(),
    axios: findNodePackage('axios'),
    browser: findProgram(['chromium', 'chromium-browser', 'google-chrome'], ['--version'], /([\d.]+)/),
    php: findProgram(['php'], ['--version'], /^PHP ([\d.]+)/),
    'c++': findCompiler(),
    java: findJava(),
    'c#': findMono(),
  };
}

/** Fetches the official SDKs that are absent. */
export function installSdks(): void {
  install('sdks');
}

function install(...parts: readonly string[]): void {
  Bun.spawnSync([INSTALL, ...parts], { stdout: 'ignore', stderr: 'inherit', timeout: 300_000 });
}

/** Clients of vendors, for the fakes of these. */
export function findVendorClients(): Readonly<Record<'python' | 'stability' | 'node', Toolchain>> {
  install('vendors');
  return {
    python: findPythonWith('vendors', ['gigachat', 'fusionbrain-sdk-python', 'webuiapi', 'comfy-toolkit', 'openai']),
    // It needs older versions of what the others need too.
    stability: findPythonWith('vendors-stability', ['stabilityai']),
    node: findNodePackage('@google/genai'),
  };
}

function findPythonWith(folder: string, packages: readonly string[]): Toolchain {
  const python = join(FOLDER, folder, 'bin', 'python');
  const code = `from importlib.metadata import version as v; print(", ".join(f"{n} {v(n)}" for n in ${JSON.stringify(packages)}))`;
  const versions = existsSync(python) ? outputOf([python, '-c', code])?.trim() : undefined;
  return versions ? found(python, versions) : missing(`Python with ${packages.join(', ')}`);
}

function findProgram(names: readonly string[], args: readonly string[], pattern: RegExp): Toolchain {
  const program = names.map((name) => Bun.which(name)).find((path) => path !== null);
  const version = program && outputOf([program, ...args])?.match(pattern)?.[1];
  return program && version ? found(program, version) : missing(names[0] ?? '');
}

function findPython(): Toolchain {
  const program = join(FOLDER, 'python', 'bin', 'python');
  const code =
    "from importlib.metadata import version as v; print(f\"requests {v('requests')}, openai {v('openai')}\")";
  const versions = existsSync(program) ? outputOf([program, '-c', code])?.trim() : undefined;
  return versions ? found(program, versions) : missing('Python with requests and openai');
}

function findNodePackage(name: string): Toolchain {
  const node = Bun.which('node');
  const about = join(FOLDER, 'node_modules', name, 'package.json');
  if (node === null || !existsSync(about)) return missing(`Node.js with ${name}`);
  const { version } = JSON.parse(readFileSync(about, 'utf8')) as { version: string };
  return found(node, version, join(FOLDER, 'node_modules'));
}

function findCompiler(): Toolchain {
  const compiler = findProgram(['g++'], ['-dumpfullversion'], /^([\d.]+)/);
  if (compiler.state === 'missing') return compiler;
  const check = Bun.spawnSync([compiler.program, '-x', 'c++', '-E', '-'], {
    stdin: Buffer.from(HEADERS),
    stdout: 'ignore',
    stderr: 'ignore',
  });
  return check.success ? compiler : missing('the headers of libcurl and nlohmann/json');
}

/** Its `folder` is the class path. */
function findJava(): Toolchain {
  const java = Bun.which('javac') === null ? null : Bun.which('java');
  const [classPath, version] = ['classpath', 'version'].map((name) => join(FOLDER, 'java', name)) as [string, string];
  if (java === null || !existsSync(classPath) || !existsSync(version)) return missing('a JDK with openai-java');
  const jars = readFileSync(classPath, 'utf8').trim();
  if (!jars.split(':').every((jar) => existsSync(jar))) return missing('the jars of openai-java');
  return found(java, `openai-java ${readFileSync(version, 'utf8').trim()}`, jars);
}

function findMono(): Toolchain {
  const compiler = findProgram(['mcs'], ['--version'], /version ([\d.]+)/);
  if (compiler.state === 'missing' || Bun.which('mono') === null) return missing('Mono with mcs');
  return existsSync(join(NEWTONSOFT_FOLDER, 'Newtonsoft.Json.dll')) ? compiler : missing('Newtonsoft.Json');
}

function outputOf(command: readonly string[]): string | undefined {
  const run = Bun.spawnSync([...command], { stdout: 'pipe', stderr: 'ignore' });
  return run.success ? run.stdout.toString() : undefined;
}
