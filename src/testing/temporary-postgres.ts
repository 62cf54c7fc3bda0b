// A PostgreSQL server of its own for tests: made in a temporary folder, reached through a free port of the loopback
// address, and gone at the end. It uses the installed programs and touches no other server.

import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { SQL } from 'bun';

const VERSION_MIN = 15;
const DEBIAN = '/usr/lib/postgresql';

export class TemporaryPostgres {
  readonly #folder: string;
  readonly #programs: string;
  readonly #port: number;
  readonly #onExit = () => this.#control('stop', '-m', 'immediate');
  #databases = 0;

  private constructor(folder: string, programs: string, port: number) {
    this.#folder = folder;
    this.#programs = programs;
    this.#port = port;
  }

  /** Answers `undefined` where no PostgreSQL of a supported version is installed. */
  static start(): TemporaryPostgres | undefined {
    const programs = findPrograms();
    if (programs === undefined) return undefined;
    const folder = mkdtempSync(join(tmpdir(), 'tolmach-postgres-'));
    if (isRoot()) chownSync(folder, ownerId('-u'), ownerId('-g'));
    const server = new TemporaryPostgres(folder, programs, freePort());
    run(join(programs, 'initdb'), '-D', server.#data, '-U', 'tolmach', '-A', 'trust', '-E', 'UTF8', '--no-sync');
    server.#control('start', ...server.#settings);
    process.on('exit', server.#onExit);
    return server;
  }

  /** Makes an empty database and answers its address. */
  async createDatabase(): Promise<string> {
    const name = `test_${++this.#databases}`;
    await this.run('postgres', `CREATE DATABASE ${name}`);
    return this.#url(name);
  }

  async dropDatabase(url: string): Promise<void> {
    await this.run('postgres', `DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
  }

  /** Runs one statement beside the program under test. */
  async run(database: string, statement: string): Promise<Record<string, unknown>[]> {
    const sql = new SQL(database.includes(':') ? database : this.#url(database), { max: 1 });
    try {
      return await sql.unsafe(statement);
    } finally {
      await sql.close({ timeout: 0 });
    }
  }

  /** `fast` ends all sessions in order; `immediate` is a crash that the next start recovers from. */
  stopServer(mode: 'fast' | 'immediate'): void {
    this.#control('stop', '-m', mode);
  }

  startServer(): void {
    this.#control('start', ...this.#settings);
  }

  remove(): void {
    process.off('exit', this.#onExit);
    this.#control('stop', '-m', 'immediate');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  /** Tests end processes, not machines, so nothing needs to reach the disk. */
  get #settings(): string[] {
    const options = `-k ${this.#folder} -p ${this.#port} -c listen_addresses=127.0.0.1 -c fsync=off -c autovacuum=off`;
    return ['-l', join(this.#folder, 'log'), '-o', options];
  }

  #url(database: string): string {
    return `postgres://tolmach@127.0.0.1:${this.#port}/${database}`;
  }

  #control(...parameters: string[]): void {
    run(join(this.#programs, 'pg_ctl'), '-D', this.#data, '-w', '-s', ...parameters);
  }
}

/** The folder of the newest server programs: on the path, or where Debian keeps them. */
function findPrograms(): string | undefined {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env['PATH'] ?? '').split(delimiter),
    ...debian.map((version) => join(DEBIAN, version, 'bin')),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && versionOf(folder) >= VERSION_MIN);
}

function versionOf(folder: string): number {
  const { stdout } = spawnSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' });
  return Number(/(\d+)(?:\.\d+)?/.exec(stdout)?.[1] ?? 0);
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** PostgreSQL refuses to run as root, so root lends it the user `postgres`. */
function run(program: string, ...parameters: string[]): void {
  const [command, all] = isRoot()
    ? ['runuser', ['-u', 'postgres', '--', program, ...parameters]]
    : [program, parameters];
  // The server must not inherit a pipe, or else waiting for the pipe's end would wait for the server.
  const { status } = spawnSync(command as string, all as string[], { cwd: tmpdir(), stdio: 'ignore' });
  if (status !== 0) throw new Error(`${program} ${parameters.join(' ')} ended with ${status}`);
}

function ownerId(flag: '-u' | '-g'): number {
  return Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
}

function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
