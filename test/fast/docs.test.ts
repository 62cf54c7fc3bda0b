// The reference pages are those that the code would make, and the lists that they are made of are whole.
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { generatePages } from '../../scripts/generate-docs.ts';
import { ENVIRONMENT_VARIABLES } from '../../src/config-environment.ts';
import { VENDORS } from '../../src/providers/vendors.ts';
import sdks from '../clients/sdks.json';

const ROOT = join(import.meta.dir, '..', '..');
const pages = await generatePages();

for (const [path, text] of pages) {
  test(`${path} is in step with the code; if not, run "npm run docs"`, async () => {
    expect(await Bun.file(join(ROOT, path)).text()).toBe(text);
  });
}

test('every variable of the environment that the code reads is documented, and no other', async () => {
  const read = new Set<string>();
  for (const path of ['src/config.ts', ...new Bun.Glob('src/cli/*.ts').scanSync(ROOT)]) {
    const code = await Bun.file(join(ROOT, path)).text();
    for (const match of code.matchAll(/nvironment\[['"](\w+)['"]\]|process\.env\.(\w+)/g))
      read.add((match[1] ?? match[2]) as string);
  }
  expect([...read].sort()).toEqual(ENVIRONMENT_VARIABLES.map((variable) => variable.name).sort());
});

test('every vendor is in the reference', () => {
  const config = pages.get('docs/reference/config.md') ?? '';
  for (const vendor of VENDORS) expect(config).toContain(`| ${vendor.name} |`);
});

test('every program for official SDKs is run with some version of them, and no other is named', () => {
  const programs = [...new Bun.Glob('*').scanSync(join(ROOT, 'test', 'clients', 'sdks'))].sort();
  expect([...new Set(sdks.flatMap((set) => set.programs))].sort()).toEqual(programs);
  const pinned = /^@?[\w/-]+(@|==)\d+\.\d+\.\d+$/;
  expect(sdks.flatMap((set) => set.packages).filter((name) => !pinned.test(name))).toEqual([]);
});
